//! From a value in a comment back to the exchange and the bytes that it came from.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use super::finding::{Found, Wanted};
use super::plain::{one_line, plain};
use super::{EvidenceError, Recording};
use crate::alignment;
use crate::gate::SubtaskId;
use crate::journal::{Answer, Exchange, Record};

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// The path that was asked for.
    pub path: String,
    /// The value there.
    pub value: Value,
    /// The fact that holds it.
    pub fact: String,
    /// The subtask that published the fact.
    pub by: SubtaskId,
    /// The exchange that holds it, or else the last one before it was concluded; none when it was
    /// concluded from other facts.
    pub exchange: Option<Explained>,
}

/// An exchange, and where the value stands in its answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explained {
    /// Its number within the subtask.
    pub n: u32,
    /// Numbers of its records in the journal: request and answer.
    pub records: Vec<u64>,
    /// The request.
    pub effect: Value,
    /// The answer, long texts included; none when there was none.
    pub answer: Option<Value>,
    /// Where the value's own text stands in the answer; nowhere, when it was only concluded.
    pub found: Vec<Found>,
}

/// Why a value cannot be explained.
#[derive(Debug, thiserror::Error)]
pub enum ExplainError {
    /// No fact holds it.
    #[error("the run has no fact `{path}`{}", near(.nearest))]
    NoFact {
        /// What was asked for.
        path: String,
        /// Names of facts that look like it.
        nearest: Vec<String>,
    },
    /// The recording cannot be read.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    /// Two subtasks published it.
    #[error(transparent)]
    Twice(#[from] crate::gate::AlreadyPublished),
}

fn near(names: &[String]) -> String {
    if names.is_empty() {
        return String::new();
    }
    format!("; there is `{}`", names.join("`, `"))
}

/// Explains the value at a dotted path, such as `canary.runs[2].outcome`.
///
/// # Errors
/// When no fact holds it, or the recording is damaged.
pub fn explain(recording: &Recording, path: &str) -> Result<Explanation, ExplainError> {
    let facts = recording.folded.facts()?;
    let (Some((fact, _)), Some(value)) = (facts.containing(path), facts.value(path)) else {
        return Err(ExplainError::NoFact {
            path: path.to_owned(),
            nearest: nearest(facts.iter().map(|fact| fact.name.as_str()), path),
        });
    };
    let exchange = match fact.source.exchange {
        Some(n) if n > 0 => exchange(recording, &fact.source.by, n, &Wanted::new(path, value))?,
        _ => None,
    };
    Ok(Explanation {
        path: path.to_owned(),
        value: value.clone(),
        fact: fact.name.clone(),
        by: fact.source.by.clone(),
        exchange,
    })
}

fn nearest<'a>(names: impl Iterator<Item = &'a str>, path: &str) -> Vec<String> {
    let first = path.split(['.', '[']).next().unwrap_or(path);
    let mut names: Vec<(bool, f32, &str)> = names
        .map(|name| {
            let ratio = alignment::likeness(path, name);
            (name.starts_with(first), ratio, name)
        })
        .filter(|(same, ratio, _)| *same || *ratio > 0.6)
        .collect();
    names.sort_by(|a, b| {
        (b.0, b.1)
            .partial_cmp(&(a.0, a.1))
            .unwrap_or(std::cmp::Ordering::Equal)
    });
    names
        .into_iter()
        .take(3)
        .map(|(.., name)| name.to_owned())
        .collect()
}

/// The exchange that holds a value. A fact that puts several answers together points to the last of
/// them; then it is the last one before that holds the value under its own name, or else under any.
/// Without one it is the exchange that the fact points to, in which nothing was found.
fn exchange(
    recording: &Recording,
    by: &SubtaskId,
    n: u32,
    wanted: &Wanted<'_>,
) -> Result<Option<Explained>, EvidenceError> {
    let Some(course) = recording.folded.course(by) else {
        return Ok(None);
    };
    let (mut pointed_to, mut anywhere) = (None, None);
    for (n, recorded) in course.exchanges.range(..=n).rev() {
        let explained = explained(recording, by, *n, recorded, wanted)?;
        match explained.found.first() {
            Some(found) if found.named => return Ok(Some(explained)),
            Some(_) => drop(anywhere.get_or_insert(explained)),
            None => drop(pointed_to.get_or_insert(explained)),
        }
    }
    Ok(anywhere.or(pointed_to))
}

fn explained(
    recording: &Recording,
    by: &SubtaskId,
    n: u32,
    recorded: &Exchange,
    wanted: &Wanted<'_>,
) -> Result<Explained, EvidenceError> {
    let effect = recording.read(&recorded.effect)?;
    let mut found = Vec::new();
    let answer = match &recorded.answer {
        None => None,
        Some(Answer::Err(error)) => Some(Value::from(error.to_string())),
        Some(Answer::Ok(response)) => {
            let response = recording.read(response)?;
            found = wanted.places(&response);
            Some(response)
        }
    };
    Ok(Explained {
        n,
        records: records(recording, by, n),
        effect,
        answer,
        found,
    })
}

/// Numbers of the exchange's records; the last ones, should an earlier process have had it too.
fn records(recording: &Recording, by: &SubtaskId, n: u32) -> Vec<u64> {
    let (mut request, mut answer) = (None, None);
    for line in &recording.folded.lines {
        match &line.record {
            Record::Intent {
                by: who, n: number, ..
            } if who == by && *number == n => {
                (request, answer) = (Some(line.seq), None);
            }
            Record::Result {
                by: who, n: number, ..
            } if who == by && *number == n => {
                answer = Some(line.seq);
            }
            _ => {}
        }
    }
    request.into_iter().chain(answer).collect()
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (fact, by) = (one_line(&self.fact), one_line(self.by.as_str()));
        writeln!(
            f,
            "{} = {}",
            one_line(&self.path),
            plain(&self.value.to_string())
        )?;
        writeln!(f, "  fact `{fact}`, published by {by}")?;
        match &self.exchange {
            Some(exchange) => told(exchange, &by, f),
            None => write!(f, "  concluded by {by} from other facts"),
        }
    }
}

fn told(exchange: &Explained, by: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let n = exchange.n;
    let records: Vec<String> = exchange.records.iter().map(u64::to_string).collect();
    writeln!(f, "  exchange {n}, records {}", records.join(" and "))?;
    writeln!(f, "  asked: {}", short(&exchange.effect))?;
    match &exchange.answer {
        Some(answer) => writeln!(f, "  answered: {}", short(answer))?,
        None => writeln!(f, "  not answered")?,
    }
    let Some(first) = exchange.found.first() else {
        return write!(
            f,
            "  no answer holds this value: {by} concluded it when it had made exchange {n}"
        );
    };
    if !first.named {
        writeln!(
            f,
            "  no answer holds this value under its own name; the same text stands in this one, \
             perhaps by chance"
        )?;
    }
    let place = |found: &Found| {
        let (pointer, around) = (one_line(&found.pointer), one_line(&found.around));
        format!("  at {pointer} byte {}: {around}", found.offset)
    };
    let places: Vec<String> = exchange.found.iter().map(place).collect();
    f.write_str(&places.join("\n"))
}

fn short(value: &Value) -> String {
    const LENGTH: usize = 400;
    let text = one_line(&value.to_string());
    match text.char_indices().nth(LENGTH) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
