//! WP02: which candidate, its install, the daemons before it.

use serde_json::json;

use super::passing::as_it_should_be;
use super::rehearsal::{Ended, rehearse};

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

/// The version that the gate was about.
fn gated(ended: &Ended) -> &str {
    ended.fact("rc")["version"].as_str().unwrap_or("none")
}

#[test]
fn later_candidate() {
    let ended = rehearse(&["later-candidate"]).run();
    as_it_should_be(&ended);
    assert_eq!(gated(&ended), "3.2.0rc16");
    let says = ended.says("T007");
    assert!(says.contains("as of 2026-05-21T00:00:00Z"), "{says}");
    assert!(!says.contains("rc17"), "it does not exist: {says}");
    // Without the day, it is the newest.
    let now = rehearse(&["later-candidate"]).with(&["--set", "rc.as_of=", "--until", "WP02"]);
    let ended = now.run();
    assert_eq!(gated(&ended), "3.2.0rc17", "{}", ended.told());
    assert_eq!(ended.outcomes()["T012"], "passed", "{}", ended.told());
}

#[test]
fn chosen_not_newest() {
    let ended = rehearse(&["chosen-not-newest"]).run();
    as_it_should_be(&ended);
    assert_eq!(gated(&ended), "3.2.0rc16");
    for id in ["T007", "T008"] {
        let says = ended.says(id);
        assert!(
            says.contains("asked for") && says.contains("3.2.0rc17"),
            "{says}"
        );
    }
}

#[test]
fn chosen_missing() {
    let ended = stops_at("chosen-missing", "T007");
    let says = ended.says("T007");
    assert!(
        says.contains("offers no spec-kitty-cli 3.2.0rc11") && says.contains("3.2.0rc10"),
        "and what is there: {says}"
    );
}

#[test]
fn chosen_yanked() {
    let says = stops_at("chosen-yanked", "T007").says("T007");
    assert!(says.contains("3.2.0rc28 was yanked"), "{says}");
}

#[test]
fn chosen_later() {
    let says = stops_at("chosen-later", "T007").says("T007");
    for word in [
        "as of 2026-05-21T00:00:00Z there was no spec-kitty-cli 3.2.0rc17",
        "2026-05-21T19:30:00Z",
    ] {
        assert!(says.contains(word), "{says}");
    }
}

#[test]
fn chosen_old() {
    let says = stops_at("chosen-old", "T008").says("T008");
    assert!(
        says.contains("3.2.0rc14, which was asked for, is not newer than 3.2.0rc15"),
        "{says}"
    );
}

/// What cannot be a candidate at all is told before anything is built.
#[test]
fn chosen_that_can_be_no_candidate() {
    for (version, says) in [
        ("3.2.0", "a final release"),
        ("4.0.0rc7", "of another release line"),
        ("3.2.0a1", "an alpha"),
        ("newest", "is not a version"),
        ("", "--candidate"),
    ] {
        let ended = rehearse(&[]).with(&["--candidate", version]).run();
        assert_eq!(ended.code, Some(2), "{}", ended.told());
        assert!(ended.stderr.contains(says), "{}", ended.told());
        assert!(ended.events.is_empty(), "{}", ended.told());
    }
}

/// Forty tags with gaps are two notes, not forty.
#[test]
fn tags_without_a_release_are_one_note() {
    let ended = rehearse(&[]).with(&["--until", "WP02", "--dry-run"]).run();
    let warnings = ended.subtask("T007")["warnings"].as_array().unwrap();
    let tagged: Vec<&str> = warnings
        .iter()
        .filter_map(serde_json::Value::as_str)
        .filter(|one| one.contains("tagged, not released"))
        .collect();
    assert_eq!(
        tagged,
        [
            "passed over on GitHub: 3.2.0rc17–rc27, 3.2.0rc29–rc36, 3.2.0rc38–rc45: tagged, not released"
        ]
    );
    assert!(warnings.len() <= 5, "{warnings:?}");
}

/// What was gated would not be what GitHub calls so now.
#[test]
fn tag_moved() {
    let ended = stops_at("tag-moved", "T011");
    let said = ended.says("T011");
    assert!(said.contains("on GitHub"), "{said}");
}

#[test]
fn index_file_changed() {
    let ended = rehearse(&["index-file-changed"]).run();
    ended
        .ends(4, "error", &[("T010", "error")])
        .untouched_except(&[]);
    let said = ended.says("T010");
    assert!(said.contains("are not those of the lock"), "{said}");
}
