//! WP03: the service is only read, and whatever is not as it must be stops before the canary.

use super::passing::as_it_should_be;
use super::rehearsal::{Ended, rehearse};

/// WP04 never began. WP01 and WP02 do not depend on WP03, and came to their end.
#[track_caller]
fn stops_at(fault: &str, id: &str, exit: i32, verdict: &str) -> Ended {
    let outcome = if exit == 3 { "blocked" } else { "error" };
    let ended = rehearse(&[fault]).run();
    ended
        .ends(exit, verdict, &[(id, outcome)])
        .untouched_except(&[])
        .nothing_ran_after("T016", &[]);
    assert_eq!(ended.outcomes()["T012"], "passed", "{}", ended.told());
    assert_eq!(ended.world["saas"]["writes"], 0, "no canary ran");
    ended
}

/// How often a subtask read an address.
fn reads(ended: &Ended, by: &str) -> usize {
    ended
        .journal()
        .iter()
        .filter(|record| record["intent"]["by"] == by)
        .filter(|record| record["intent"]["effect"]["effect"] == "http-get")
        .count()
}

#[test]
fn saas_503_once() {
    let ended = rehearse(&["saas-503-once"]).run();
    as_it_should_be(&ended);
    assert_eq!(reads(&ended, "T013"), 2, "one retry: {}", ended.told());
    assert_eq!(reads(&ended, "T014"), 1);
}

#[test]
fn saas_503() {
    let ended = stops_at("saas-503", "T013", 3, "blocked");
    assert_eq!(reads(&ended, "T013"), 2, "once more, then stop");
    assert!(ended.says("T013").contains("503"), "{}", ended.told());
}

#[test]
fn saas_timeout() {
    let ended = stops_at("saas-timeout", "T013", 3, "blocked");
    assert_eq!(reads(&ended, "T013"), 2, "once more, then stop");
}

#[test]
fn saas_redirects() {
    let ended = stops_at("saas-redirects", "T013", 3, "blocked");
    let said = ended.says("T013");
    assert!(
        said.contains("leads to `https://login.example/start?…`"),
        "{said}"
    );
    assert_eq!(
        reads(&ended, "T013"),
        1,
        "nothing is followed, nothing tried again"
    );
}

#[test]
fn saas_html() {
    let ended = stops_at("saas-html", "T013", 3, "blocked");
    let said = ended.says("T013");
    assert!(said.contains("an HTML page “Checking”"), "{said}");
}

#[test]
fn fly_notice() {
    let ended = stops_at("fly-notice", "T015", 4, "error");
    let said = ended.says("T015");
    assert!(said.contains("it begins: Update available"), "{said}");
}

#[test]
fn ready_503() {
    let ended = stops_at("ready-503", "T014", 3, "blocked");
    assert_eq!(reads(&ended, "T014"), 2, "once more, then stop");
}

#[test]
fn infra_failures() {
    let ended = stops_at("infra-failures", "T015", 3, "blocked");
    assert_eq!(
        ended.world["saas"]["terminal_failed"], 2,
        "nothing is repaired"
    );
}

#[test]
fn sources_disagree() {
    let ended = stops_at("sources-disagree", "T015", 3, "blocked");
    let seen = ended.subtask("T015")["seen"].to_string();
    assert!(
        seen.contains(": 0") && seen.contains(": 1"),
        "both are shown: {seen}"
    );
}

#[test]
fn business_rows_moved() {
    let ended = stops_at("business-rows-moved", "T016", 3, "blocked");
    let says = ended.says("T016");
    assert!(says.contains("23") && says.contains("22"), "{says}");
    assert_eq!(ended.world["saas"]["business_rule_rejected"], 23);
}

#[test]
fn deploy_in_flight() {
    let ended = stops_at("deploy-in-flight", "T015", 3, "blocked");
    let says = ended.says("T015");
    for word in ["918545b6f03e83", "3287e1f0b92d85", "worker", "2 images"] {
        assert!(says.contains(word), "{word}: {says}");
    }
}

#[test]
fn image_moved() {
    let ended = rehearse(&["image-moved"]).run();
    ended.ends(3, "blocked", &[("T026", "blocked")]);
    let says = ended.says("T026");
    assert!(says.contains("release was v212, is v213"), "{says}");
    assert!(says.contains("image was registry.fly.io/"), "{says}");
    ended.untouched_except(&[]);
}

#[test]
fn fly_logged_out() {
    let ended = stops_at("fly-logged-out", "T015", 4, "error");
    let remedy = ended.subtask("T015")["remedy"].to_string();
    assert!(remedy.contains("flyctl auth login"), "{remedy}");
}
