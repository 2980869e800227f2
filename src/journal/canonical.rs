//! A second, canonical chain over the same records, in the plan's order.
//!
//! Parallel subtasks end in any order, and so do their records. The canonical journal sorts them
//! into an order that depends only on the plan and on each subtask: for each process of the run
//! (epoch) its header or resumption, then subtask by subtask in the plan's order: start, requests
//! and responses by number, facts in the order published, end; then the interruption, the
//! commitment to the bundle's files, and the seal. The counter of arrivals (`done`) is recomputed.
//! Records are numbered and chained again, in the same format, so that the same reader and the same
//! `sha256sum` check it.
//!
//! The two chains are linked: the seal in the machine's journal carries the head of the canonical
//! chain before it. So in a canonical journal each seal's `digest` is its own `prev`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::{JournalError, Line, NO_PREVIOUS, Record, encode};
use crate::model::{Event, EventKind, SubtaskId};

/// A canonical journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Canonical {
    /// Its lines, each with its line end.
    pub text: String,
    /// `sum` of its last line.
    pub head: String,
}

/// Sorts checked lines into canonical order and chains them again.
///
/// # Errors
/// If a record cannot be written as JSON.
pub fn canonical(lines: &[Line]) -> Result<Canonical, JournalError> {
    let plan = plan_index(lines);
    let mut chain = Canonical {
        text: String::new(),
        head: NO_PREVIOUS.to_owned(),
    };
    let mut seq = 0;
    for epoch in epochs(lines) {
        for record in ordered(epoch, &plan) {
            let (line, sum) =
                encode(seq, &chain.head, &record).map_err(JournalError::json("a record"))?;
            chain.text.push_str(&line);
            chain.text.push('\n');
            chain.head = sum;
            seq += 1;
        }
    }
    Ok(chain)
}

fn plan_index(lines: &[Line]) -> BTreeMap<&SubtaskId, usize> {
    match lines.first().map(|line| &line.record) {
        Some(Record::Header(header)) => header.plan.iter().zip(0..).collect(),
        _ => BTreeMap::new(),
    }
}

/// The records of each process, its header or resumption first.
fn epochs(lines: &[Line]) -> Vec<&[Line]> {
    let opens = |line: &Line| matches!(line.record, Record::Header(_) | Record::Resumed(_));
    let mut starts: Vec<usize> = (0..lines.len()).filter(|at| opens(&lines[*at])).collect();
    starts.push(lines.len());
    starts
        .windows(2)
        .map(|pair| &lines[pair[0]..pair[1]])
        .collect()
}

/// The position of a record within its epoch. Compared field by field.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Position {
    part: Part,
    /// Index in the plan; a subtask that is not in the plan comes last, by id.
    subtask: (usize, Option<SubtaskId>),
    course: usize,
    step: Step,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Opening,
    Subtasks,
    Interrupted,
    Commitment,
    Seal,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Started,
    Exchange { n: u32, answer: bool },
    Fact,
    Ended,
}

fn ordered<'a>(epoch: &'a [Line], plan: &BTreeMap<&SubtaskId, usize>) -> Vec<Cow<'a, Record>> {
    let mut courses = BTreeMap::new();
    let mut placed: Vec<(Position, Cow<'a, Record>)> = epoch
        .iter()
        .map(|line| {
            let position = position(&line.record, plan, &mut courses);
            (position, Cow::Borrowed(&line.record))
        })
        .collect();
    // Stable: facts of one subtask keep the order in which it published them.
    placed.sort_by(|a, b| a.0.cmp(&b.0));
    let mut records: Vec<_> = placed.into_iter().map(|(_, record)| record).collect();
    count_anew(&mut records);
    records
}

fn position(
    record: &Record,
    plan: &BTreeMap<&SubtaskId, usize>,
    courses: &mut BTreeMap<SubtaskId, usize>,
) -> Position {
    let at = |part| Position {
        part,
        subtask: (0, None),
        course: 0,
        step: Step::Started,
    };
    let (by, step) = match record {
        Record::Header(_) | Record::Resumed(_) => return at(Part::Opening),
        Record::Committed(_) => return at(Part::Commitment),
        Record::Sealed(_) => return at(Part::Seal),
        Record::Intent { by, n, .. } => (
            by,
            Step::Exchange {
                n: *n,
                answer: false,
            },
        ),
        Record::Result { by, n, .. } => (
            by,
            Step::Exchange {
                n: *n,
                answer: true,
            },
        ),
        Record::Event(event) => match &event.kind {
            EventKind::SubtaskStarted { subtask } => (subtask, Step::Started),
            EventKind::FactPublished(fact) => (&fact.source.by, Step::Fact),
            EventKind::SubtaskEnded { subtask, .. } => (subtask, Step::Ended),
            _ => return at(Part::Interrupted),
        },
    };
    let course = courses.entry(by.clone()).or_default();
    if step == Step::Started {
        *course += 1;
    }
    let index = plan.get(by).copied();
    Position {
        part: Part::Subtasks,
        subtask: (
            index.unwrap_or(usize::MAX),
            index.is_none().then(|| by.clone()),
        ),
        course: *course,
        step,
    }
}

/// Counts ended subtasks in canonical order instead of the order of their ends.
fn count_anew(records: &mut [Cow<'_, Record>]) {
    let mut count = 0;
    for record in records {
        let ended = |event: &Event| matches!(event.kind, EventKind::SubtaskEnded { .. });
        if !matches!(&**record, Record::Event(event) if ended(event)) {
            continue;
        }
        if let Record::Event(event) = record.to_mut()
            && let EventKind::SubtaskEnded { done, .. } = &mut event.kind
        {
            count += 1;
            *done = count;
        }
    }
}
