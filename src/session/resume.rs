//! Results of an earlier part of a run that a resumed run can keep.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::Value;

use crate::gate::{Gate, Start, Subtask, WorkPackage};
use crate::journal::{Course, Folded};
use crate::model::{Fact, Facts, Outcome, Scope, SubtaskId, context};

/// Subtasks whose inputs are not what they were, and why.
pub(super) type Changed = BTreeMap<SubtaskId, String>;

/// A subtask that need not be run again: its outcome and its facts.
pub(super) type Kept = (SubtaskId, Outcome, Vec<Fact>);

/// Whether the throwaway home of the earlier part is still there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Home {
    There,
    /// The run was killed and cleared, or its directory moved.
    Gone,
    /// The run was moved to another machine, and nothing that is still to be done uses it.
    Elsewhere,
}

/// Which results of an earlier part are valid, and which are not.
#[derive(Debug, Default)]
pub(super) struct Resumption {
    /// Kept, in plan order.
    pub(super) kept: Vec<Kept>,
    /// Did not stop the run, but are run again: why, in plan order.
    pub(super) again: Vec<(SubtaskId, String)>,
    /// Recreated on this machine, in plan order.
    pub(super) made: Vec<SubtaskId>,
}

impl Resumption {
    /// A description of what is kept and what is run again.
    pub(super) fn lines(&self) -> Vec<String> {
        let ids: Vec<&str> = self.kept.iter().map(|(id, ..)| id.as_str()).collect();
        let kept = match ids.as_slice() {
            [] => "keeps no earlier result".to_owned(),
            ids => format!("keeps {} results: {}", ids.len(), ids.join(" ")),
        };
        let made: Vec<&str> = self.made.iter().map(SubtaskId::as_str).collect();
        let made =
            (!made.is_empty()).then(|| format!("made anew on this machine: {}", made.join(" ")));
        let again = self.again.iter();
        let again = again.map(|(id, why)| format!("takes {id} again: {why}"));
        std::iter::once(kept).chain(made).chain(again).collect()
    }
}

/// What decides beside the journal.
pub(super) struct Now<'a> {
    pub(super) at: Timestamp,
    pub(super) home: Home,
    /// Parameters that are not what they were.
    pub(super) parameters: &'a BTreeMap<String, Value>,
    /// Subtasks whose inputs are not what they were.
    pub(super) inputs: &'a Changed,
    /// Subtasks whose results do not expire, because another machine has already used them for
    /// everything that depends on them.
    pub(super) ageless: &'a BTreeSet<SubtaskId>,
}

/// The subtasks that are kept: they did not stop the run, are not older than their `max_age`, and
/// all their inputs are unchanged. A work package that spends canary runs is kept whole or not at
/// all, because its runs are one protocol; a subtask that ends processes, only with its whole work
/// package. Run again are: without the throwaway home, what filled it; with a changed parameter,
/// what quotes it; with a changed input, what depends on it; and everything after these.
pub(super) fn resumption(gate: &Gate, folded: &Folded, now: &Now<'_>) -> Resumption {
    let reasons = reasons(gate, now);
    let after = |id: &SubtaskId, one: &SubtaskId| gate.graph().is_ancestor(one, id);
    let why = |id: &SubtaskId| {
        let own = reasons.get(id).cloned();
        let earlier = reasons.keys().find(|one| after(id, one));
        own.or_else(|| earlier.map(|one| format!("comes after {one}")))
    };
    let mut resumption = Resumption::default();
    for package in &gate.work_packages {
        let valid = kept_of(gate, package, folded, now);
        let ids: BTreeSet<SubtaskId> = valid.iter().map(|(id, ..)| id.clone()).collect();
        for one in valid {
            match why(&one.0) {
                Some(why) => resumption.again.push((one.0, why)),
                None => resumption.kept.push(one),
            }
        }
        for subtask in &package.subtasks {
            let ended = folded
                .course(&subtask.id)
                .and_then(|one| one.ended.as_ref());
            if !ids.contains(&subtask.id) && ended.is_some_and(|one| one.outcome.lets_on()) {
                let id = subtask.id.clone();
                let why = why(&id).unwrap_or_else(|| aged(gate, subtask, folded, now));
                resumption.again.push((id, why));
            }
        }
    }
    resumption
}

