//! WP01: blockers that are open, or whose fix is none. Nothing is installed, nothing written.

use super::laws::{CLASSIFICATION, ROLLBACK};
use super::rehearsal::{Ended, rehearse};

/// WP02 and what follows never began; WP03 is independent and came to its end.
#[track_caller]
fn stops_at(fault: &str, id: &str) -> Ended {
    let ended = rehearse(&[fault]).run();
    ended
        .ends(3, "blocked", &[(id, "blocked")])
        .untouched_except(&[])
        .nothing_ran_after(id, &["T013", "T014", "T015", "T016"]);
    for read_only in ["T013", "T014", "T015", "T016"] {
        assert_eq!(ended.outcomes()[read_only], "passed");
    }
    let installed = ended
        .state()
        .join("runs")
        .read_dir()
        .unwrap()
        .any(|run| run.unwrap().path().join("home/pipx").exists());
    assert!(!installed, "nothing is installed");
    assert_eq!(ended.world["saas"]["writes"], 0, "no canary ran");
    assert!(ended.stdout.contains("resume"), "{}", ended.told());
    ended
}

#[test]
fn blocker_open() {
    let ended = stops_at("blocker-open", "T003");
    assert!(ended.says("T003").contains(ROLLBACK), "{}", ended.told());
    assert!(
        !ended.says("T003").contains(CLASSIFICATION),
        "only what is open is named"
    );
}

#[test]
fn closed_not_planned() {
    let ended = stops_at("closed-not-planned", "T003");
    assert!(
        ended.says("T003").contains(CLASSIFICATION),
        "{}",
        ended.told()
    );
    assert!(
        ended.says("T003").to_lowercase().contains("not_planned"),
        "{}",
        ended.told()
    );
}

#[test]
fn both_blockers_are_named_at_once() {
    let ended = rehearse(&["blocker-open", "closed-not-planned"]).run();
    ended
        .ends(3, "blocked", &[("T003", "blocked")])
        .untouched_except(&[]);
    for issue in [ROLLBACK, CLASSIFICATION] {
        assert!(ended.says("T003").contains(issue), "{}", ended.told());
    }
}

#[test]
fn diagnostic_only_fix() {
    let ended = stops_at("diagnostic-only-fix", "T004");
    assert!(
        ended.says("T004").contains("diagnostic"),
        "{}",
        ended.told()
    );
}

#[test]
fn no_proof_test() {
    stops_at("no-proof-test", "T005");
}

#[test]
fn log_only_test() {
    let ended = stops_at("log-only-test", "T005");
    assert!(ended.says("T005").contains("log"), "{}", ended.told());
}

#[test]
fn timeout_only_fix() {
    let ended = stops_at("timeout-only-fix", "T006");
    assert!(ended.says("T006").contains("timeout"), "{}", ended.told());
}

/// The first error of the tool is the cause, and the remedy names what to set.
#[test]
fn extra_missing() {
    let ended = rehearse(&["extra-missing"]).run();
    ended
        .ends(4, "error", &[("T005", "error")])
        .untouched_except(&[])
        .nothing_ran_after("T005", &["T013", "T014", "T015", "T016"]);
    let said = ended.says("T005");
    assert!(said.contains("No module named pytest"), "{said}");
}
