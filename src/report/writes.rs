//! What a run wrote externally, from its journal: comments, closings, re-openings, ended processes.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::journal::{Answer, Exchange, Folded};
use crate::model::SubtaskId;

/// A write, described for reports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// The subtask.
    pub by: SubtaskId,
    /// What was written, such as `comment on owner/repo#41`.
    pub what: String,
    /// The address in the response.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Its result.
    pub fate: Fate,
}

/// All writes of a run, described, in plan order.
#[must_use]
pub fn written(folded: &Folded) -> Vec<Written> {
    let told = |wrote: Wrote| Written {
        what: format!("{} {}", wrote.verb, wrote.issue)
            .trim_end()
            .to_owned(),
        by: wrote.by,
        url: wrote.url,
        fate: wrote.fate,
    };
    writes(folded).into_iter().map(told).collect()
}

/// One write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wrote {
    /// The subtask.
    pub(super) by: SubtaskId,
    /// Number of the request.
    pub(super) n: u32,
    /// `comment on`, `close`, `re-open`, or what else.
    pub(super) verb: String,
    /// The issue, `owner/repo#N`; empty for other writes.
    pub(super) issue: String,
    /// The address that was answered, as it was.
    pub(super) url: Option<String>,
    /// The text that was sent.
    pub(super) body: Option<String>,
    /// The result.
    pub(super) fate: Fate,
}

/// The result of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// It was done.
    Done,
    /// It is not known whether it was done.
    Open,
    /// It was refused, or was not necessary any more.
    Refused,
}

impl Fate {
    /// A description.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Open => "whether it was done is open",
            Self::Refused => "not done",
        }
    }
}

/// All writes of a run, in plan order; of each subtask all of its courses, for what an earlier
/// process wrote is written.
pub(super) fn writes(folded: &Folded) -> Vec<Wrote> {
    let mut found = Vec::new();
    for id in &folded.header.plan {
        let courses = folded.courses().filter(|(one, _)| *one == id);
        for course in courses.flat_map(|(_, courses)| courses) {
            let outside = course
                .exchanges
                .values()
                .filter(|one| one.touches_outside());
            found.extend(outside.map(|exchange| wrote(id, exchange)));
        }
    }
    found
}

fn wrote(by: &SubtaskId, exchange: &Exchange) -> Wrote {
    let effect = exchange.effect.shown();
    let argv = effect.get("argv").and_then(Value::as_array);
    let words: Vec<&str> = argv
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let (verb, issue) = match words.as_slice() {
        ["gh", "issue", verb, number, "--repo", slug, ..] => {
            (named(verb), format!("{slug}#{number}"))
        }
        [] => {
            let targets = effect.get("targets").and_then(Value::as_array);
            let name = effect.pointer("/rule/name").and_then(Value::as_str);
            let (count, name) = (targets.map_or(0, Vec::len), name.unwrap_or("processes"));
            (format!("end {count} of `{name}`"), String::new())
        }
        words => (words.join(" "), String::new()),
    };
    Wrote {
        by: by.clone(),
        n: exchange.n,
        verb,
        issue,
        url: url(exchange),
        body: effect
            .get("stdin")
            .and_then(Value::as_str)
            .map(str::to_owned),
        fate: fate(exchange.answer.as_ref()),
    }
}

fn named(verb: &str) -> String {
    match verb {
        "comment" => "comment on",
        "reopen" => "re-open",
        other => other,
    }
    .to_owned()
}

fn url(exchange: &Exchange) -> Option<String> {
    let Some(Answer::Ok(said)) = &exchange.answer else {
        return None;
    };
    let out = said.shown();
    let out = out.pointer("/value/stdout/text")?.as_str()?.trim();
    (out.starts_with("https://") && !out.contains(char::is_whitespace)).then(|| out.to_owned())
}

fn fate(answer: Option<&Answer>) -> Fate {
    let Some(Answer::Ok(said)) = answer else {
        // A request without a response, or an interrupted one, may have been carried out.
        return if answer.is_some() {
            Fate::Refused
        } else {
            Fate::Open
        };
    };
    let response = said.shown();
    match response.pointer("/value/ended") {
        None => Fate::Done,
        Some(ended) if ended.get("code").and_then(Value::as_i64) == Some(0) => Fate::Done,
        Some(_) => Fate::Open,
    }
}
