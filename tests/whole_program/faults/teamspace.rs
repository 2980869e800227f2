//! WP07 and WP08: is it still required, does it pass, and does the tracker stay open.

use super::laws::{CANARY, TRACKER};
use super::passing::as_it_should_be;
use super::rehearsal::{Ended, rehearse};
use serde_json::json;

const SUITE: [&str; 5] = ["T035", "T036", "T037", "T038", "T039"];

#[test]
fn not_required() {
    let ended = rehearse(&["not-required"]).run();
    as_it_should_be(&ended);
    for id in SUITE {
        let why = ended.subtask(id)["why"].to_string();
        assert_eq!(ended.outcomes()[id], "skipped");
        assert!(why.contains("https://github.com/"), "the link: {why}");
        assert!(why.contains("MEMBER"), "the author's role: {why}");
    }
    let required = ended.fact("teamspace.required");
    assert!(
        required["author"].is_string() && required["url"].is_string(),
        "{required}"
    );
}

#[test]
fn not_required_by_stranger() {
    let ended = rehearse(&["not-required-by-stranger"]).run();
    as_it_should_be(&ended);
    for id in SUITE {
        assert_eq!(
            ended.outcomes()[id],
            "passed",
            "Teamspace runs all the same"
        );
    }
}

/// e2e#41 is closed with its evidence by then; the tracker is not told of a success.
#[track_caller]
fn fails(fault: &str, seen: &str, advice: &str) -> Ended {
    let ended = rehearse(&[fault]).run();
    ended
        .ends(1, "failed", &[("T035", "failed")])
        .issue(CANARY, "CLOSED", (1, 1, 0))
        .untouched_except(&[CANARY])
        .nothing_ran_after("T035", &[]);
    assert!(ended.says("T035").contains(seen), "{}", ended.told());
    let remedy = ended.subtask("T035")["remedy"].to_string();
    assert!(remedy.contains(advice), "the triage's text: {remedy}");
    ended
}

#[test]
fn teamspace_413() {
    fails("teamspace-413", "413", "do not raise the ingress cap");
}

#[test]
fn teamspace_materialize() {
    fails(
        "teamspace-materialize",
        "did not materialize",
        "do not extend the timeout",
    );
}

#[test]
fn teamspace_drain() {
    fails("teamspace-drain", "last_failure_class", "");
}

#[test]
fn teamspace_skips() {
    fails("teamspace-skips", "the pulse is slow today", "");
}

#[test]
fn teamspace_none_ran() {
    fails("teamspace-none-ran", "no test ran", "");
}

/// Nothing that stands where a log is left is followed or replaced: a number goes behind the name,
/// and report and comment say which.
#[test]
fn readers_log_taken() {
    let ended = rehearse(&["readers-log-taken"]).run();
    as_it_should_be(&ended);
    let log = |number: u32| format!("/tmp/teamspace-canary-run-{number}.log");
    let beside = format!("{}.2", log(2));
    let there = [log(1), log(2), beside.clone(), log(3), log(4)];
    assert_eq!(ended.world["for_readers"], json!(there));
    assert_eq!(
        ended.fact("teamspace.logs")["readers"],
        json!([log(1), beside, log(3), log(4)])
    );
    assert!(
        ended.says("T039").contains("something stands at"),
        "{}",
        ended.told()
    );
    let tracker = *ended.comments(TRACKER).last().unwrap();
    assert!(tracker.contains(&format!("`{beside}`")), "{tracker}");
    assert_eq!(
        ended.world["home_changes"],
        json!([]),
        "the link was not followed"
    );
}

#[test]
fn tracker_closed_by_someone() {
    let ended = rehearse(&["tracker-closed-by-someone"]).run();
    ended
        .ends(5, "critical", &[("T043", "critical")])
        .issue(CANARY, "CLOSED", (1, 1, 0))
        .issue(TRACKER, "CLOSED", (1, 0, 0))
        .untouched_except(&[CANARY, TRACKER]);
    assert!(ended.stdout.contains("CRITICAL"), "loud: {}", ended.told());
}
