//! The decisions do not depend on which step ends first.

use proptest::prelude::*;

use super::super::tests::{ended, failed, outcome, passed, started, step};
use super::super::{Dispatcher, Input};
use super::*;
use crate::model::Finding;

fn ends_in_order(mut dispatcher: Dispatcher, order: &[(&str, Outcome)]) -> Dispatcher {
    dispatcher.handle(Input::Begin);
    for (id, outcome) in order {
        dispatcher.handle(ended(id, outcome.clone()));
    }
    dispatcher
}

#[test]
fn which_neighbour_stopped_first_does_not_change_the_reason() {
    let neighbours = || {
        Dispatcher::new(vec![
            step("T1", "A", &[]),
            step("T2", "A", &[]),
            step("T3", "A", &["T1", "T2"]),
            step("T4", "A", &["T3"]),
        ])
    };
    let (one, other) = (("T1", failed()), ("T2", Outcome::Error(Finding::new("x"))));
    let there = ends_in_order(neighbours(), &[one.clone(), other.clone()]);
    let back = ends_in_order(neighbours(), &[other.clone(), one.clone()]);
    assert_eq!(there.outcomes(), back.outcomes());
    let because = Stop::Subtask(SubtaskId::new("T1"));
    assert_eq!(outcome(&back, "T4"), Outcome::NotRun { because });

    // The first reason is known at once, another one once nothing can precede it any more.
    let early = ends_in_order(neighbours(), std::slice::from_ref(&one));
    assert!(early.run.outcome(&SubtaskId::new("T4")).is_some());
    let late = ends_in_order(neighbours(), std::slice::from_ref(&other));
    assert!(late.run.outcome(&SubtaskId::new("T3")).is_none());
    let passed_by = ends_in_order(neighbours(), &[other, ("T1", passed())]);
    let because = Stop::Subtask(SubtaskId::new("T2"));
    assert_eq!(outcome(&passed_by, "T3"), Outcome::NotRun { because });
}

#[test]
fn a_step_that_waits_for_its_reason_delays_nothing_beside_it() {
    let mut dispatcher = Dispatcher::new(vec![
        step("T1", "A", &[]),
        step("T2", "A", &[]),
        step("T3", "A", &["T1", "T2"]),
        step("S1", "S", &[]),
        step("S2", "S", &["S1"]),
    ]);
    dispatcher.handle(Input::Begin);
    dispatcher.handle(ended("T2", failed()));
    assert_eq!(started(&dispatcher.handle(ended("S1", passed()))), ["S2"]);
    let interrupted = Outcome::NotRun {
        because: Stop::Interrupted,
    };
    dispatcher.handle(Input::Interrupt);
    assert_eq!(outcome(&dispatcher, "T3"), interrupted);
}

/// Beside the one that is blocked another one fails: whichever ends first, that is handled.
#[test]
fn the_failure_handler_waits_for_all_that_may_fail() {
    let neighbours = || {
        let handler = Step {
            start: Start::Failure,
            ..step("T4", "A", &["T3"])
        };
        Dispatcher::new(vec![
            step("T1", "A", &[]),
            step("T2", "A", &[]),
            step("T3", "A", &["T1", "T2"]),
            handler,
            step("T5", "B", &["T4"]),
        ])
    };
    let (one, other) = (
        ("T1", Outcome::Blocked(Finding::new("x"))),
        ("T2", failed()),
    );
    let handled = ("T4", passed());
    let there = ends_in_order(neighbours(), &[one.clone(), other.clone(), handled.clone()]);
    let back = ends_in_order(neighbours(), &[other, one, handled]);
    assert_eq!(there.outcomes(), back.outcomes());
    assert!(matches!(outcome(&there, "T4"), Outcome::Passed { .. }));
    let because = Stop::Subtask(SubtaskId::new("T2"));
    assert_eq!(outcome(&there, "T5"), Outcome::NotRun { because });
}

/// Runs the steps; `picks` decides which running step ends next.
fn run(steps: &[Step], outcomes: &[Outcome], picks: &[prop::sample::Index]) -> Dispatcher {
    let mut dispatcher = Dispatcher::new(steps.to_vec());
    let mut actions = dispatcher.handle(Input::Begin);
    let mut running: Vec<String> = Vec::new();
    for pick in picks {
        running.extend(started(&actions).into_iter().map(str::to_owned));
        if running.is_empty() {
            break;
        }
        let id = running.remove(pick.index(running.len()));
        let at = steps.iter().position(|step| step.id.as_str() == id);
        actions = dispatcher.handle(ended(&id, outcomes[at.unwrap()].clone()));
    }
    dispatcher
}

proptest! {
    /// Any graph with steps for failures, any outcomes: the order of completion changes nothing.
    #[test]
    fn the_order_of_ends_changes_no_outcome(
        edges in prop::collection::vec(prop::collection::vec(any::<bool>(), 8), 8),
        kinds in prop::collection::vec((0..5_u8, 0..4_u8, any::<bool>()), 8),
        one in prop::collection::vec(any::<prop::sample::Index>(), 8),
        other in prop::collection::vec(any::<prop::sample::Index>(), 8),
    ) {
        let name = |n: usize| format!("T{n}");
        let steps: Vec<Step> = (0..8).map(|n| {
            let (_, start, package) = kinds[n];
            let after: Vec<String> = (0..n).filter(|m| edges[n][*m]).map(name).collect();
            let after: Vec<&str> = after.iter().map(String::as_str).collect();
            let start = if start == 0 { Start::Failure } else { Start::Success };
            Step { start, ..step(&name(n), if package { "A" } else { "B" }, &after) }
        }).collect();
        let outcomes: Vec<Outcome> = kinds.iter().map(|(kind, _, _)| match kind {
            0 | 1 => failed(),
            2 => Outcome::Blocked(Finding::new("x")),
            _ => passed(),
        }).collect();
        let (one, other) = (run(&steps, &outcomes, &one), run(&steps, &outcomes, &other));
        prop_assert_eq!(one.outcomes().len(), 8);
        prop_assert_eq!(one.outcomes(), other.outcomes());
    }
}
