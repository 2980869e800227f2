//! `gh issue …`: view, list, comment, close, re-open, and what the final state says of it.

use canary_gate::rehearsal::github::{Act, Hits, Moment, OPERATOR, Outage};
use serde_json::json;

use super::support::{HARNESS, PRODUCT, World, issue_ref};

const NOTHING: &str = r#"{"comments":0,"closes":0,"reopens":0}"#;

fn writes(comments: u32, closes: u32, reopens: u32) -> serde_json::Value {
    json!({"comments": comments, "closes": closes, "reopens": reopens})
}

#[test]
fn views_a_closed_issue_as_the_gate_asks() {
    let world = World::new(&[]);
    let fields = "state,closedAt,title,url";
    let issue = world.json(&["issue", "view", "1141", "-R", PRODUCT, "--json", fields]);
    let expected = json!({
        "closedAt": "2026-05-18T13:41:09Z",
        "state": "CLOSED",
        "title": "Status queue rolls in_review back to planned on drain",
        "url": "https://github.com/Priivacy-ai/spec-kitty/issues/1141",
    });
    assert_eq!(issue, expected);
    world.assert_all_known();
}

#[test]
fn says_that_there_is_no_such_issue() {
    let world = World::new(&[]);
    let stderr = world.fails(&["issue", "view", "9", "-R", PRODUCT, "--json", "state"]);
    let words = "Could not resolve to an issue or pull request with the number of 9.";
    assert!(stderr.contains(words), "{stderr}");
    let stderr = world.fails(&["issue", "view", "9", "-R", "no/where", "--json", "state"]);
    let words = "Could not resolve to a Repository with the name 'no/where'.";
    assert!(stderr.contains(words), "{stderr}");
    world.assert_all_known();
}

#[test]
fn comments_from_a_file_and_is_counted() {
    let world = World::new(&[]);
    let body = world.path("body.md");
    std::fs::write(&body, "four of four\n").expect("a file");
    let file = body.to_str().expect("text");
    let url = world.gh(&["issue", "comment", "41", "-R", HARNESS, "--body-file", file]);
    let start =
        "https://github.com/Priivacy-ai/spec-kitty-end-to-end-testing/issues/41#issuecomment-";
    assert!(url.starts_with(start), "{url}");

    let name = r#"owner: "Priivacy-ai", name: "spec-kitty-end-to-end-testing""#;
    let read = world.query(&format!(
        "{{ repository({name}) {{ issue(number: 41) {{ comments(last: 1) {{ nodes {{ url body viewerDidAuthor }} }} }} }} }}"
    ));
    let comment = &read["data"]["repository"]["issue"]["comments"]["nodes"][0];
    let posted = json!({"url": url.trim(), "body": "four of four\n", "viewerDidAuthor": true});
    assert_eq!(comment, &posted);
    let issue = world.issue(HARNESS, 41);
    assert_eq!(issue["state"], "OPEN");
    assert_eq!(issue["comments"][0]["author"], OPERATOR);
    assert_eq!(issue["by_gate"], writes(1, 0, 0));
    assert_eq!(world.issue(PRODUCT, 1038)["by_gate"].to_string(), NOTHING);
    world.assert_all_known();
}

#[test]
fn refuses_comments_that_are_too_long() {
    let world = World::new(&[]);
    let body = world.path("body.md");
    std::fs::write(&body, "x".repeat(65_537)).expect("a file");
    let file = body.to_str().expect("text");
    let stderr = world.fails(&["issue", "comment", "41", "-R", HARNESS, "--body-file", file]);
    assert!(
        stderr.contains("Body is too long (maximum is 65536 characters)"),
        "{stderr}"
    );
    assert_eq!(world.issue(HARNESS, 41)["by_gate"].to_string(), NOTHING);
    world.assert_all_known();
}

#[test]
fn closes_once() {
    let world = World::new(&[]);
    let close = ["issue", "close", "41", "-R", HARNESS];
    assert!(world.gh_stderr(&close).contains("Closed issue"));
    assert!(world.gh_stderr(&close).contains("is already closed"));
    let issue = world.issue(HARNESS, 41);
    assert_eq!(issue["state"], "CLOSED");
    assert_eq!(issue["state_reason"], "COMPLETED");
    assert_eq!(issue["events"][0]["type"], "closed");
    assert_eq!(issue["events"][0]["actor"], OPERATOR);
    assert_eq!(issue["by_gate"], writes(0, 1, 0));
    world.assert_all_known();
}

#[test]
fn reopens_a_closed_issue() {
    let world = World::new(&[]);
    let reopen = ["issue", "reopen", "1141", "-R", PRODUCT];
    assert!(world.gh_stderr(&reopen).contains("Reopened issue"));
    let issue = world.issue(PRODUCT, 1141);
    assert_eq!(issue["state"], "OPEN");
    assert_eq!(issue["state_reason"], "REOPENED");
    assert_eq!(issue["by_gate"], writes(0, 0, 1));
    assert_eq!(issue["events"].as_array().map(Vec::len), Some(4));
    world.assert_all_known();
}

#[test]
fn reopening_an_open_issue_says_so_and_posts_nothing() {
    let world = World::new(&[]);
    let reopen = [
        "issue",
        "reopen",
        "1038",
        "-R",
        PRODUCT,
        "--comment",
        "again",
    ];
    assert!(world.gh_stderr(&reopen).contains("is already open"));
    assert_eq!(world.issue(PRODUCT, 1038)["by_gate"].to_string(), NOTHING);
    world.assert_all_known();
}

#[test]
fn somebody_else_acts_when_the_moment_comes_and_only_once() {
    let world = World::new(&[]);
    let tracker = issue_ref(PRODUCT, 1038);
    let moment = Moment::Commented(tracker.clone());
    world
        .state
        .lock()
        .when(moment, "somebody", Act::Close(tracker.clone()));
    world.gh(&[
        "issue",
        "comment",
        "41",
        "-R",
        HARNESS,
        "--body",
        "elsewhere",
    ]);
    assert_eq!(world.issue(PRODUCT, 1038)["state"], "OPEN");
    world.gh(&[
        "issue", "comment", "1038", "-R", PRODUCT, "--body", "evidence",
    ]);
    let issue = world.issue(PRODUCT, 1038);
    assert_eq!(issue["state"], "CLOSED");
    assert_eq!(issue["events"][0]["actor"], "somebody");
    assert_eq!(issue["by_gate"], writes(1, 0, 0));

    world.gh(&["issue", "reopen", "1038", "-R", PRODUCT]);
    world.gh(&[
        "issue",
        "comment",
        "1038",
        "-R",
        PRODUCT,
        "--body",
        "once more",
    ]);
    assert_eq!(world.issue(PRODUCT, 1038)["state"], "OPEN");
}

#[test]
fn a_write_whose_answer_got_lost_was_done_all_the_same() {
    let world = World::new(&[]);
    world
        .state
        .lock()
        .plan_outage(Hits::Writes, Outage::AnswerLost);
    let comment = [
        "issue",
        "comment",
        "41",
        "-R",
        HARNESS,
        "--body",
        "four of four",
    ];
    let stderr = world.fails(&comment);
    assert!(stderr.contains("502"), "{stderr}");
    assert_eq!(world.issue(HARNESS, 41)["by_gate"], writes(1, 0, 0));
}
