//! WP02: which candidate, its install, the daemons before it.

use serde_json::json;

use crate::passing::as_it_should_be;
use crate::rehearsal::{Ended, rehearse};

const INDEPENDENT: [&str; 4] = ["T013", "T014", "T015", "T016"];

#[track_caller]
fn stops_at(fault: &str, id: &str) -> Ended {
    let ended = rehearse(&[fault]).run();
    ended
        .ends(3, "blocked", &[(id, "blocked")])
        .untouched_except(&[])
        .nothing_ran_after(id, &INDEPENDENT);
    assert_eq!(ended.world["saas"]["writes"], 0, "no canary ran");
    ended
}

/// The orphans are left alone: the gate stopped before it was its turn to end them. The world
/// ends them itself, after it has told its state.
#[track_caller]
fn no_new_candidate(fault: &str) -> Ended {
    let ended = stops_at(fault, "T008");
    assert!(ended.says("T008").contains("3.2.0rc15"), "{}", ended.told());
    ended
}

#[test]
fn no_new_rc() {
    no_new_candidate("no-new-rc");
}

#[test]
fn rc_yanked() {
    no_new_candidate("rc-yanked");
}

#[test]
fn index_behind_github() {
    let ended = no_new_candidate("index-behind-github");
    let told = format!("{}{}", ended.says("T007"), ended.says("T008"));
    for list in ["index", "GitHub"] {
        assert!(told.contains(list), "both lists are shown: {told}");
    }
    assert!(told.contains("3.2.0rc16"), "{told}");
}

#[test]
fn rc_broken_import() {
    let ended = stops_at("rc-broken-import", "T012");
    let says = ended.says("T012");
    assert!(says.contains("specify_cli.sync.preflight"), "{says}");
    assert!(
        !says.contains("specify_cli.sync.owner "),
        "only the one that is missing: {says}"
    );
}

#[test]
fn stubborn_daemon() {
    let ended = rehearse(&["stubborn-daemon"]).run();
    as_it_should_be(&ended);
    let fates: Vec<&str> = ended.fact("daemons.before_install")["receipts"]
        .as_array()
        .unwrap_or_else(|| panic!("{}", ended.told()))
        .iter()
        .map(|receipt| receipt["fate"].as_str().unwrap())
        .collect();
    assert_eq!(fates.len(), 2, "{fates:?}");
    assert!(
        fates.contains(&"terminated") && fates.contains(&"killed"),
        "{fates:?}"
    );
}

#[test]
fn bystanders() {
    let ended = rehearse(&["bystanders"]).run();
    as_it_should_be(&ended);
    assert_eq!(
        ended.world["bystanders_alive"],
        json!({"grep": true, "vim": true})
    );
}

#[test]
fn stale_path_cli() {
    let ended = rehearse(&["stale-path-cli"]).run();
    as_it_should_be(&ended);
    let version = &ended.fact("canary.single_result")["runs"][0]["cli_version"];
    assert_eq!(
        version, "spec-kitty-cli version 3.2.0rc16",
        "the throwaway one is used"
    );
    let reported = ["T010", "T011", "T012", "T017"].iter().any(|id| {
        ended.subtask(id)["warnings"]
            .to_string()
            .contains("bin/spec-kitty")
    });
    assert!(reported, "the one on PATH is reported: {}", ended.told());
}
