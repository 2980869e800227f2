//! Whoever ends first: the decisions are the same.

use super::super::tests::{ended, failed, outcome, passed, started, step};
use super::super::{Dispatcher, Input};
use super::*;
use crate::gate::Finding;

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

    // The first reason is known at once, another one when nothing can come before it any more.
    let early = ends_in_order(neighbours(), &[one]);
    assert!(early.outcome(&SubtaskId::new("T4")).is_some());
    let late = ends_in_order(neighbours(), &[other.clone()]);
    assert!(late.outcome(&SubtaskId::new("T3")).is_none());
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
