//! What a comparison must not fold away, and what it must not follow.

use std::path::Path;

use canary_gate::evidence::{Diff, Recording, Run, Texts, diff};
use canary_gate::journal::{Folded, Header, Journal, read};
use canary_gate::model::Asked;
use canary_gate::store::sha256_hex;
use canary_gate::world::{Effect, FileSeen, Place, Response};
use serde_json::{Value, json};

use super::sample::{at, header, resumed};
use super::telling::{a_run_of, published};

fn of<'r>(folded: &'r Folded, texts: &'r Texts) -> Run<'r> {
    Run { folded, texts }
}

/// Two runs that only published a fact.
async fn facts(one: &Value, other: &Value) -> Diff {
    let run = async |value: &Value| {
        let dir = tempfile::tempdir().unwrap();
        let fact = published("fact", value.clone(), 1);
        a_run_of(dir.path(), &[], fact).await.folded
    };
    let (one, other) = (run(one).await, run(other).await);
    diff(&of(&one, &Texts::default()), &of(&other, &Texts::default()))
}

/// The comparison of both with all that lies beside them.
fn whole(one: &Recording, other: &Recording) -> Diff {
    let (a, b) = (one.texts().unwrap(), other.texts().unwrap());
    diff(&of(&one.folded, &a), &of(&other.folded, &b))
}

fn seen(path: &str, sha256: &str) -> FileSeen {
    FileSeen {
        path: Place::run(path),
        bytes: 1,
        sha256: sha256.into(),
        modified: at(0),
    }
}

async fn answered(dir: &Path, answer: Response) -> Recording {
    let asked = [(Effect::Now, answer)];
    a_run_of(dir, &asked, published("fact", json!(1), 1)).await
}

fn reference(sha256: &str) -> Value {
    json!({"‹blob›": {"sha256": sha256, "bytes": 1}})
}

#[tokio::test]
async fn what_is_named_as_of_the_moment_may_differ_but_must_be_there() {
    let daemon = json!({"pid": 5, "started": 7, "port": 1});
    let other = json!({"pid": 6, "started": 8, "port": 2});
    assert!(facts(&json!([daemon]), &json!([other])).await.same());
    for (one, other) in [
        (json!([]), json!([daemon])),
        (json!([daemon]), json!([daemon, other])),
        (json!({"kept": null}), json!({"kept": "x"})),
        (json!({"x": 1}), json!({"x": 1, "pid": 1})),
        (json!({"list": []}), json!({"list": {}})),
    ] {
        let told = facts(&one, &other).await;
        assert!(!told.same(), "{one} {other}");
    }
    // What says nothing as a whole may hold more in one of them.
    let observed = |files| json!({"observations": [{"files": files, "at": 1}]});
    assert!(
        facts(&observed(json!([])), &observed(json!([{"modified": 1}])))
            .await
            .same()
    );
}

#[tokio::test]
async fn times_and_parents_of_something_else_than_the_run_say_something() {
    for (name, one, other) in [
        (
            "closed_at",
            json!("2026-05-19T10:00:00Z"),
            json!("2026-05-20T10:00:00Z"),
        ),
        ("closed_at", json!("2026-05-19T10:00:00Z"), json!(null)),
        (
            "build_timestamp",
            json!("2026-05-19T10:00:00Z"),
            json!("2026-05-20T10:00:00Z"),
        ),
        ("parent", json!("1f00"), json!("2f00")),
    ] {
        let told = facts(&json!({name: one}), &json!({name: other})).await;
        assert!(!told.same(), "{name}");
    }
    let left = |parent| json!({"leftovers": [{"parent": parent}]});
    assert!(facts(&left(1), &left(2)).await.same());
}

#[tokio::test]
async fn a_name_with_a_dot_hides_no_other_value() {
    for (one, other) in [
        (
            json!({"ab": {"c": 1}, "ab.c": 5}),
            json!({"ab": {"c": 2}, "ab.c": 5}),
        ),
        (json!({"at.json": 1}), json!({"at.json": 2})),
        (json!({"port[http]": 1}), json!({"port[http]": 2})),
    ] {
        assert!(!facts(&one, &other).await.same(), "{one}");
    }
}

#[tokio::test]
async fn long_values_are_told_from_where_they_differ() {
    let long = |n: u8| format!("{}{n}", "a".repeat(400));
    let one = json!({"t1": long(1), "t2": long(2)});
    let other = json!({"t1": long(3), "t2": long(4)});
    let told = facts(&one, &other).await.text(false);
    for part in [
        "fact.t1\n",
        "fact.t2\n",
        "a1\"\n",
        "a2\"\n",
        "a3\"\n",
        "a4\"\n",
    ] {
        assert!(told.contains(part), "{part} {told}");
    }
    assert!(!told.contains("with the same values"), "{told}");
    let longer = told.lines().map(str::len).max().unwrap();
    assert!(longer < 100, "{told}");
}

