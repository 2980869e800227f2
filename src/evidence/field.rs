//! The origin of a report's field that is not a fact: the records it is derived from.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use super::Recording;
use crate::journal::{Line, Record};
use crate::model::EventKind;
use crate::model::escape::{one_line, visible};

/// The origin of a report's field.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Field {
    /// Its path in the report's JSON.
    pub path: String,
    /// The value there.
    pub value: Value,
    /// A description of what it is derived from.
    pub given_by: String,
    /// Numbers of the records it is derived from.
    pub records: Vec<u64>,
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.value.to_string();
        let value = visible(&value);
        writeln!(f, "{} = {value}", one_line(&self.path))?;
        let records: Vec<String> = self.records.iter().map(u64::to_string).collect();
        write!(
            f,
            "  given by {}: records {}",
            self.given_by,
            records.join(", ")
        )
    }
}

/// What a path in a report points to.
#[derive(Debug, Clone, PartialEq)]
pub enum InReport {
    /// A fact, or a part of it: its own path.
    Fact(String),
    /// Another field.
    Field(Box<Field>),
}

/// Resolves a path such as `work_packages[0].subtasks[2].result.note` in a report's JSON; none if
/// it does not exist.
#[must_use]
pub fn in_report(recording: &Recording, report: &Value, path: &str) -> Option<InReport> {
    let value = at(report, path)?;
    if let Some(rest) = path.strip_prefix("facts[") {
        let (index, below) = rest.split_once("].value")?;
        let name = report["facts"][index.parse::<usize>().ok()?]["name"].as_str()?;
        return Some(InReport::Fact(format!("{name}{below}")));
    }
    let subtask = path.find(".result").or_else(|| path.find(".took"));
    let id = subtask.and_then(|end| at(report, &path[..end])?["id"].as_str());
    let (given_by, records) = match id {
        Some(id) => {
            let ended = records(
                recording,
                |kind| matches!(kind, EventKind::SubtaskEnded { subtask, .. } if subtask.as_str() == id),
            );
            // A subtask that was run again has ended again.
            (
                format!("the end of {id}"),
                ended.last().copied().into_iter().collect(),
            )
        }
        None => general(recording, path),
    };
    Some(InReport::Field(Box::new(Field {
        path: path.to_owned(),
        value: value.clone(),
        given_by,
        records,
    })))
}

fn general(recording: &Recording, path: &str) -> (String, Vec<u64>) {
    let concluded = [
        "verdict",
        "subject.verdict",
        "subject.outcomes",
        "subject.complete",
    ];
    if concluded.iter().any(|one| path.starts_with(one)) {
        let ended = |kind: &EventKind| matches!(kind, EventKind::SubtaskEnded { .. });
        return (
            "how every subtask ended".to_owned(),
            records(recording, ended),
        );
    }
    if path.starts_with("subject.candidate") {
        let found = records(recording, |kind| {
            let EventKind::FactPublished(fact) = kind else {
                return false;
            };
            fact.value.get("tag").is_some() || fact.value.get("lock_sha256").is_some()
        });
        return ("the facts on the candidate".to_owned(), found);
    }
    let opening = |line: &&Line| matches!(line.record, Record::Header(_) | Record::Resumed(_));
    let lines = recording.folded.lines.iter().filter(opening);
    (
        "what the run began with, and its gate file".to_owned(),
        lines.map(|line| line.seq).collect(),
    )
}

fn records(recording: &Recording, wanted: impl Fn(&EventKind) -> bool) -> Vec<u64> {
    let lines = recording.folded.lines.iter();
    let wanted = lines.filter(|line| match &line.record {
        Record::Event(event) => wanted(&event.kind),
        _ => false,
    });
    wanted.map(|line| line.seq).collect()
}

/// The value at a path such as `a.b[2].c`.
fn at<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    let parts = path.split(['.', '[', ']']).filter(|part| !part.is_empty());
    parts
        .into_iter()
        .try_fold(value, |value, part| match value {
            Value::Array(items) => items.get(part.parse::<usize>().ok()?),
            other => other.get(part),
        })
}
