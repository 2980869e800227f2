//! WP04: the single canary. Evidence first, GitHub second, and only the issue that is back.

use std::path::PathBuf;

use serde_json::Value;

use super::laws::{CLASSIFICATION, ROLLBACK};
use super::rehearsal::{Ended, rehearse};

/// A canary that failed at T022: T023 kept the evidence, WP05 and what follows never began.
#[track_caller]
fn fails(fault: &str, reopened: &[&str]) -> Ended {
    let ended = rehearse(&[fault]).run();
    ended
        .ends(1, "failed", &[("T022", "failed")])
        .untouched_except(reopened)
        .nothing_ran_after("T023", &[]);
    for issue in reopened {
        ended.issue(issue, "OPEN", (1, 0, 1));
    }
    dealt_with(&ended, "T023");
    ended
}

/// The evidence directory was complete before GitHub was asked for anything.
#[track_caller]
pub(crate) fn dealt_with(ended: &Ended, by: &str) {
    assert_eq!(ended.outcomes()[by], "passed", "{}", ended.told());
    let attempt = attempt(ended);
    let report = std::fs::read_to_string(attempt.join("failure.md")).unwrap();
    assert!(report.contains("failed"), "{report}");
    let journal = ended.journal();
    let intents = |wanted: &dyn Fn(&Value) -> bool| {
        journal
            .iter()
            .enumerate()
            .filter(|(_, record)| record["intent"]["by"] == by)
            .filter(|(_, record)| wanted(&record["intent"]["effect"]))
            .map(|(at, _)| at)
            .collect::<Vec<_>>()
    };
    // What is written below `comments/` is a comment's idempotency key, each before its own write.
    let is_key = |effect: &Value| {
        let path = effect["path"].as_str().unwrap_or_default();
        path.starts_with("‹run›/comments/")
    };
    let kept = intents(&|effect| {
        effect["effect"] == "keep-files" || (effect["effect"] == "write-file" && !is_key(effect))
    });
    let writes = intents(&|effect| {
        let argv = &effect["argv"];
        argv[0] == "gh" && argv[1] == "issue" && argv[2] != "view"
    });
    assert!(!kept.is_empty());
    assert!(
        writes
            .iter()
            .all(|write| kept.iter().all(|keep| keep < write)),
        "evidence first, GitHub second: kept at {kept:?}, written at {writes:?}"
    );
}

/// The one attempt directory.
#[track_caller]
fn attempt(ended: &Ended) -> PathBuf {
    let attempts = ended.world["attempts"].as_array().unwrap();
    assert_eq!(attempts.len(), 1, "{attempts:?}");
    assert_eq!(attempts[0], "v3.2.0rc16-attempt1");
    ended.state().join("attempts/v3.2.0rc16-attempt1")
}

#[test]
fn harness_red() {
    let ended = rehearse(&["harness-red"]).run();
    ended
        .ends(3, "blocked", &[("T020", "blocked")])
        .untouched_except(&[])
        .nothing_ran_after("T020", &[]);
    assert_eq!(ended.world["saas"]["writes"], 0, "no canary run is spent");
    assert_eq!(ended.world["attempts"].as_array().map(Vec::len), Some(0));
}

#[test]
fn harness_skips() {
    let ended = rehearse(&["harness-skips"]).run();
    ended
        .ends(3, "blocked", &[("T020", "blocked")])
        .untouched_except(&[])
        .nothing_ran_after("T020", &[]);
    let said = ended.says("T020");
    assert!(
        said.contains("test_a_switch_must_be_on: SK_E2E is not set"),
        "{said}"
    );
}

#[test]
fn key_twice_json() {
    let ended = fails("key-twice-json", &[]);
    let said = ended.says("T022");
    assert!(said.contains("key `outcome` appears twice"), "{said}");
}

#[test]
fn contradictory_json() {
    let ended = fails("contradictory-json", &[]);
    let said = ended.says("T022");
    assert!(
        said.contains("scenario 4 says `pass`, and its `failure_reason`"),
        "{said}"
    );
}

