//! `gh issue …`: view, list, comment, close, re-open, and what the final state says of it.

use canary_gate::rehearsal::github::{Act, Hits, Moment, OPERATOR, Outage, Person};
use serde_json::json;

use crate::support::{HARNESS, PRODUCT, World, issue_ref};

const NOTHING: &str = r#"{"comments":0,"closes":0,"reopens":0}"#;

fn writes(comments: u32, closes: u32, reopens: u32) -> serde_json::Value {
    json!({"comments": comments, "closes": closes, "reopens": reopens})
}

/// What `gh issue view --json` offers.
fn known_fields(world: &World) -> String {
    world.fails(&["issue", "view", "1", "-R", PRODUCT, "--json"])
}

#[test]
fn views_a_closed_issue() {
    let world = World::new(&[]);
    // Each version of gh has its own fields: ask for all that this one has.
    let fields = known_fields(&world);
    let fields: Vec<&str> = fields.lines().skip(1).map(str::trim).collect();
    let fields = fields.join(",");
    let issue = world.json(&["issue", "view", "1141", "-R", PRODUCT, "--json", &fields]);
    assert_eq!(issue["state"], "CLOSED");
    assert_eq!(issue["closedAt"], "2026-05-18T13:41:09Z");
    assert_eq!(
        issue["title"],
        "Status queue rolls in_review back to planned on drain"
    );
    let url = "https://github.com/Priivacy-ai/spec-kitty/issues/1141";
    assert_eq!(issue["url"], url);
    assert_eq!(issue["author"]["login"], "kitty-engineer");
    assert_eq!(issue["comments"][0]["authorAssociation"], "MEMBER");
    assert_eq!(issue["labels"][0]["name"], "bug");
    if fields.contains("stateReason") {
        assert_eq!(issue["stateReason"], "COMPLETED");
    }
    world.assert_all_known();
}

#[test]
fn views_an_issue_as_a_person_would() {
    let world = World::new(&[]);
    let text = world.gh(&["issue", "view", "1038", "-R", PRODUCT, "--comments"]);
    assert!(text.contains("still required for this release"), "{text}");
    let text = world.gh(&["issue", "view", "1038", "-R", PRODUCT]);
    assert!(text.contains("state:\tOPEN"), "{text}");
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
fn lists_issues_by_state() {
    let world = World::new(&[]);
    let list = |state| {
        let arguments = ["issue", "list", "-R", PRODUCT, "--state", state];
        let found = world.json(&[&arguments[..], &["--json", "number"]].concat());
        found.to_string()
    };
    assert_eq!(list("open"), r#"[{"number":1038}]"#);
    assert_eq!(list("closed"), r#"[{"number":1182},{"number":1141}]"#);
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

    let read = ["issue", "view", "41", "-R", HARNESS, "--json", "comments"];
    let comments = world.json(&read);
    assert_eq!(comments["comments"][0]["url"], url.trim());
    assert_eq!(comments["comments"][0]["body"], "four of four\n");
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

    // Who closes a closed issue leaves no second event.
    let canary = issue_ref(HARNESS, 41);
    assert!(!world.state.lock().close_by("somebody", &canary));
    let again = world.issue(HARNESS, 41);
    assert_eq!(again["events"], issue["events"]);
}

#[test]
fn closes_with_a_reason() {
    let world = World::new(&[]);
    let close = [
        "issue",
        "close",
        "41",
        "-R",
        HARNESS,
        "--reason",
        "not planned",
    ];
    world.gh(&close);
    assert_eq!(world.issue(HARNESS, 41)["state_reason"], "NOT_PLANNED");
    world.assert_all_known();
}

#[test]
fn reopens_a_closed_issue_with_a_comment() {
    let world = World::new(&[]);
    let reopen = [
        "issue",
        "reopen",
        "1141",
        "-R",
        PRODUCT,
        "--comment",
        "it is back",
    ];
    assert!(world.gh_stderr(&reopen).contains("Reopened issue"));
    let issue = world.issue(PRODUCT, 1141);
    assert_eq!(issue["state"], "OPEN");
    assert_eq!(issue["state_reason"], "REOPENED");
    assert_eq!(issue["by_gate"], writes(1, 0, 1));
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

    assert!(world.state.lock().reopen_by("somebody", &tracker));
    assert!(!world.state.lock().reopen_by("somebody", &tracker));
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
fn comments_of_others_are_not_the_gates() {
    let world = World::new(&[]);
    let stranger = Person::stranger("passer-by");
    let tracker = issue_ref(PRODUCT, 1038);
    assert!(world.state.lock().comment_by(stranger, &tracker, "hello"));
    let issue = world.issue(PRODUCT, 1038);
    assert_eq!(issue["comments"][2]["association"], "NONE");
    assert_eq!(issue["by_gate"].to_string(), NOTHING);
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