#[tokio::test]
async fn where_only_the_line_ends_differ_the_texts_are_shown() {
    for other in ["x\ny\nz\n", "x\r\ny\r\nz"] {
        let told = facts(&json!("x\ny\nz"), &json!(other)).await;
        assert_eq!(told.facts[0].lines, None);
        let text = told.text(false);
        assert!(text.contains(r#"- "x\ny\nz""#), "{text}");
    }
}

#[tokio::test]
async fn json_that_says_a_name_twice_is_compared_as_it_is_written() {
    let told = facts(&json!(r#"{"a":1,"a":2}"#), &json!(r#"{"a":3,"a":2}"#)).await;
    assert!(!told.same());
    let moment = |at: &str| json!(format!(r#"{{"at": "{at}", "n": 1}}"#));
    assert!(facts(&moment("10:00"), &moment("11:00")).await.same());
}

/// A journal with this header, resumed with that, and nothing else in it.
fn asked(header: Header, gone_on: Option<Asked>) -> Folded {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = Journal::create(dir.path(), header).unwrap();
    if let Some(asked) = gone_on {
        drop(journal);
        let resumed = canary_gate::journal::Resumed {
            handed_on: None,
            asked,
            version: "0.2.0".into(),
            ..resumed()
        };
        journal = Journal::resume(dir.path(), resumed).unwrap().0;
    }
    drop(journal);
    read(dir.path()).unwrap()
}

#[test]
fn what_was_asked_for_and_what_went_on_are_compared() {
    let dry = Asked {
        dry_run: true,
        ..Asked::default()
    };
    let plain = asked(header(1), None);
    let differ = |other: &Folded| {
        let (none, texts) = (Texts::default(), Texts::default());
        let told = diff(&of(&plain, &none), &of(other, &texts)).began_with;
        told.into_iter().map(|one| one.path).collect::<Vec<_>>()
    };
    let of_header = asked(
        Header {
            asked: dry.clone(),
            ..header(1)
        },
        None,
    );
    assert_eq!(differ(&of_header), ["asked for.dry_run"]);
    let gone_on = asked(header(1), Some(dry));
    let expected = ["asked for.dry_run", "tool gh", "version"];
    assert_eq!(differ(&gone_on), expected);
    // What a journal did not keep says nothing.
    let templates = |text: &str| {
        let mut header = header(1);
        header.gate.templates = [("note.md".to_owned(), text.to_owned())].into();
        asked(header, None)
    };
    assert_eq!(differ(&templates("00")), [""; 0]);
    let (a, b) = (templates("00"), templates("01"));
    let texts = Texts::default();
    let told = diff(&of(&a, &texts), &of(&b, &texts)).began_with;
    assert_eq!(told[0].path, "template note.md");
}

#[tokio::test]
async fn a_file_that_refers_to_itself_is_compared_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let digest = sha256_hex(b"of itself");
    let recorded = async |name: &str, more: &str| {
        let run = dir.path().join(name);
        let files = Response::Files(vec![seen("f", &digest)]);
        let recording = answered(&run, files).await;
        // Cleared of a path: then its digest is not that of the journal.
        let text = json!([reference(&digest), "‹run›", more]).to_string();
        std::fs::write(run.join("f"), text).unwrap();
        recording
    };
    let (one, other) = (recorded("one", "").await, recorded("other", "x").await);
    assert!(whole(&one, &other).same(), "the journals say the same");
}

#[tokio::test]
async fn blobs_that_refer_to_each_other_cost_what_they_hold() {
    let dir = tempfile::tempdir().unwrap();
    let mut texts = vec!["x".repeat(5000)];
    for _ in 0..6 {
        let before = sha256_hex(texts.last().unwrap().as_bytes());
        texts.push(json!(vec![reference(&before); 100]).to_string());
    }
    // Each is an answer, so each is a blob; the last would be a million million letters.
    let recorded = async |name: &str| {
        let answers = texts
            .iter()
            .map(|text| (Effect::Now, Response::Text(text.clone())));
        let asked: Vec<_> = answers.collect();
        a_run_of(
            &dir.path().join(name),
            &asked,
            published("fact", json!(1), 1),
        )
        .await
    };
    let (one, other) = (recorded("one").await, recorded("other").await);
    assert_eq!(one.texts().unwrap().blobs.len(), texts.len());
    assert!(whole(&one, &other).same());
}

#[tokio::test]
async fn a_file_never_stands_for_the_blob_that_was_recorded() {
    let dir = tempfile::tempdir().unwrap();
    let recorded = async |name: &str, user: &str| {
        let text = format!("{}{user}\n4 passed in 0.1s\n", "a line\n".repeat(1000));
        let sha256 = sha256_hex(text.as_bytes());
        let asked = [
            (Effect::Now, Response::Text(text)),
            (Effect::Now, Response::Files(vec![seen("log", &sha256)])),
        ];
        let run = dir.path().join(name);
        let recording = a_run_of(&run, &asked, published("fact", json!(1), 1)).await;
        // Forged afterwards: both say the same, and that something was cleared from them.
        std::fs::write(run.join("log"), "‹run› 4 passed in 0.1s\n").unwrap();
        recording
    };
    let (one, other) = (recorded("one", "the").await, recorded("other", "tqe").await);
    let told = whole(&one, &other);
    let lines = told.first.unwrap().parts[0].lines.clone().unwrap();
    assert_eq!(lines, "- the\n+ tqe");
}

/// A text may be too long for a record in the one journal, and not in the other.
#[tokio::test]
async fn the_same_text_in_a_blob_and_in_a_record_is_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let recorded = async |name: &str, blob_limit: usize, end: &str| {
        let run = dir.path().join(name);
        let answer = Response::Text(format!("{}{end}", "a line\n".repeat(1000)));
        let recording = super::telling::a_run_with(
            &run,
            Header {
                blob_limit,
                ..header(1)
            },
            &[(Effect::Now, answer)],
            published("fact", json!(1), 1),
        )
        .await;
        assert_eq!(
            recording.texts().unwrap().blobs.is_empty(),
            blob_limit > 7000
        );
        recording
    };
    let one = recorded("one", 4096, "the end\n").await;
    assert!(whole(&one, &recorded("same", 16384, "the end\n").await).same());
    let told = whole(&one, &recorded("other", 16384, "an end\n").await);
    let part = &told.first.unwrap().parts[0];
    assert_eq!(
        part.lines.as_deref(),
        Some("- the end\n+ an end"),
        "{part:?}"
    );
}
