//! The state that the built-in gate meets, without a fault and with each of GitHub's.

use canary_gate::rehearsal::Fault;
use canary_gate::rehearsal::github::{SharedState, phase4, serve};
use serde_json::{Value, json};

use super::support::{HARNESS, PRODUCT, World, facts, runtime};

fn at_end(faults: &[Fault]) -> Value {
    let faults = faults.iter().copied().collect();
    phase4(&facts(), &faults).final_state()
}

fn issue(end: &Value, number: &str) -> Value {
    end["repositories"][PRODUCT]["issues"][number].clone()
}

#[test]
fn without_a_fault_the_gate_may_pass() {
    let end = at_end(&[]);
    assert_eq!(issue(&end, "1141")["state"], "CLOSED");
    assert_eq!(issue(&end, "1141")["events"][0]["closer"], "#1150");
    assert_eq!(issue(&end, "1141")["events"][2]["closer"], "#1187");
    assert_eq!(issue(&end, "1182")["state_reason"], "COMPLETED");
    assert_eq!(issue(&end, "1182")["events"][0]["closer"], "#1188");
    assert_eq!(issue(&end, "1038")["state"], "OPEN");
    assert_eq!(
        issue(&end, "1038")["comments"].as_array().map(Vec::len),
        Some(2)
    );
    assert_eq!(
        end["repositories"][HARNESS]["issues"]["41"]["state"],
        "OPEN"
    );
    assert_eq!(end["repositories"][PRODUCT]["releases"], 3);
    assert_eq!(end["requests"], json!([]));
}

#[test]
fn the_same_world_is_the_same_bytes() {
    assert_eq!(at_end(&[]).to_string(), at_end(&[]).to_string());
}

#[test]
fn a_blocker_can_be_open() {
    let end = at_end(&[Fault::BlockerOpen]);
    assert_eq!(issue(&end, "1141")["state"], "OPEN");
    assert_eq!(issue(&end, "1141")["state_reason"], "REOPENED");
    assert_eq!(issue(&end, "1182")["state"], "CLOSED");
}

#[test]
fn a_blocker_can_be_closed_as_not_planned() {
    let end = at_end(&[Fault::ClosedNotPlanned]);
    assert_eq!(issue(&end, "1182")["state_reason"], "NOT_PLANNED");
    assert_eq!(issue(&end, "1182")["events"][0]["closer"], Value::Null);
}

#[test]
fn there_may_be_no_new_candidate() {
    let end = at_end(&[Fault::NoNewRc]);
    assert_eq!(end["repositories"][PRODUCT]["releases"], 2);
    assert_eq!(end["repositories"][PRODUCT]["tags"], 2);
    let behind = at_end(&[Fault::IndexBehindGithub]);
    assert_eq!(behind["repositories"][PRODUCT]["releases"], 3);
}

#[test]
fn teamspace_may_be_no_longer_required() {
    let words = "Teamspace canary is no longer required for this release.";
    for (fault, association) in [
        (Fault::NotRequired, "MEMBER"),
        (Fault::NotRequiredByStranger, "NONE"),
    ] {
        let world = World::new(&[fault]);
        let answer = world.query(
            r#"{ repository(owner: "Priivacy-ai", name: "spec-kitty") { issue(number: 1038) { comments(last: 1) { nodes { body authorAssociation } } } } }"#,
        );
        let last = &answer["data"]["repository"]["issue"]["comments"]["nodes"][0];
        assert_eq!(last["body"], words);
        assert_eq!(last["authorAssociation"], association);
    }
}

#[test]
fn a_blocker_can_be_open_again_when_the_gate_acts() {
    let world = World::new(&[Fault::AlreadyReopened]);
    let view = ["issue", "view", "1141", "-R", PRODUCT, "--json", "state"];
    assert_eq!(world.json(&view), json!({"state": "CLOSED"}));
    world.query(
        r#"{ repository(owner: "Priivacy-ai", name: "spec-kitty") { releases(first: 1) { nodes { tagName } } } }"#,
    );
    assert_eq!(world.json(&view), json!({"state": "OPEN"}));
    assert_eq!(world.issue(PRODUCT, 1141)["by_gate"]["reopens"], 0);
    assert_eq!(
        world.issue(PRODUCT, 1141)["events"][3]["actor"],
        "kitty-maintainer"
    );
}

#[test]
fn somebody_can_close_the_tracker_after_the_evidence() {
    let world = World::new(&[Fault::TrackerClosedBySomeone]);
    world.gh(&[
        "issue", "comment", "1038", "-R", PRODUCT, "--body", "evidence",
    ]);
    let issue = world.issue(PRODUCT, 1038);
    assert_eq!(issue["state"], "CLOSED");
    assert_eq!(
        issue["by_gate"],
        json!({"comments": 1, "closes": 0, "reopens": 0})
    );
}

#[test]
fn the_socket_is_gone_when_the_server_is() {
    let directory = tempfile::Builder::new()
        .prefix("gh")
        .tempdir_in("/tmp")
        .expect("a directory");
    let socket = directory.path().join("github.sock");
    let state = SharedState::new(phase4(&facts(), &[].into()));
    runtime().block_on(async {
        let server = serve(&socket, state.clone()).await.expect("a server");
        let second = serve(&socket, state).await.expect_err("an error");
        assert!(second.to_string().starts_with("cannot listen on `"));
        assert!(socket.exists());
        server.stop().await;
    });
    assert!(!socket.exists());
}
