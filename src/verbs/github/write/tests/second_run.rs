//! A second run for the same gate and candidate.

use super::*;
use crate::model::Repeat;

const HEAD: &str = "<sub>journal head when this was posted: ";

/// This run is 01B, of `phase4` for 3.2.0rc16.
fn second(again: Option<Repeat>) -> Scripted {
    let setting = Setting {
        run: "01B".into(),
        format: 3,
        gate: "phase4".into(),
        candidate: Some("3.2.0rc16".into()),
        again,
        ..Setting::default()
    };
    fresh().setting(setting)
}

fn by(run: &str, text: &str, candidate: &str) -> String {
    format!(
        "{text}\n\n{HEAD}`{run}`</sub>\n\n<!-- gate run={run} subtask=T001 comment key={run}KEY \
         gate=phase4 candidate={candidate} -->"
    )
}

/// Writes, and reads back what it wrote.
fn posts(world: Scripted, before: &[(&str, bool)]) -> Scripted {
    let anchor = crate::world::Anchor {
        head: "ab".repeat(32),
        covers: std::collections::BTreeMap::new(),
    };
    let own = format!(
        "It passed.\n\n{HEAD}`{}`</sub>\n\n<!-- gate run=01B subtask=T001 comment key=01KEY \
         gate=phase4 candidate=3.2.0rc16 -->",
        "ab".repeat(32)
    );
    let after: Vec<(&str, bool)> = before
        .iter()
        .copied()
        .chain([(own.as_str(), true)])
        .collect();
    world
        .shows(before)
        .answer(Response::JournalHead(anchor))
        .writes(0, "")
        .shows(&after)
}

async fn comments(world: &Scripted) -> Result<Posted, VerbError> {
    comment_once(&world.ctx(), &issue(), "It passed.").await
}

#[tokio::test]
async fn the_first_runs_comment_is_found_and_the_operator_is_asked() {
    let first = by("01A", "It passed.", "3.2.0rc16");
    let world = second(None).shows(&[(&first, true)]);
    let outcome = comments(&world).await.unwrap_err().outcome();
    assert_eq!(outcome.verdict(), Verdict::Blocked);
    assert_eq!(writes_in(&world), 0);
    let finding = outcome.finding().unwrap();
    for word in ["01A", "`phase4`", "o/r#1", "3.2.0rc16"] {
        assert!(finding.what.contains(word), "{}", finding.what);
    }
    assert!(finding.seen[0].contains("https://github.example/c/0"));
    let remedy = finding.remedy.as_deref().unwrap();
    for choice in ["--again new", "--again keep", "gate run --resume 01A"] {
        assert!(remedy.contains(choice), "{remedy}");
    }
}

#[tokio::test]
async fn a_second_comment_is_posted_where_that_was_asked_for_and_says_so() {
    let first = by("01A", "It passed.", "3.2.0rc16");
    let world = posts(second(Some(Repeat::New)), &[(&first, true)]);
    let posted = comments(&world).await.unwrap();
    assert_eq!(posted.url, "https://github.example/c/1");
    assert!(!posted.was_there && world.is_done());
    assert!(posted.notes[0].contains("beside https://github.example/c/0 of run 01A"));
}

#[tokio::test]
async fn the_first_runs_comment_counts_only_where_it_says_the_same() {
    let first = by("01A", "It passed.", "3.2.0rc16");
    let world = second(Some(Repeat::Keep)).shows(&[(&first, true)]);
    let posted = comments(&world).await.unwrap();
    assert_eq!(posted.url, "https://github.example/c/0");
    assert!(posted.was_there && world.is_done());
    assert!(posted.notes[0].contains("01A"), "{:?}", posted.notes);
    let other = by("01A", "It failed.", "3.2.0rc16");
    let world = second(Some(Repeat::Keep)).shows(&[(&other, true)]);
    let outcome = comments(&world).await.unwrap_err().outcome();
    assert_eq!(outcome.verdict(), Verdict::Blocked);
    let finding = outcome.finding().unwrap();
    let told = finding.seen.join("\n");
    assert!(
        told.contains("line 1 there is `It failed.`, here `It passed.`"),
        "{told}"
    );
    assert!(!finding.remedy.as_deref().unwrap().contains("keep"));
    assert_eq!(writes_in(&world), 0);
}

#[tokio::test]
async fn a_strangers_mark_is_reported_and_changes_nothing() {
    let copied = by("01A", "It passed.", "3.2.0rc16");
    for again in [None, Some(Repeat::Keep), Some(Repeat::New)] {
        let world = posts(second(again), &[(&copied, false)]);
        let posted = comments(&world).await.unwrap();
        assert_eq!(posted.url, "https://github.example/c/1");
        assert!(!posted.was_there && world.is_done());
        assert!(posted.notes[0].contains("by mallory"), "{:?}", posted.notes);
    }
}

#[tokio::test]
async fn what_is_of_another_candidate_or_an_earlier_version_or_only_quoted_is_none() {
    let first = by("01A", "It passed.", "3.2.0rc16");
    let old = "It passed.\n\n<!-- gate run=01A subtask=T001 comment key=01AKEY -->";
    for body in [
        by("01A", "It passed.", "3.2.0rc15"),
        old.to_owned(),
        format!("{first}\n\nSee above."),
    ] {
        let world = posts(second(None), &[(&body, true)]);
        let posted = comments(&world).await.unwrap();
        assert!(!posted.was_there && posted.notes.is_empty(), "{body}");
        assert!(world.is_done());
    }
}

#[tokio::test]
async fn a_run_of_an_earlier_format_finds_its_comment_and_asks_nothing() {
    let setting = Setting {
        run: "01B".into(),
        format: 1,
        gate: "phase4".into(),
        candidate: Some("3.2.0rc16".into()),
        ..Setting::default()
    };
    let first = by("01A", "It passed.", "3.2.0rc16");
    let own = "It passed.\n\n<!-- gate run=01B subtask=T001 comment key=01KEY -->";
    let world = fresh()
        .setting(setting)
        .shows(&[(&first, true)])
        .writes(0, "")
        .shows(&[(&first, true), (own, true)]);
    let posted = comments(&world).await.unwrap();
    assert!(!posted.was_there && posted.notes.is_empty());
}
