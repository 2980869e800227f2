//! What an earlier part of a run found out and a resumed run need not do again.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use crate::gate::{Fact, Gate, Outcome, Start, Subtask, SubtaskId, WorkPackage, context};
use crate::journal::Folded;

/// A subtask that need not be done again: how it ended, and what it published.
pub(super) type Kept = (SubtaskId, Outcome, Vec<Fact>);

/// Whether the throwaway home of the earlier part is still there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Home {
    There,
    /// The run was killed and cleared, or moved to another machine.
    Gone,
}

/// The subtasks that are kept, in plan order: they let on, and are not older than their
/// `max_age`. A work package that spends canary runs is kept whole or not at all, because its
/// runs are one protocol. Without the throwaway home, what filled it is done again; with another
/// parameter, what quotes it; and all that comes after.
pub(super) fn kept(
    gate: &Gate,
    folded: &Folded,
    now: Timestamp,
    home: Home,
    changed: &BTreeMap<String, Value>,
) -> Vec<Kept> {
    let Some(quoting) = quoting(gate, changed) else {
        return Vec::new();
    };
    let filling = gate
        .subtasks()
        .filter(|(_, subtask)| home == Home::Gone && subtask.verb.declares().fills_home())
        .map(|(_, subtask)| &subtask.id);
    let again: Vec<&SubtaskId> = filling.chain(quoting).collect();
    let after = |id: &SubtaskId, one: &SubtaskId| id == one || gate.graph().is_ancestor(one, id);
    gate.work_packages
        .iter()
        .flat_map(|package| kept_of(gate, package, folded, now))
        .filter(|(id, ..)| !again.iter().any(|one| after(id, one)))
        .collect()
}

/// The subtasks that quote one of these parameters; none when a parameter is quoted by no subtask,
/// because then it cannot be told what hangs on it.
fn quoting<'g>(gate: &'g Gate, changed: &BTreeMap<String, Value>) -> Option<Vec<&'g SubtaskId>> {
    let mut found = Vec::new();
    for name in changed.keys() {
        let before = found.len();
        let quotes = gate.subtasks().filter(|(_, subtask)| {
            let names = gate.quoted(subtask);
            names.iter().any(|quoted| overlap(quoted, name))
        });
        found.extend(quotes.map(|(_, subtask)| &subtask.id));
        if found.len() == before {
            return None;
        }
    }
    Some(found)
}

/// Whether one of two dotted names is the other, or lies in it.
fn overlap(one: &str, other: &str) -> bool {
    let (short, long) = if one.len() < other.len() {
        (one, other)
    } else {
        (other, one)
    };
    long.strip_prefix(short)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
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
    let whole = kept.len() == package.subtasks.len() || unfinished_failure(package, folded);
    let first_spent = package
        .subtasks
        .iter()
        .position(|subtask| subtask.verb.declares().spends_a_run());
    if let Some(reached) = first_spent.filter(|_| !whole) {
        let before = &package.subtasks[..reached];
        kept.retain(|(id, _, _)| before.iter().any(|subtask| subtask.id == *id));
    }
    kept
}

/// Whether a failure was found whose consequences were not drawn to the end. Then they are drawn
/// from the runs that showed it; no other run is spent, which might show something else.
fn unfinished_failure(package: &WorkPackage, folded: &Folded) -> bool {
    let outcome = |subtask: &Subtask| {
        let ended = folded.course(&subtask.id)?.ended.as_ref()?;
        Some(&ended.outcome)
    };
    let failed = |subtask| matches!(outcome(subtask), Some(Outcome::Failed(_)));
    let handled = |subtask: &Subtask| outcome(subtask).is_some_and(Outcome::lets_on);
    package.subtasks.iter().any(failed)
        && package
            .subtasks
            .iter()
            .any(|subtask| subtask.on == Start::Failure && !handled(subtask))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::engine::{Asked, Event, EventKind};
    use crate::journal::{self, BLOB_LIMIT, FORMAT, GateRef, Header, Journal};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_780_000_000 + second).unwrap()
    }

    /// A run of the built-in gate in which everything passed.
    fn all_passed(gate: &Gate) -> Folded {
        let plan: Vec<SubtaskId> = gate.subtasks().map(|(_, one)| one.id.clone()).collect();
        let directory = tempfile::tempdir().unwrap();
        let header = Header {
            format: FORMAT,
            run: "01KS1W46000000000000000000".into(),
            gate: GateRef::of(gate),
            parameters: BTreeMap::new(),
            tools: BTreeMap::new(),
            version: "0.1.0".into(),
            flake: None,
            asked: Asked::default(),
            blob_limit: BLOB_LIMIT,
            started: at(0),
            plan: plan.clone(),
        };
        let run = Journal::create(directory.path(), header).unwrap();
        for (done, subtask) in (1..).zip(plan) {
            let kind = EventKind::SubtaskEnded {
                subtask,
                outcome: Outcome::passed("seen"),
                took: Duration::ZERO,
                done,
            };
            let event = Event {
                time: at(1),
                elapsed: Duration::ZERO,
                kind,
            };
            run.event(&event).unwrap();
        }
        journal::read(directory.path()).unwrap()
    }

    #[test]
    fn without_the_throwaway_home_the_candidate_is_installed_again_and_what_comes_after() {
        let gate = Gate::built_in().unwrap();
        let folded = all_passed(&gate);
        let kept = |home| -> Vec<String> {
            let kept = kept(&gate, &folded, at(2), home, &BTreeMap::new());
            kept.into_iter().map(|(id, ..)| id.to_string()).collect()
        };
        assert_eq!(kept(Home::There).len(), 43);
        // The blockers, the candidate and the sweep before it is installed; the service.
        let before = [
            "T001", "T002", "T003", "T004", "T005", "T006", "T007", "T008", "T009",
        ];
        let service = ["T013", "T014", "T015", "T016"];
        assert_eq!(kept(Home::Gone), [&before[..], &service].concat());
    }
}
