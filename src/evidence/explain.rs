//! Traces a value in a comment to the request and response, and the bytes, that it came from.
//!
//! A verb records where the parts of its facts were read. If it does not, the value's own text is
//! searched for; if several responses contain it, its origin is unknown, and all of them are
//! reported.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use super::finding::{Found, Wanted};
use super::located::locate;
use super::{EvidenceError, Recording};
use crate::journal::{Answer, Exchange, Record};
use crate::model::escape::{one_line, visible};
use crate::model::{Fact, Facts, ReadFrom, SubtaskId, alignment};

/// More facts than this are not followed: a fact is read from earlier ones only.
const MOST_STEPS: usize = 64;

/// The origin of a value.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// The requested path.
    pub path: String,
    /// The value there.
    pub value: Value,
    /// The fact that contains it.
    pub fact: String,
    /// The subtask that published the fact.
    pub by: SubtaskId,
    /// How its origin is known.
    pub basis: Basis,
    /// The request and response that contain it, or from which it was derived; or else the last one
    /// before it was concluded.
    pub exchange: Option<Explained>,
    /// Numbers of the requests whose responses contain the same text, if it is not known which one
    /// is the origin.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub candidates: Vec<u32>,
    /// Names of the facts that the verb read before it concluded the value.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub facts: Vec<String>,
    /// The other fact that it was taken from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Box<Explanation>>,
}

/// How the origin of a value is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    /// The verb recorded that it read the value there.
    Read,
    /// The verb derived it from what it read there, which has a different text.
    Derived,
    /// The verb took it from another fact.
    Fact,
    /// The verb recorded no origin; exactly one response contains the text.
    Matched,
    /// The verb recorded no origin; several responses contain the text.
    Ambiguous,
    /// The verb concluded it: no response contains it.
    Concluded,
}

/// A request and its response, and where the value is in the response.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explained {
    /// Its number within the subtask.
    pub n: u32,
    /// Numbers of its records in the journal: request and response.
    pub records: Vec<u64>,
    /// The request.
    pub effect: Value,
    /// The response, with long texts; none if there was none.
    pub answer: Option<Value>,
    /// Where the value's own text is in the response; empty if the value was concluded.
    pub found: Vec<Found>,
}

