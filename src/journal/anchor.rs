//! The journal's head at one moment, over the subtasks that had ended by then. It is posted
//! externally, so that nobody can rewrite the record of the run afterwards.
//!
//! Other subtasks may be running at that moment, and their records arrive in any order. Therefore
//! the head is that of the canonical chain over the records of all subtasks that had ended. The
//! journal records which these were, so that the head can be recomputed from a bundle.

use std::collections::BTreeMap;

use super::fold::conclusions;
use super::{JournalError, Line, Record, canonical};
use crate::model::{EventKind, SubtaskId};
use crate::world::Anchor;

/// The head over all subtasks that have ended by the last of these lines.
///
/// # Errors
/// If a record contradicts an earlier one.
pub(super) fn anchor(lines: &[Line]) -> Result<Anchor, JournalError> {
    let folded = conclusions(lines)?;
    let ended = folded.courses().filter_map(|(id, courses)| {
        let last = courses.last().filter(|last| last.ended.is_some())?;
        Some((id.clone(), last.epoch))
    });
    let covers = ended.collect();
    let head = head_over(lines, &covers)?;
    Ok(Anchor { head, covers })
}

/// The head of the canonical chain over the records of these subtasks, each up to the given
/// process.
///
/// # Errors
/// If a record cannot be written as JSON.
pub fn head_over(
    lines: &[Line],
    covers: &BTreeMap<SubtaskId, u32>,
) -> Result<String, JournalError> {
    let most = covers.values().max().copied().unwrap_or(1);
    let mut epoch = 0;
    let covered = lines.iter().filter(|line| match &line.record {
        Record::Header(_) | Record::Resumed(_) => {
            epoch += 1;
            epoch <= most
        }
        record => by(record).is_some_and(|id| covers.get(id).is_some_and(|last| epoch <= *last)),
    });
    let covered: Vec<Line> = covered.cloned().collect();
    Ok(canonical(&covered)?.head)
}

/// The subtask that a record is about; none if it is about the run.
fn by(record: &Record) -> Option<&SubtaskId> {
    match record {
        Record::Intent { by, .. } | Record::Result { by, .. } => Some(by),
        Record::Event(event) => match &event.kind {
            EventKind::SubtaskStarted { subtask } | EventKind::SubtaskEnded { subtask, .. } => {
                Some(subtask)
            }
            EventKind::FactPublished(fact) => Some(&fact.source.by),
            _ => None,
        },
        _ => None,
    }
}
