//! The dispatcher as a state machine: its answers to events.

use proptest::prelude::*;

use super::*;
use crate::gate::Start;

pub(super) fn step(id: &str, work_package: &str, after: &[&str]) -> Step {
    Step {
        id: SubtaskId::new(id),
        work_package: work_package.to_owned(),
        after: after.iter().map(|id| SubtaskId::new(*id)).collect(),
        start: Start::Success,
        only_if: None,
        publishes: None,
        in_scope: true,
        dry_run_stop: None,
        needs: Vec::new(),
    }
}

pub(super) fn started(actions: &[Action]) -> Vec<&str> {
    actions
        .iter()
        .filter_map(|action| match action {
            Action::Start(id) => Some(id.as_str()),
            _ => None,
        })
        .collect()
}

fn finished(actions: &[Action]) -> Option<Verdict> {
    actions.iter().find_map(|action| match action {
        Action::Finish(verdict) => Some(*verdict),
        _ => None,
    })
}

pub(super) fn ended(id: &str, outcome: Outcome) -> Input {
    Input::Ended {
        id: SubtaskId::new(id),
        outcome,
        facts: vec![],
        took: Duration::ZERO,
    }
}

pub(super) fn passed() -> Outcome {
    Outcome::passed("")
}

pub(super) fn failed() -> Outcome {
    Outcome::Failed(Finding::new("x"))
}

pub(super) fn outcome(dispatcher: &Dispatcher, id: &str) -> Outcome {
    dispatcher.run.outcome(&SubtaskId::new(id)).unwrap().clone()
}

#[test]
fn neighbours_start_together_and_the_gate_waits_for_both() {
    let steps = vec![
        step("T1", "A", &[]),
        step("T2", "A", &[]),
        step("T3", "A", &["T1", "T2"]),
    ];
    let mut dispatcher = Dispatcher::new(steps);
    assert_eq!(started(&dispatcher.handle(Input::Begin)), ["T1", "T2"]);
    assert!(started(&dispatcher.handle(ended("T2", passed()))).is_empty());
    assert_eq!(started(&dispatcher.handle(ended("T1", passed()))), ["T3"]);
    assert_eq!(
        finished(&dispatcher.handle(ended("T3", passed()))),
        Some(Verdict::Passed)
    );
}

#[test]
fn a_subtask_is_registered_before_it_starts() {
    let mut dispatcher = Dispatcher::new(vec![step("T1", "A", &[])]);
    let actions = dispatcher.handle(Input::Begin);
    assert!(matches!(
        &actions[..],
        [
            Action::Emit(EventKind::SubtaskStarted { .. }),
            Action::Start(_)
        ]
    ));
}

#[test]
fn a_stop_reaches_everything_behind_it_and_nothing_beside_it() {
    let steps = vec![
        step("T1", "A", &[]),
        step("T2", "B", &["T1"]),
        step("T3", "C", &["T2"]),
        step("S1", "S", &[]),
    ];
    let mut dispatcher = Dispatcher::new(steps);
    dispatcher.handle(Input::Begin);
    let blocked = Outcome::Blocked(Finding::new("x"));
    assert_eq!(
        finished(&dispatcher.handle(ended("T1", blocked))),
        None,
        "S1 still runs"
    );
    let stopped = Outcome::NotRun {
        because: Stop::Subtask(SubtaskId::new("T1")),
    };
    assert_eq!(outcome(&dispatcher, "T2"), stopped);
    assert_eq!(
        outcome(&dispatcher, "T3"),
        stopped,
        "the first cause is named all the way down"
    );
    assert_eq!(
        finished(&dispatcher.handle(ended("S1", passed()))),
        Some(Verdict::Blocked)
    );
}

/// As in a gate file: later steps wait only for the handler, and stop anyway if it had a failure to
/// handle.
fn with_failure_handler() -> Dispatcher {
    let handler = Step {
        start: Start::Failure,
        ..step("T3", "A", &["T2"])
    };
    Dispatcher::new(vec![
        step("T1", "A", &[]),
        step("T2", "A", &["T1"]),
        handler,
        step("T4", "B", &["T3"]),
    ])
}

#[test]
fn the_failure_handler_runs_only_after_a_failure() {
    let mut dispatcher = with_failure_handler();
    dispatcher.handle(Input::Begin);
    assert_eq!(started(&dispatcher.handle(ended("T1", passed()))), ["T2"]);
    assert_eq!(
        started(&dispatcher.handle(ended("T2", passed()))),
        ["T4"],
        "not needed, and what follows starts"
    );
    assert!(matches!(
        outcome(&dispatcher, "T3"),
        Outcome::Skipped { .. }
    ));

    let mut dispatcher = with_failure_handler();
    dispatcher.handle(Input::Begin);
    assert_eq!(
        started(&dispatcher.handle(ended("T1", failed()))),
        ["T3"],
        "T2 is not run, T3 handles T1's failure"
    );
    assert_eq!(
        finished(&dispatcher.handle(ended("T3", passed()))),
        Some(Verdict::Failed)
    );
    assert_eq!(
        outcome(&dispatcher, "T4"),
        Outcome::NotRun {
            because: Stop::Subtask(SubtaskId::new("T1"))
        }
    );
}

#[test]
fn the_failure_handler_leaves_a_block_alone() {
    let mut dispatcher = with_failure_handler();
    dispatcher.handle(Input::Begin);
    let actions = dispatcher.handle(ended("T1", Outcome::Blocked(Finding::new("x"))));
    assert_eq!(finished(&actions), Some(Verdict::Blocked));
    assert!(matches!(outcome(&dispatcher, "T3"), Outcome::NotRun { .. }));
}

