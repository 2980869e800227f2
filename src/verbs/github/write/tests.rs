//! What is written to GitHub: once, where it was meant, and only with the key that was recorded.

mod second_run;

use super::super::comments::answer_with;
use super::*;
use crate::model::Verdict;
use crate::verb::Setting;
use crate::verb::scripted::{Scripted, ended};
use crate::world::{Effect, FileFailure, FileSeen, Place, Response, WorldError};

const KEY: &str = "<!-- gate run= subtask=T001 comment key=01KEY -->";
const GATEWAY: &str = "HTTP 502: Bad Gateway (https://api.github.com/graphql)";

fn sent() -> String {
    format!("It passed.\n\n{KEY}\n")
}

fn issue() -> IssueRef {
    IssueRef::parse("o/r#1").unwrap()
}

fn no_file() -> WorldError {
    WorldError::File {
        operation: "read".into(),
        path: "x".into(),
        kind: FileFailure::NotFound,
        reason: "gone".into(),
    }
}

fn written() -> Response {
    Response::Files(vec![FileSeen {
        path: Place::run("x"),
        bytes: 1,
        sha256: "0".into(),
        modified: jiff::Timestamp::UNIX_EPOCH,
    }])
}

/// A run that has no key yet and gets one.
fn fresh() -> Scripted {
    Scripted::new()
        .fail(no_file())
        .answer(Response::Id("01KEY".into()))
        .answer(written())
}

/// The run that resumes, after a part that sent this text; whether that part left it open.
fn resumed(open: bool) -> Scripted {
    let world = Scripted::new()
        .answer(Response::Text("01KEY\n".into()))
        .answer(Response::Text(sent()));
    if open {
        world.answer(Response::Text("open".into()))
    } else {
        world.fail(no_file())
    }
}

trait Shows {
    fn shows(self, comments: &[(&str, bool)]) -> Self;
    fn writes(self, code: i32, stderr: &str) -> Self;
    fn sleeps(self) -> Self;
}

impl Shows for Scripted {
    fn shows(self, comments: &[(&str, bool)]) -> Self {
        let answer = answer_with("o/r", 1, comments);
        self.run("gh api graphql", ended(0, &answer, ""))
    }

    fn writes(self, code: i32, stderr: &str) -> Self {
        self.answer(written())
            .run("gh issue comment 1 --repo o/r", ended(code, "", stderr))
    }

    fn sleeps(self) -> Self {
        self.answer(Response::Done)
    }
}

fn writes_in(world: &Scripted) -> usize {
    let commands = world.commands();
    let write = |line: &&String| {
        ["comment", "close", "reopen"]
            .iter()
            .any(|verb| line.starts_with(&format!("gh issue {verb}")))
    };
    commands.iter().filter(write).count()
}

fn slept(world: &Scripted) -> u64 {
    let asked = world.asked().into_iter();
    let sleeps = asked.map(|effect| match effect {
        Effect::Sleep { duration } => duration.as_secs(),
        _ => 0,
    });
    sleeps.sum()
}

#[tokio::test]
async fn it_is_posted_once_and_read_back() {
    let world = fresh().shows(&[]).writes(0, "").shows(&[(&sent(), true)]);
    let posted = comment_once(&world.ctx(), &issue(), "It passed.")
        .await
        .unwrap();
    assert!(!posted.was_there && posted.notes.is_empty());
    assert!(world.is_done());
}

#[tokio::test]
async fn what_github_shows_late_is_waited_for_and_never_sent_again() {
    let world = fresh()
        .shows(&[])
        .writes(1, GATEWAY)
        .shows(&[])
        .sleeps()
        .shows(&[])
        .sleeps()
        .shows(&[(&sent(), true)]);
    comment_once(&world.ctx(), &issue(), "It passed.")
        .await
        .unwrap();
    assert_eq!((writes_in(&world), slept(&world)), (1, 6));
}

#[tokio::test]
async fn what_is_never_shown_is_an_error_and_not_sent_again() {
    for (code, stderr) in [
        (1, GATEWAY),
        (0, ""),
        (1, "Post \"https://api.github.com/graphql\": EOF"),
    ] {
        let mut world = fresh().shows(&[]).writes(code, stderr).shows(&[]);
        for _ in 0..4 {
            world = world.sleeps().shows(&[]);
        }
        let world = world.answer(written());
        let trouble = comment_once(&world.ctx(), &issue(), "It passed.")
            .await
            .unwrap_err();
        assert_eq!(trouble.outcome().verdict(), Verdict::Error);
        assert_eq!((writes_in(&world), slept(&world)), (1, 30), "{stderr}");
        assert!(world.is_done());
    }
}

