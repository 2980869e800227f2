//! What an earlier part of a run found out and a resumed run need not do again.

use jiff::Timestamp;

use crate::gate::{Fact, Gate, Outcome, SubtaskId, WorkPackage, context};
use crate::journal::Folded;

/// A subtask that need not be done again: how it ended, and what it published.
pub(super) type Kept = (SubtaskId, Outcome, Vec<Fact>);

/// The subtasks that are kept, in plan order: they let on, and are not older than their
/// `max_age`. A work package that spends canary runs is kept whole or not at all, because its
/// runs are one protocol.
pub(super) fn kept(gate: &Gate, folded: &Folded, now: Timestamp) -> Vec<Kept> {
    gate.work_packages
        .iter()
        .flat_map(|package| kept_of(gate, package, folded, now))
        .collect()
}

fn kept_of(gate: &Gate, package: &WorkPackage, folded: &Folded, now: Timestamp) -> Vec<Kept> {
    let mut kept = Vec::new();
    for subtask in &package.subtasks {
        // A limit that cannot be read keeps nothing: taking it again is always right.
        let limit = context(&gate.parameters, &crate::gate::Facts::default())
            .ok()
            .and_then(|context| subtask.age_limit(&context).ok());
        let Some(limit) = limit else { continue };
        let Some(course) = folded.still_valid(&subtask.id, now, limit) else {
            continue;
        };
        if let Some(ended) = &course.ended {
            kept.push((
                subtask.id.clone(),
                ended.outcome.clone(),
                course.facts.clone(),
            ));
        }
    }
    let whole = kept.len() == package.subtasks.len();
    let first_spent = package
        .subtasks
        .iter()
        .find(|subtask| subtask.verb.declares().spends_a_run());
    if let Some(first) = first_spent.filter(|_| !whole) {
        let reached = package
            .subtasks
            .iter()
            .take_while(|subtask| subtask.id != first.id)
            .count();
        let before: Vec<&SubtaskId> = package.subtasks[..reached]
            .iter()
            .map(|subtask| &subtask.id)
            .collect();
        kept.retain(|(id, _, _)| before.contains(&id));
    }
    kept
}