#[test]
fn a_condition_that_does_not_hold_skips_with_its_reason() {
    let conditional = Step {
        only_if: Some("needed".into()),
        publishes: Some("result".into()),
        ..step("T2", "A", &["T1"])
    };
    let mut dispatcher = Dispatcher::new(vec![step("T1", "A", &[]), conditional]);
    dispatcher.handle(Input::Begin);
    let fact = Fact {
        name: "needed".into(),
        value: json!({"holds": false, "why": "a member said so"}),
        source: Source {
            by: SubtaskId::new("T1"),
            exchange: Some(1),
            facts: Vec::new(),
            origins: Vec::new(),
        },
    };
    let input = Input::Ended {
        id: SubtaskId::new("T1"),
        outcome: passed(),
        facts: vec![fact],
        took: Duration::ZERO,
    };
    assert_eq!(finished(&dispatcher.handle(input)), Some(Verdict::Passed));
    assert_eq!(
        outcome(&dispatcher, "T2"),
        Outcome::Skipped {
            why: "a member said so".into()
        }
    );
    assert_eq!(
        dispatcher.facts().value("result.skipped"),
        Some(&json!("a member said so"))
    );
}

#[test]
fn an_unknown_condition_is_no_reason_to_skip() {
    let conditional = Step {
        only_if: Some("needed".into()),
        ..step("T1", "A", &[])
    };
    assert_eq!(
        started(&Dispatcher::new(vec![conditional]).handle(Input::Begin)),
        ["T1"]
    );
}

#[test]
fn a_second_publication_is_an_error_of_its_subtask() {
    let mut dispatcher = Dispatcher::new(vec![step("T1", "A", &[])]);
    dispatcher.handle(Input::Begin);
    let fact = |value: i32| Fact {
        name: "x".into(),
        value: json!(value),
        source: Source {
            by: SubtaskId::new("T1"),
            exchange: None,
            facts: Vec::new(),
            origins: Vec::new(),
        },
    };
    let input = Input::Ended {
        id: SubtaskId::new("T1"),
        outcome: passed(),
        facts: vec![fact(1), fact(2)],
        took: Duration::ZERO,
    };
    assert_eq!(finished(&dispatcher.handle(input)), Some(Verdict::Error));
}

#[test]
fn the_first_interrupt_cancels_and_waits_the_second_does_not_wait() {
    let mut dispatcher = Dispatcher::new(vec![step("T1", "A", &[]), step("T2", "A", &["T1"])]);
    dispatcher.handle(Input::Begin);
    let actions = dispatcher.handle(Input::Interrupt);
    assert!(actions.contains(&Action::Cancel));
    assert_eq!(finished(&actions), None, "T1 is still being ended");
    let actions = dispatcher.handle(Input::InterruptAgain);
    assert!(actions.contains(&Action::Abandon));
    assert_eq!(finished(&actions), Some(Verdict::Interrupted));
}

#[test]
fn what_is_out_of_scope_is_not_run_and_does_not_count() {
    let out = Step {
        in_scope: false,
        ..step("T2", "B", &["T1"])
    };
    let mut dispatcher = Dispatcher::new(vec![step("T1", "A", &[]), out]);
    dispatcher.handle(Input::Begin);
    assert_eq!(
        finished(&dispatcher.handle(ended("T1", passed()))),
        Some(Verdict::Passed)
    );
}

#[test]
fn a_gate_without_a_subtask_in_scope_is_no_pass() {
    let out = Step {
        in_scope: false,
        ..step("T1", "A", &[])
    };
    assert_eq!(
        finished(&Dispatcher::new(vec![out]).handle(Input::Begin)),
        Some(Verdict::Error)
    );
}

proptest! {
    /// Any graph, any outcomes, any order of completion: every subtask ends exactly once, starts
    /// only after none of those before it stopped it, and the gate passes only if nothing is worse.
    #[test]
    fn every_run_comes_to_an_end(
        edges in prop::collection::vec(prop::collection::vec(any::<bool>(), 8), 8),
        kinds in prop::collection::vec(0..5_u8, 8),
        picks in prop::collection::vec(any::<prop::sample::Index>(), 64),
    ) {
        let name = |n: usize| format!("T{n}");
        let steps: Vec<Step> = (0..8).map(|n| {
            let after: Vec<String> = (0..n).filter(|m| edges[n][*m]).map(name).collect();
            step(&name(n), "A", &after.iter().map(String::as_str).collect::<Vec<_>>())
        }).collect();
        let mut dispatcher = Dispatcher::new(steps.clone());
        let mut running: Vec<String> = Vec::new();
        let mut actions = dispatcher.handle(Input::Begin);
        let mut picks = picks.into_iter();
        loop {
            for id in started(&actions) {
                let step = steps.iter().find(|step| step.id.as_str() == id).unwrap();
                prop_assert!(step.after.iter().all(|id| dispatcher.run.outcome(id).is_some_and(Outcome::lets_on)));
                running.push(id.to_owned());
            }
            if let Some(verdict) = finished(&actions) {
                let worst = dispatcher.outcomes().iter().map(|(_, outcome)| outcome.verdict()).max();
                prop_assert_eq!(Some(verdict), worst);
                prop_assert_eq!(dispatcher.outcomes().len(), 8);
                break;
            }
            prop_assert!(!running.is_empty(), "stuck");
            let pick = picks.next().map_or(0, |pick| pick.index(running.len()));
            let id = running.remove(pick);
            let index: usize = id[1..].parse().unwrap();
            let outcome = match kinds[index] {
                0 => failed(),
                1 => Outcome::Blocked(Finding::new("x")),
                2 => Outcome::Error(Finding::new("x")),
                _ => passed(),
            };
            actions = dispatcher.handle(ended(&id, outcome));
        }
    }
}