#[test]
fn scenario_4() {
    let ended = fails("scenario-4", &[ROLLBACK]);
    let comment = *ended.comments(ROLLBACK).last().unwrap();
    assert!(
        comment.contains("from='for_review' to='in_review'"),
        "{comment}"
    );
    assert!(
        comment.contains("v3.2.0rc16-attempt1"),
        "the evidence is named: {comment}"
    );
}

#[test]
fn scenario_1_2() {
    let ended = fails("scenario-1-2", &[CLASSIFICATION]);
    let comment = *ended.comments(CLASSIFICATION).last().unwrap();
    assert!(comment.contains("#1182 is back"), "{comment}");
}

#[test]
fn scenario_both() {
    fails("scenario-both", &[ROLLBACK, CLASSIFICATION]);
}

#[test]
fn scenario_unknown() {
    let ended = fails("scenario-unknown", &[]);
    assert!(
        ended.says("T022").contains("scenario 3"),
        "{}",
        ended.told()
    );
    assert!(
        ended.says("T022").contains("KeyError"),
        "the first error line: {}",
        ended.told()
    );
}

#[test]
fn exit_zero_json_fail() {
    let ended = fails("exit-zero-json-fail", &[]);
    assert!(
        ended.says("T022").contains("the results say otherwise"),
        "{}",
        ended.told()
    );
}

#[test]
fn exit_one_json_pass() {
    let ended = fails("exit-one-json-pass", &[]);
    assert!(
        ended.says("T022").contains("the results say otherwise"),
        "{}",
        ended.told()
    );
}

#[test]
fn stale_latest() {
    let ended = fails("stale-latest", &[]);
    assert_eq!(
        ended.world["saas"]["writes"], 0,
        "the script did nothing at all"
    );
}

#[test]
fn skip_is_not_pass() {
    let ended = fails("skip-is-not-pass", &[]);
    assert!(ended.says("T022").contains("skip"), "{}", ended.told());
}

#[test]
fn missing_scenario() {
    let ended = fails("missing-scenario", &[]);
    assert!(ended.says("T022").contains('3'), "{}", ended.told());
}

#[test]
fn garbage_json() {
    fails("garbage-json", &[]);
}

#[test]
fn canary_hangs() {
    let ended = rehearse(&["canary-hangs"]).run();
    ended
        .ends(1, "failed", &[("T021", "failed")])
        .untouched_except(&[])
        .nothing_ran_after("T023", &[]);
    assert_eq!(ended.outcomes()["T022"], "not-run");
    dealt_with(&ended, "T023");
    let says = ended.says("T021");
    assert!(
        says.contains("waiting for the lock of deployed-dev"),
        "the last output is shown: {says}"
    );
    assert!(!sleeping_below(&ended), "the whole group was ended");
}

/// Whether a process of the script is left.
fn sleeping_below(ended: &Ended) -> bool {
    let root = ended.directory.path();
    let mut system = sysinfo::System::new().unwrap();
    system.refresh_processes_specifics(
        sysinfo::ProcessesToUpdate::All,
        true,
        sysinfo::ProcessRefreshKind::nothing()
            .without_tasks()
            .with_cwd(sysinfo::UpdateKind::Always),
    );
    system
        .processes()
        .values()
        .filter(|process| process.status() != sysinfo::ProcessStatus::Zombie)
        .any(|process| process.cwd().is_some_and(|cwd| cwd.starts_with(root)))
}

#[test]
fn already_reopened() {
    let ended = rehearse(&["already-reopened"]).run();
    ended
        .ends(1, "failed", &[("T022", "failed")])
        .untouched_except(&[ROLLBACK])
        .nothing_ran_after("T023", &[]);
    ended.issue(ROLLBACK, "OPEN", (1, 0, 0));
    dealt_with(&ended, "T023");
    assert!(
        ended.says("T023").contains("open already"),
        "{}",
        ended.told()
    );
}