/// Why a value cannot be explained.
#[derive(Debug, thiserror::Error)]
pub enum ExplainError {
    /// No fact contains it.
    #[error("the run has no fact `{path}`{}", near(.nearest))]
    NoFact {
        /// The requested path.
        path: String,
        /// Names of facts that look like it.
        nearest: Vec<String>,
    },
    /// The recording cannot be read.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    /// Two subtasks published it.
    #[error(transparent)]
    Twice(#[from] crate::model::AlreadyPublished),
}

fn near(names: &[String]) -> String {
    if names.is_empty() {
        return String::new();
    }
    format!("; there is `{}`", names.join("`, `"))
}

/// Explains the value at a dotted path, such as `canary.runs.runs[2].outcome`.
///
/// # Errors
/// If no fact contains it, or the recording is damaged.
pub fn explain(recording: &Recording, path: &str) -> Result<Explanation, ExplainError> {
    let facts = recording.folded.facts()?;
    match explained_in(recording, &facts, path, MOST_STEPS)? {
        Some(explanation) => Ok(explanation),
        None => Err(ExplainError::NoFact {
            path: path.to_owned(),
            nearest: nearest(facts.iter().map(|fact| fact.name.as_str()), path),
        }),
    }
}

fn explained_in(
    recording: &Recording,
    facts: &Facts,
    path: &str,
    steps: usize,
) -> Result<Option<Explanation>, EvidenceError> {
    let (Some((fact, rest)), Some(value)) = (facts.containing(path), facts.value(path)) else {
        return Ok(None);
    };
    let mut explanation = Explanation {
        path: path.to_owned(),
        value: value.clone(),
        fact: fact.name.clone(),
        by: fact.source.by.clone(),
        basis: Basis::Concluded,
        exchange: None,
        candidates: Vec::new(),
        facts: fact.source.facts.clone(),
        from: None,
    };
    match origin(fact, rest) {
        Some((ReadFrom::Fact(other), below)) if steps > 0 => {
            let path = format!("{other}{below}");
            let from = explained_in(recording, facts, &path, steps - 1)?;
            if let Some(from) = from.filter(|from| from.value == *value) {
                explanation.basis = Basis::Fact;
                explanation.from = Some(Box::new(from));
            }
        }
        Some((
            ReadFrom::Answer {
                request,
                at,
                inside,
            },
            below,
        )) => {
            let found = |answer: &Value| locate(answer, at, inside, below, value);
            explanation.exchange = exchange(recording, &fact.source.by, *request, |answer| {
                found(answer).into_iter().collect()
            })?;
            let read = explanation.exchange.as_ref();
            let found = read.is_some_and(|one| !one.found.is_empty());
            explanation.basis = if found { Basis::Read } else { Basis::Derived };
        }
        _ => match_text(recording, fact, &mut explanation)?,
    }
    Ok(Some(explanation))
}

/// The origin that a verb recorded for the smallest part of its fact that contains this path, and
/// the rest of the path below that part.
fn origin<'f, 'p>(fact: &'f Fact, rest: &'p str) -> Option<(&'f ReadFrom, &'p str)> {
    let rest = rest.strip_prefix('.').unwrap_or(rest);
    let below = |part: &str| {
        let below = rest.strip_prefix(part)?;
        (part.is_empty() || below.is_empty() || below.starts_with(['.', '['])).then_some(below)
    };
    let origins = fact.source.origins.iter();
    let fitting = origins.filter_map(|one| Some((one, below(&one.part)?)));
    let (one, below) = fitting.max_by_key(|(one, _)| one.part.len())?;
    Some((&one.from, below))
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

/// Searches for the value's own text in the responses that preceded its publication: under its own
/// name, or else anywhere. Only if exactly one response contains it, that one is reported as the
/// origin.
fn match_text(
    recording: &Recording,
    fact: &Fact,
    explanation: &mut Explanation,
) -> Result<(), EvidenceError> {
    let (by, n) = (&fact.source.by, fact.source.exchange.unwrap_or(0));
    let Some(course) = recording.folded.course(by).filter(|_| n > 0) else {
        return Ok(());
    };
    let wanted = Wanted::new(&explanation.path, &explanation.value);
    let (mut named, mut anywhere) = (Vec::new(), Vec::new());
    for n in course.exchanges.range(..=n).map(|(n, _)| *n) {
        let one = exchange(recording, by, n, |answer| wanted.places(answer))?;
        match one.as_ref().and_then(|one| one.found.first()) {
            Some(found) if found.named => named.extend(one),
            Some(_) => anywhere.extend(one),
            None => {}
        }
    }
    let mut holding = if named.is_empty() { anywhere } else { named };
    if holding.len() > 1 {
        explanation.basis = Basis::Ambiguous;
        explanation.candidates = holding.iter().map(|one| one.n).collect();
        return Ok(());
    }
    if let Some(only) = holding.pop() {
        explanation.basis = Basis::Matched;
        explanation.exchange = Some(only);
    } else {
        explanation.exchange = exchange(recording, by, n, |_| Vec::new())?;
    }
    Ok(())
}

/// A request of the execution that counts, with the matches in its response.
fn exchange(
    recording: &Recording,
    by: &SubtaskId,
    n: u32,
    find: impl FnOnce(&Value) -> Vec<Found>,
) -> Result<Option<Explained>, EvidenceError> {
    let course = recording.folded.course(by);
    let Some(recorded) = course.and_then(|course| course.exchanges.get(&n)) else {
        return Ok(None);
    };
    explained(recording, by, n, recorded, find).map(Some)
}

fn explained(
    recording: &Recording,
    by: &SubtaskId,
    n: u32,
    recorded: &Exchange,
    find: impl FnOnce(&Value) -> Vec<Found>,
) -> Result<Explained, EvidenceError> {
    let effect = recording.read(&recorded.effect)?;
    let mut found = Vec::new();
    let answer = match &recorded.answer {
        None => None,
        Some(Answer::Err(error)) => Some(Value::from(error.to_string())),
        Some(Answer::Ok(response)) => {
            let response = recording.read(response)?;
            found = find(&response);
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

/// Numbers of the request's and response's records; the last ones if an earlier process also had
/// it.
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
            visible(&self.value.to_string())
        )?;
        write!(f, "  fact `{fact}`, published by {by}")?;
        if let Some(from) = &self.from {
            return write!(f, "\n  taken from another fact:\n{from}");
        }
        if let Some(exchange) = &self.exchange {
            told(exchange, self.basis, &by, f)?;
        }
        if self.basis == Basis::Ambiguous {
            let requests: Vec<String> = self.candidates.iter().map(u32::to_string).collect();
            write!(
                f,
                "\n  its text stands in the answers to requests {}; {by} does not say from which of \
                 them it is",
                requests.join(", ")
            )?;
        }
        let concluded = matches!(self.basis, Basis::Concluded | Basis::Ambiguous);
        match (concluded, self.facts.as_slice(), &self.exchange) {
            (true, [], None) if self.basis == Basis::Concluded => {
                write!(f, "\n  concluded by {by} from other facts")
            }
            (true, facts @ [_, ..], _) => {
                let names: Vec<String> = facts.iter().map(|name| one_line(name)).collect();
                write!(f, "\n  {by} had read the facts `{}`", names.join("`, `"))
            }
            _ => Ok(()),
        }
    }
}

fn told(exchange: &Explained, basis: Basis, by: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let n = exchange.n;
    let records: Vec<String> = exchange.records.iter().map(u64::to_string).collect();
    write!(f, "\n  request {n}, records {}", records.join(" and "))?;
    write!(f, "\n  asked: {}", short(&exchange.effect))?;
    match &exchange.answer {
        Some(answer) => write!(f, "\n  answered: {}", short(answer))?,
        None => write!(f, "\n  not answered")?,
    }
    let Some(first) = exchange.found.first() else {
        return match basis {
            Basis::Derived => write!(
                f,
                "\n  {by} made it from this answer, in which it is written otherwise"
            ),
            _ => write!(
                f,
                "\n  no answer holds this value: {by} concluded it when it had made request {n}"
            ),
        };
    };
    if !first.named {
        write!(
            f,
            "\n  no answer holds this value under its own name; the same text stands in this one, \
             perhaps by chance"
        )?;
    }
    for found in &exchange.found {
        let inside = match found.inside.as_str() {
            "" => String::new(),
            inside => format!(" in {}", one_line(inside)),
        };
        write!(
            f,
            "\n  at {}{inside} bytes {}–{}: {}",
            one_line(&found.pointer),
            found.offset,
            found.offset + found.length,
            one_line(&found.around)
        )?;
    }
    Ok(())
}

fn short(value: &Value) -> String {
    const LENGTH: usize = 400;
    let text = one_line(&value.to_string());
    match text.char_indices().nth(LENGTH) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