/// The subtasks whose results another machine has already used for everything that depends on them:
/// they are out of scope, and no work package in scope depends directly on theirs.
pub(super) fn ageless(gate: &Gate, scope: &Scope, handed_on: bool) -> BTreeSet<SubtaskId> {
    if !handed_on || scope.alone().is_none() {
        return BTreeSet::new();
    }
    let asked = gate.packages_in(scope);
    let in_scope = |package: &&WorkPackage| asked.contains(package.id.as_str());
    let packages = gate.work_packages.iter().filter(in_scope);
    let near: BTreeSet<&String> = packages.flat_map(|package| &package.depends_on).collect();
    gate.subtasks()
        .filter(|(package, _)| !in_scope(package) && !near.contains(&package.id))
        .map(|(_, subtask)| subtask.id.clone())
        .collect()
}

/// In a run that was passed on, what the scope depends on must have a valid result: this machine
/// neither runs it again nor takes it for granted. Otherwise the first that has none, and why.
pub(super) fn must_be_given(
    gate: &Gate,
    scope: &Scope,
    resumption: &Resumption,
) -> Result<(), (SubtaskId, String)> {
    if scope.alone().is_none() {
        return Ok(());
    }
    let asked = gate.packages_in(scope);
    let kept: BTreeSet<&SubtaskId> = resumption.kept.iter().map(|(id, ..)| id).collect();
    let (inside, outside): (Vec<_>, Vec<_>) = gate
        .subtasks()
        .partition(|(package, _)| asked.contains(package.id.as_str()));
    let is_needed = |id: &SubtaskId| {
        let mut all = inside.iter().map(|(_, subtask)| &subtask.id);
        all.any(|one| gate.graph().is_ancestor(id, one))
    };
    let lacking = |id: &&SubtaskId| !kept.contains(*id) && is_needed(id);
    let Some(id) = { outside.iter().map(|(_, subtask)| &subtask.id) }.find(lacking) else {
        return Ok(());
    };
    let why = resumption.again.iter().find(|(again, _)| again == id);
    let why = why.map_or("it has not passed in that run", |(_, why)| why);
    Err((id.clone(), why.to_owned()))
}

/// Why a subtask is run again although its inputs are unchanged.
fn aged(gate: &Gate, subtask: &Subtask, folded: &Folded, now: &Now<'_>) -> String {
    if subtask.verb.declares().ends().is_some() {
        "processes may have been started since".to_owned()
    } else if still_valid(gate, subtask, folded, now).is_some() {
        "its work package spends canary runs, which are one protocol".to_owned()
    } else {
        "is older than its `max_age`".to_owned()
    }
}

/// Whose results are no longer valid, and why.
fn reasons(gate: &Gate, now: &Now<'_>) -> BTreeMap<SubtaskId, String> {
    // A reason with a name is more helpful than that the definition has changed.
    let mut reasons = now.inputs.clone();
    let all = || gate.subtasks().map(|(_, subtask)| subtask);
    if let Some(quoting) = quoting(gate, now.parameters) {
        reasons.extend(quoting);
    } else {
        let why = "a parameter was changed of which it cannot be told what depends on it";
        reasons.extend(all().map(|subtask| (subtask.id.clone(), why.to_owned())));
    }
    if now.home == Home::Gone {
        let filling = all().filter(|subtask| subtask.verb.declares().fills_home());
        let why = "the throwaway home that it filled is gone";
        reasons.extend(filling.map(|subtask| (subtask.id.clone(), why.to_owned())));
    }
    reasons
}

/// The subtasks that quote one of these parameters; none if a parameter is quoted by no subtask,
/// because then it is unknown what depends on it.
fn quoting(gate: &Gate, changed: &BTreeMap<String, Value>) -> Option<BTreeMap<SubtaskId, String>> {
    let mut found = BTreeMap::new();
    for name in changed.keys() {
        let quotes = gate.subtasks().filter(|(_, subtask)| {
            let names = gate.quoted(subtask);
            names.iter().any(|quoted| overlap(quoted, name))
        });
        let mut quotes = quotes.map(|(_, subtask)| subtask.id.clone()).peekable();
        quotes.peek()?;
        let why = format!("parameter `{name}` was changed");
        found.extend(quotes.map(|id| (id, why.clone())));
    }
    Some(found)
}

