//! From a value in a comment back to the exchange and the bytes that it came from.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

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
    /// The exchange; none when it was concluded from other facts.
    pub exchange: Option<Explained>,
}

/// The exchange that a value came from.
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
    /// Where the value's own text stands in the answer.
    pub found: Vec<Found>,
}

/// A place in an answer where the value's text stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Found {
    /// JSON pointer into the answer.
    pub pointer: String,
    /// Bytes from the beginning of that text.
    pub offset: usize,
    /// The text around it.
    pub around: String,
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
        Some(n) if n > 0 => exchange(recording, &fact.source.by, n, value)?,
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

/// The exchange that a value came from. A fact that puts several answers together points to the
/// last of them; then it is the last one before in which the value's text stands, if any.
fn exchange(
    recording: &Recording,
    by: &SubtaskId,
    n: u32,
    value: &Value,
) -> Result<Option<Explained>, EvidenceError> {
    let Some(course) = recording.folded.course(by) else {
        return Ok(None);
    };
    let mut pointed_to = None;
    for (n, recorded) in course.exchanges.range(..=n).rev() {
        let explained = explained(recording, by, *n, recorded, value)?;
        if !explained.found.is_empty() {
            return Ok(Some(explained));
        }
        pointed_to.get_or_insert(explained);
    }
    Ok(pointed_to)
}

fn explained(
    recording: &Recording,
    by: &SubtaskId,
    n: u32,
    recorded: &Exchange,
    value: &Value,
) -> Result<Explained, EvidenceError> {
    let effect = recording.read(&recorded.effect)?;
    let mut found = Vec::new();
    let answer = match &recorded.answer {
        None => None,
        Some(Answer::Err(error)) => Some(Value::from(error.to_string())),
        Some(Answer::Ok(response)) => {
            let response = recording.read(response)?;
            find(&response, &text_of(value), "", &mut found);
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

/// How a value is written where it came from.
fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn find(within: &Value, wanted: &str, pointer: &str, found: &mut Vec<Found>) {
    const MOST: usize = 5;
    if found.len() >= MOST || wanted.is_empty() {
        return;
    }
    match within {
        Value::String(text) => found.extend(text.find(wanted).map(|offset| Found {
            pointer: pointer.to_owned(),
            offset,
            around: around(text, offset, wanted.len()),
        })),
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                find(item, wanted, &format!("{pointer}/{at}"), found);
            }
        }
        Value::Object(table) => {
            for (name, item) in table {
                find(item, wanted, &format!("{pointer}/{name}"), found);
            }
        }
        Value::Number(number) if number.to_string() == wanted => found.push(Found {
            pointer: pointer.to_owned(),
            offset: 0,
            around: wanted.to_owned(),
        }),
        _ => {}
    }
}

/// The line's part around a finding, with the finding in brackets.
fn around(text: &str, offset: usize, length: usize) -> String {
    const REACH: usize = 40;
    let (before, rest) = text.split_at(offset);
    let (value, after) = rest.split_at(length);
    let before = before.rsplit('\n').next().unwrap_or(before);
    let after = after.split('\n').next().unwrap_or(after);
    let skip = before.chars().count().saturating_sub(REACH);
    let before: String = before.chars().skip(skip).collect();
    let after: String = after.chars().take(REACH).collect();
    format!("{before}[{value}]{after}")
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} = {}", self.path, self.value)?;
        writeln!(f, "  fact `{}`, published by {}", self.fact, self.by)?;
        let Some(exchange) = &self.exchange else {
            return write!(f, "  concluded by {} from other facts", self.by);
        };
        let records: Vec<String> = exchange.records.iter().map(u64::to_string).collect();
        writeln!(
            f,
            "  exchange {}, records {}",
            exchange.n,
            records.join(" and ")
        )?;
        writeln!(f, "  asked: {}", short(&exchange.effect))?;
        match &exchange.answer {
            Some(answer) => write!(f, "  answered: {}", short(answer))?,
            None => write!(f, "  not answered")?,
        }
        for found in &exchange.found {
            write!(
                f,
                "\n  at {} byte {}: {}",
                found.pointer, found.offset, found.around
            )?;
        }
        Ok(())
    }
}

fn short(value: &Value) -> String {
    const LENGTH: usize = 400;
    let text = value.to_string();
    match text.char_indices().nth(LENGTH) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
