//! WP05 and WP06: four runs that nobody touched, and a service that stayed the same.

use super::canary::dealt_with;
use super::rehearsal::{Ended, rehearse};

fn runs_kept(ended: &Ended) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![ended.state().join("attempts")];
    while let Some(directory) = open.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                open.push(entry.path());
            } else {
                found.push(entry.file_name().to_string_lossy().into_owned());
            }
        }
    }
    found.retain(|name| name.starts_with("run-"));
    found.sort();
    found
}

#[track_caller]
fn protocol_fails(fault: &str) -> Ended {
    let ended = rehearse(&[fault]).run();
    ended
        .ends(1, "failed", &[("T025", "failed")])
        .untouched_except(&[])
        .nothing_ran_after("T027", &[]);
    assert_eq!(ended.outcomes()["T026"], "not-run");
    dealt_with(&ended, "T027");
    ended
}

#[test]
fn run_3_fails() {
    let ended = protocol_fails("run-3-fails");
    assert_eq!(
        runs_kept(&ended),
        ["run-1.json", "run-2.json", "run-3.json"]
    );
    assert!(
        ended.says("T025").contains("run-3.json"),
        "{}",
        ended.told()
    );
}

#[test]
fn run_2_copied() {
    let ended = protocol_fails("run-2-copied");
    assert!(
        ended.says("T025").contains("same run id"),
        "{}",
        ended.told()
    );
    assert_eq!(
        runs_kept(&ended).len(),
        4,
        "the evidence of all four runs is kept"
    );
}

/// All four runs passed, and still the protocol is void.
#[track_caller]
fn intervention(fault: &str, what: &str) -> Ended {
    let ended = rehearse(&[fault]).run();
    ended
        .ends(3, "blocked", &[("T026", "blocked")])
        .untouched_except(&[])
        .nothing_ran_after("T026", &[]);
    assert_eq!(ended.outcomes()["T025"], "passed");
    let found = &ended.fact("canary.interventions")["found"];
    let list = found.as_array().unwrap();
    assert!(!list.is_empty(), "{found:#}");
    for one in list {
        let between = one["between"].as_array().unwrap();
        assert_eq!(between.len(), 2, "when: {one}");
        assert!(!one["before"].as_str().unwrap().is_empty(), "who: {one}");
    }
    assert!(
        list.iter()
            .any(|one| one["what"].as_str().unwrap().contains(what)),
        "what: {found:#}"
    );
    assert!(
        ended.says("T026").contains("run-2.json"),
        "{}",
        ended.told()
    );
    ended
}

#[test]
fn daemon_killed_between_runs() {
    intervention("daemon-killed-between-runs", "daemon was ended");
}

#[test]
fn queue_deleted_between_runs() {
    intervention("queue-deleted-between-runs", "queue.db was deleted");
}

#[test]
fn redeploy_between_runs() {
    let ended = intervention("redeploy-between-runs", "git_sha changed");
    assert_eq!(ended.world["saas"]["redeploys"], 1);
    assert_eq!(ended.world["saas"]["by_client"]["platform/1"]["writes"], 1);
}

/// Nobody did anything between two runs; but the last of them did not meet the service that was
/// found healthy before.
#[test]
fn redeploy_mid_protocol() {
    let ended = rehearse(&["redeploy-mid-protocol"]).run();
    assert_eq!(ended.world["saas"]["redeploys"], 1);
    ended
        .ends(3, "blocked", &[("T029", "blocked")])
        .untouched_except(&[])
        .nothing_ran_after("T029", &[]);
    assert_eq!(ended.outcomes()["T026"], "passed", "{}", ended.told());
    let told = ended.says("T026");
    let words = "git_sha changed while the run of run-4.json was at work";
    assert!(told.contains(words), "{told}");
    let told = ended.says("T029");
    assert!(told.contains("git_sha was"), "{told}");
}