/// Whether two dotted names are equal, or one contains the other.
fn overlap(one: &str, other: &str) -> bool {
    let (short, long) = if one.len() < other.len() {
        (one, other)
    } else {
        (other, one)
    };
    long.strip_prefix(short)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

fn kept_of(gate: &Gate, package: &WorkPackage, folded: &Folded, now: &Now<'_>) -> Vec<Kept> {
    let mut kept = Vec::new();
    for subtask in &package.subtasks {
        let Some(course) = still_valid(gate, subtask, folded, now) else {
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
    if !whole {
        // What was ended then does not show what has been started since.
        let ends = |subtask: &Subtask| subtask.verb.declares().ends().is_some();
        let sweeps: Vec<&Subtask> = package.subtasks.iter().filter(|one| ends(one)).collect();
        kept.retain(|(id, _, _)| sweeps.iter().all(|subtask| subtask.id != *id));
    }
    kept
}

/// The execution of a subtask that did not stop the run and is recent enough. A limit that cannot
/// be parsed keeps nothing: running it again is always correct.
fn still_valid<'f>(
    gate: &Gate,
    subtask: &Subtask,
    folded: &'f Folded,
    now: &Now<'_>,
) -> Option<&'f Course> {
    let quotable = context(&gate.parameters, &Facts::default()).ok()?;
    let limit = subtask.age_limit(&quotable).ok()?;
    let limit = limit.filter(|_| !now.ageless.contains(&subtask.id));
    folded.still_valid(&subtask.id, now.at, limit)
}

/// Whether a failure was found whose consequences were not drawn to the end. Then they are drawn
/// from the runs that showed it; no other run is spent, which might show something else.
pub(super) fn unfinished_failure(package: &WorkPackage, folded: &Folded) -> bool {
    let outcome = |subtask: &Subtask| {
        let ended = folded.course(&subtask.id)?.ended.as_ref()?;
        Some(&ended.outcome)
    };
    // Judging the same runs again may have been interrupted: the failure remains.
    let failed =
        |subtask: &Subtask| matches!(folded.last_outcome(&subtask.id), Some(Outcome::Failed(_)));
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
    use crate::journal::{self, BLOB_LIMIT, FORMAT, GateRef, Header, Journal};
    use crate::model::{Asked, Event, EventKind, Finding, Stop};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_780_000_000 + second).unwrap()
    }

    fn ended(subtask: &SubtaskId, outcome: Outcome, done: usize) -> EventKind {
        EventKind::SubtaskEnded {
            subtask: subtask.clone(),
            outcome,
            took: Duration::ZERO,
            done,
            inputs: BTreeMap::new(),
        }
    }

    /// A run of the built-in gate in which everything passed.
    fn all_passed(gate: &Gate) -> Folded {
        let passed = |(done, (_, one)): (usize, (_, &Subtask))| {
            ended(&one.id, Outcome::passed("seen"), done + 1)
        };
        run(gate, gate.subtasks().enumerate().map(passed))
    }

    /// A run of the gate in which this happened.
    fn run(gate: &Gate, kinds: impl Iterator<Item = EventKind>) -> Folded {
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
            reports: 1,
            circumstances: None,
            started: at(0),
            plan,
        };
        let run = Journal::create(directory.path(), header).unwrap();
        for kind in kinds {
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
            let now = Now {
                at: at(2),
                home,
                parameters: &BTreeMap::new(),
                inputs: &Changed::new(),
                ageless: &BTreeSet::new(),
            };
            let kept = resumption(&gate, &folded, &now).kept;
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

    #[test]
    fn a_failure_that_is_being_judged_again_stands_until_its_consequences_are_drawn() {
        let gate = Gate::built_in().unwrap();
        let has_consequences = |package: &&WorkPackage| {
            let mut all = package.subtasks.iter();
            all.any(|subtask| subtask.on == Start::Failure)
        };
        let package = gate.work_packages.iter().find(has_consequences).unwrap();
        let handles = |subtask: &&Subtask| subtask.on == Start::Failure;
        let handling = &package.subtasks.iter().find(handles).unwrap().id;
        let judging = &package.subtasks[0].id;
        let failed = || ended(judging, Outcome::Failed(Finding::new("no")), 1);
        let again = || EventKind::SubtaskStarted {
            subtask: judging.clone(),
        };
        let stopped = || {
            let because = Stop::Interrupted;
            ended(judging, Outcome::NotRun { because }, 1)
        };
        let passed = |subtask| ended(subtask, Outcome::passed("yes"), 2);
        let cases: [(&[EventKind], bool); 5] = [
            (&[failed()], true),
            (&[failed(), again()], true),
            (&[failed(), again(), stopped()], true),
            (&[failed(), passed(handling), again()], false),
            (&[failed(), again(), passed(judging)], false),
        ];
        for (kinds, expected) in cases {
            let folded = run(&gate, kinds.iter().cloned());
            assert_eq!(unfinished_failure(package, &folded), expected, "{kinds:?}");
        }
    }
}