#[tokio::test]
async fn a_run_that_resumes_looks_first_and_for_long_where_it_was_open() {
    let world = resumed(false).shows(&[(&sent(), true)]);
    let posted = comment_once(&world.ctx(), &issue(), "Taken again.")
        .await
        .unwrap();
    assert!(posted.was_there);
    let world = resumed(true)
        .shows(&[])
        .shows(&[])
        .sleeps()
        .shows(&[(&sent(), true)]);
    let posted = comment_once(&world.ctx(), &issue(), "It passed.")
        .await
        .unwrap();
    assert!(posted.was_there);
    assert_eq!(writes_in(&world), 0);
}

#[tokio::test]
async fn a_comment_of_a_killed_process_that_github_shows_late_is_not_sent_again() {
    let world = resumed(false)
        .shows(&[])
        .shows(&[])
        .sleeps()
        .shows(&[(&sent(), true)]);
    let posted = comment_once(&world.ctx(), &issue(), "It passed.")
        .await
        .unwrap();
    assert!(posted.was_there && world.is_done());
    assert_eq!((writes_in(&world), slept(&world)), (0, 2));
}

#[tokio::test]
async fn what_a_process_did_not_send_that_was_killed_before_is_sent_after_a_long_look() {
    let mut world = resumed(false).shows(&[]).shows(&[]);
    for _ in 0..4 {
        world = world.sleeps().shows(&[]);
    }
    let world = world.writes(0, "").shows(&[(&sent(), true)]);
    let posted = comment_once(&world.ctx(), &issue(), "It passed.")
        .await
        .unwrap();
    assert!(!posted.was_there && world.is_done());
    assert_eq!((writes_in(&world), slept(&world)), (1, 30));
}

#[tokio::test]
async fn what_a_process_had_not_written_down_that_was_killed_is_sent_at_once() {
    let world = Scripted::new()
        .answer(Response::Text("01KEY\n".into()))
        .fail(no_file())
        .fail(no_file())
        .shows(&[])
        .writes(0, "")
        .shows(&[(&sent(), true)]);
    let posted = comment_once(&world.ctx(), &issue(), "It passed.")
        .await
        .unwrap();
    assert!(!posted.was_there && world.is_done());
    assert_eq!((writes_in(&world), slept(&world)), (1, 0));
}

#[tokio::test]
async fn what_a_machine_sent_that_is_gone_stands_if_the_viewer_wrote_it() {
    let lost = "Elsewhere.\n\n<!-- gate run= subtask=T001 comment key=01LOST -->";
    let world = fresh().shows(&[(lost, true)]);
    let posted = comment_once(&world.ctx(), &issue(), "It passed.")
        .await
        .unwrap();
    assert!(posted.was_there && world.is_done());
    assert_eq!(writes_in(&world), 0);
    assert!(posted.notes[0].contains("left no record"));
    // Somebody else's is none, and neither is another subtask's.
    let other = lost.replace("T001", "T0011");
    let shown = [(lost, false), (other.as_str(), true)];
    let both = [shown[0], shown[1], (&sent(), true)];
    let world = fresh().shows(&shown).writes(0, "").shows(&both);
    let posted = comment_once(&world.ctx(), &issue(), "It passed.")
        .await
        .unwrap();
    assert!(!posted.was_there);
    assert_eq!(posted.url, "https://github.example/c/2");
}

#[tokio::test]
async fn a_strangers_mark_that_the_operator_quotes_is_no_comment_of_this_run() {
    let mark = "<!-- gate run= subtask=T001 comment key=01FAKE -->";
    for quotes in [
        format!("> All is well.\n>\n> {mark}\n\nWho wrote this?"),
        format!("> All is well.\n>\n> {mark}"),
        format!("Who wrote `{mark}`?\n"),
        format!("All is well.\n\n{mark}\n\nI did not write this."),
    ] {
        let quoted = (quotes.as_str(), true);
        let world = fresh()
            .shows(&[quoted])
            .writes(0, "")
            .shows(&[quoted, (&sent(), true)]);
        let posted = comment_once(&world.ctx(), &issue(), "It passed.")
            .await
            .unwrap();
        assert!(!posted.was_there && world.is_done(), "{quotes}");
        assert_eq!(posted.url, "https://github.example/c/1");
    }
}

#[tokio::test]
async fn only_what_the_viewer_wrote_as_it_was_sent_is_ours() {
    let copy = format!("Everything failed.\n{KEY}");
    let world = fresh()
        .shows(&[(&copy, false)])
        .writes(0, "")
        .shows(&[(&copy, false), (&sent(), true)]);
    let posted = comment_once(&world.ctx(), &issue(), "It passed.")
        .await
        .unwrap();
    assert_eq!(posted.url, "https://github.example/c/1");
    assert_eq!(posted.notes.len(), 1);
    assert!(posted.notes[0].contains("by mallory"), "{:?}", posted.notes);
    for changed in [copy, sent().replace("passed", "failed")] {
        let world = resumed(false).shows(&[(&changed, true)]);
        let trouble = comment_once(&world.ctx(), &issue(), "It passed.")
            .await
            .unwrap_err();
        assert!(
            trouble
                .outcome()
                .finding()
                .unwrap()
                .what
                .contains("reads back differently")
        );
        assert_eq!(writes_in(&world), 0);
    }
    let world = resumed(false).shows(&[(&sent(), true), (&sent(), true)]);
    assert!(
        comment_once(&world.ctx(), &issue(), "It passed.")
            .await
            .is_err()
    );
    assert_eq!(writes_in(&world), 0);
}

#[tokio::test]
async fn a_write_that_meets_a_rate_limit_is_not_repeated_and_says_when_to_come_back() {
    let limited =
        "HTTP 403: You have exceeded a secondary rate limit. (https://api.github.com/graphql)";
    let world = fresh()
        .shows(&[])
        .writes(1, limited)
        .run(
            "gh api --include rate_limit",
            ended(1, "HTTP/2.0 403 Forbidden\r\nRetry-After: 90\r\n\r\n{}", ""),
        )
        .answer(Response::Now("2026-05-20T10:00:00Z".parse().unwrap()));
    let trouble = comment_once(&world.ctx(), &issue(), "It passed.")
        .await
        .unwrap_err();
    let outcome = trouble.outcome();
    assert_eq!(outcome.verdict(), Verdict::Blocked);
    let remedy = outcome.finding().unwrap().remedy.clone().unwrap();
    assert!(remedy.contains("2026-05-20T10:01:31Z"), "{remedy}");
    assert_eq!((writes_in(&world), slept(&world)), (1, 0));
}

#[tokio::test]
async fn nothing_is_written_to_an_issue_under_another_name() {
    for (name, number) in [("new/r", 1), ("o/other", 1), ("o/r", 2)] {
        let answer = answer_with(name, number, &[]);
        let world = fresh().run("gh api graphql", ended(0, &answer, ""));
        let trouble = comment_once(&world.ctx(), &issue(), "It passed.")
            .await
            .unwrap_err();
        let what = trouble.outcome().finding().unwrap().what.clone();
        assert!(what.starts_with("o/r#1 is "), "{what}");
        assert_eq!(writes_in(&world), 0);
    }
    let answer = answer_with("O/R", 1, &[(&sent(), true)]);
    let world = fresh().run("gh api graphql", ended(0, &answer, ""));
    assert!(
        comment_once(&world.ctx(), &issue(), "It passed.")
            .await
            .is_ok()
    );
}

fn state(world: Scripted, name: &str, state: &str) -> Scripted {
    let issue = serde_json::json!({
        "id": "I_1", "number": 1, "title": "t", "url": "u", "state": state,
        "stateReason": null, "closedAt": null, "repository": {"nameWithOwner": name},
    });
    let answer =
        serde_json::json!({"data": {"repository": {"nameWithOwner": name, "issue": issue}}});
    let view = format!(r#"{{"state": "{state}"}}"#);
    world
        .run("gh issue view 1 --repo o/r", ended(0, &view, ""))
        .run("gh api graphql", ended(0, &answer.to_string(), ""))
}

fn closing() -> Scripted {
    Scripted::new().setting(Setting {
        never_close: vec!["old/tracker#9".into()],
        ..Setting::default()
    })
}

#[tokio::test]
async fn what_may_never_be_closed_is_not_closed_under_another_name() {
    let same = answer_with("o/r", 1, &[]);
    let world = state(closing(), "o/r", "OPEN").run("gh api graphql", ended(0, &same, ""));
    let trouble = close_once(&world.ctx(), &issue()).await.unwrap_err();
    let what = trouble.outcome().finding().unwrap().what.clone();
    assert!(
        what.contains("`old/tracker#9` of policy.never_close"),
        "{what}"
    );
    assert_eq!(writes_in(&world), 0);
    let renamed = state(closing(), "new/r", "OPEN");
    assert!(close_once(&renamed.ctx(), &issue()).await.is_err());
    assert_eq!(writes_in(&renamed), 0);
    let other = same
        .replace("I_1", "I_9")
        .replace("\"number\":1", "\"number\":9");
    let world = state(closing(), "o/r", "OPEN")
        .run("gh api graphql", ended(0, &other, ""))
        .run("gh issue close 1", ended(0, "", ""));
    let world = state(world, "o/r", "CLOSED");
    assert_eq!(
        close_once(&world.ctx(), &issue()).await.unwrap(),
        Change::Changed
    );
}

#[tokio::test]
async fn a_state_that_github_shows_late_is_waited_for() {
    let world =
        state(Scripted::new(), "o/r", "CLOSED").run("gh issue reopen 1", ended(1, "", GATEWAY));
    let world = state(state(world, "o/r", "CLOSED").sleeps(), "o/r", "OPEN");
    assert_eq!(
        reopen_once(&world.ctx(), &issue()).await.unwrap(),
        Change::Changed
    );
    assert_eq!((writes_in(&world), slept(&world)), (1, 2));
}
