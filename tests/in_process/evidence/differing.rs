//! Two runs compared: what says nothing is folded away, and nothing else.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use canary_gate::evidence::{Diff, Recording, Run, Texts, diff};
use canary_gate::journal::{Answer, Folded, Header, Journal, Record, RecordLayer, read};
use canary_gate::model::{EventKind, Outcome, SubtaskId, Verdict};
use canary_gate::store::sha256_hex;
use canary_gate::world::{
    Captured, Effect, Ended, FileSeen, Finished, HttpAnswer, Place, Response, World, WorldError,
    strand,
};
use serde_json::{Value, json};

use super::bundles::bundled;
use super::sample::{ended, event, header, id, run, started};
use super::telling::{a_run_of, published};

fn compared(one: &Folded, other: &Folded) -> Diff {
    let texts = Texts::default();
    let run = |folded| Run {
        folded,
        texts: &texts,
    };
    diff(&run(one), &run(other))
}

/// The same with all that lies beside the journals.
fn compared_whole(one: &Recording, other: &Recording) -> Diff {
    let texts = [one, other].map(|recording| recording.texts().unwrap());
    diff(
        &Run {
            folded: &one.folded,
            texts: &texts[0],
        },
        &Run {
            folded: &other.folded,
            texts: &texts[1],
        },
    )
}

#[tokio::test]
async fn runs_that_differ_in_what_always_differs_are_the_same() {
    let (dir, _path) = bundled(2).await;
    let recorded = read(&dir.path().join("run")).unwrap();
    let change = |run: &Folded, change: &dyn Fn(&mut Record)| {
        let mut lines = run.lines.clone();
        for line in &mut lines {
            change(&mut line.record);
        }
        canary_gate::journal::fold(lines).unwrap()
    };
    let one = change(&recorded, &|record| {
        if let Record::Event(event) = record
            && let EventKind::FactPublished(fact) = &mut event.kind
        {
            fact.value["pid"] = 5.into();
        }
    });
    assert!(compared(&one, &one).same());
    let told = compared(&recorded, &one);
    assert!(!told.same(), "that it is there is no accident");
    let changed = |how: &dyn Fn(&mut Record)| change(&one, how);
    let later = changed(&|record| match record {
        Record::Result {
            answer: Answer::Ok(answer),
            ..
        } => {
            let mut value = answer.shown();
            if value["response"] == "now" {
                value["value"] = "2027-01-01T00:00:00Z".into();
            } else if value["response"] == "program" {
                value["value"]["elapsed_milliseconds"] = 99.into();
            }
            *answer = value.into();
        }
        Record::Event(event) => {
            if let EventKind::FactPublished(fact) = &mut event.kind {
                fact.value["pid"] = 7.into();
            }
        }
        _ => {}
    });
    let told = compared(&one, &later);
    assert!(told.same(), "{}", told.text(true));
    assert_eq!((told.facts.len(), told.volatile), (2, 2));
    assert!(told.text(false).contains("2 values that always differ"));
    assert!(!told.text(false).contains("fact.of_1"));
    assert!(told.text(true).contains(
        "fact.of_1.pid, and 1 more with the same values (nondeterministic: a process id)"
    ));

    let other = changed(&|record| match record {
        Record::Result {
            by,
            n: 3,
            answer: Answer::Ok(answer),
        } if *by == id(2) => {
            let mut value = answer.shown();
            value["value"]["ended"]["code"] = 1.into();
            *answer = value.into();
        }
        Record::Event(event) => match &mut event.kind {
            EventKind::FactPublished(fact) if fact.source.by == id(2) => {
                fact.value["version"] = "3.2.0rc17".into();
            }
            EventKind::SubtaskEnded {
                subtask, outcome, ..
            } if *subtask == id(2) => {
                *outcome = Outcome::Failed(canary_gate::model::Finding::new("x"));
            }
            _ => {}
        },
        _ => {}
    });
    let told = compared(&one, &other);
    assert_eq!(told.verdicts, (Verdict::Passed, Verdict::Failed));
    let first = told.first.clone().unwrap();
    assert_eq!(
        (first.subtask, first.exchange, first.what),
        (id(2), 3, "answer")
    );
    let text = told.text(false);
    for part in [
        "verdict: passed / failed",
        "T002: passed / failed",
        "fact.of_2.version",
        "3.2.0rc17",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[tokio::test]
async fn a_fresh_id_that_goes_on_into_requests_and_facts_says_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let audit = async |name: &str, ulid: &str, milliseconds: [u64; 2], status: u16| {
        let text = format!(
            "wrote {ulid}/junit.xml\n4 passed in 0.{}s\n",
            milliseconds[0]
        );
        let said = Response::Program(Box::new(Finished {
            ended: Ended::Code(0),
            stdout: Captured {
                bytes: text.len() as u64,
                sha256: canary_gate::store::sha256_hex(text.as_bytes()),
                text,
                ..Captured::default()
            },
            stderr: Captured::default(),
            elapsed: std::time::Duration::from_millis(milliseconds[1]),
            leftovers: Vec::new(),
            observations: Vec::new(),
            confined: None,
        }));
        let asked = [
            (Effect::FreshId, Response::Id(ulid.to_owned())),
            (
                run(&format!("pytest --junit=reports/{ulid}/junit.xml")),
                said,
            ),
            (
                Effect::Now,
                Response::Http(HttpAnswer {
                    status,
                    body: String::new(),
                    ..HttpAnswer::default()
                }),
            ),
        ];
        let value = serde_json::json!({
            "report": format!("reports/{ulid}"),
            "run_milliseconds": milliseconds,
        });
        a_run_of(&dir.path().join(name), &asked, published("audit", value, 3))
            .await
            .folded
    };
    let one = audit("one", "01KS1W46000000000000000001", [12, 13], 200).await;
    let other = audit("other", "01KS1W46000000000000000002", [140, 15], 200).await;
    let told = compared(&one, &other);
    assert!(told.same(), "{}", told.text(true));
    let all = told.text(true);
    assert!(
        all.contains("audit.report (nondeterministic: it differs only in times, ids and ports)"),
        "{all}"
    );
    assert!(
        all.contains("audit.run_milliseconds[1] (nondeterministic: how long"),
        "{all}"
    );
    let third = audit("third", "01KS1W46000000000000000003", [12, 13], 500).await;
    let first = compared(&one, &third).first.unwrap();
    assert_eq!((first.exchange, first.what), (3, "answer"));
}

/// A run that read this document, and published this of it beside the digest of its bytes.
async fn read_a_document(dir: &Path, document: &str, fact: Value) -> Recording {
    let seen = FileSeen {
        path: Place::run("result.json"),
        bytes: document.len() as u64,
        sha256: sha256_hex(document.as_bytes()),
        modified: super::sample::at(0),
    };
    let mut value = json!({"sha256": seen.sha256, "bytes": seen.bytes});
    value["said"] = fact;
    let asked = [
        (Effect::Now, Response::Files(vec![seen])),
        (Effect::Now, Response::Text(document.to_owned())),
    ];
    let recording = a_run_of(dir, &asked, published("result", value, 2)).await;
    std::fs::write(dir.join("result.json"), document).unwrap();
    recording
}

fn document(at: &str, run: &str, passed: u32) -> String {
    let padding = "so that it does not fit into the journal's line\n".repeat(100);
    let text = json!({
        "started_at": at,
        "run_id": run,
        "database": format!("homes/{run}/queue.db"),
        "url": "http://127.0.0.1:27412/",
        "passed": passed,
        "log": padding,
    });
    serde_json::to_string_pretty(&text).unwrap()
}

#[tokio::test]
async fn a_digest_is_compared_by_what_it_is_the_digest_of() {
    let dir = tempfile::tempdir().unwrap();
    let ran = async |name: &str, at: &str, run: &str, passed| {
        let fact = json!({"run_id": run, "kept_in": format!("homes/{}", run.to_lowercase())});
        read_a_document(&dir.path().join(name), &document(at, run, passed), fact).await
    };
    let one = ran(
        "one",
        "2026-05-19T10:00:00Z",
        "01KS1W46000000000000000001",
        4,
    )
    .await;
    let other = ran(
        "other",
        "2026-05-19T11:00:01Z",
        "01KS1W46000000000000000002",
        4,
    )
    .await;
    let told = compared_whole(&one, &other);
    assert!(told.same(), "{}", told.text(true));
    assert_eq!(told.volatile, 3, "{}", told.text(true));

    let third = ran(
        "third",
        "2026-05-19T11:00:01Z",
        "01KS1W46000000000000000002",
        3,
    )
    .await;
    let told = compared_whole(&one, &third).text(false);
    for part in [
        "first divergence: T001 request 1, the answer",
        "  value[0].sha256\n",
        "facts that differ:\n  result.sha256\n",
        "the runs differ",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let told = compared(&one.folded, &other.folded);
    assert!(!told.same(), "without the texts nobody knows");
}

#[tokio::test]
async fn of_long_texts_the_lines_that_differ_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let posted = async |name: &str, at: &str, count: &str| {
        let body = format!("## Evidence\n\nat {at}\ncount: {count}\nend\n");
        let fact = published("comment", json!({"body": body}), 1);
        a_run_of(&dir.path().join(name), &[], fact).await.folded
    };
    let one = posted("one", "2026-05-19T10:00:00Z", "22").await;
    let later = posted("later", "2026-05-19 11:00:00+02:00", "22").await;
    assert!(compared(&one, &later).same());
    let other = posted("other", "2026-05-19T11:00:00Z", "23").await;
    let told = compared(&one, &other).text(false);
    let expected = "facts that differ:\n  comment.body\n    - count: 22\n    + count: 23\n";
    assert!(told.contains(expected), "{told}");
}

#[tokio::test]
async fn the_same_difference_in_many_places_is_told_once() {
    let dir = tempfile::tempdir().unwrap();
    let ran = async |name: &str, commit: &str| {
        let fact = published("runs", json!([commit, commit, commit]), 1);
        a_run_of(&dir.path().join(name), &[], fact).await.folded
    };
    let told = compared(&ran("one", "1f00").await, &ran("other", "2f00").await).text(false);
    let expected = "  runs[0], and 2 more with the same values\n    - \"1f00\"\n    + \"2f00\"\n";
    assert!(told.contains(expected), "{told}");
    assert_eq!(told.matches("1f00").count(), 1, "{told}");
}

/// Answers as [`super::sample::Echo`] does, by what is asked alone.
struct ByRequest;

#[async_trait]
impl World for ByRequest {
    async fn perform(&self, _: &SubtaskId, effect: Effect) -> Result<Response, WorldError> {
        Ok(Response::Text(format!("{effect:?}")))
    }
}

#[tokio::test]
async fn the_order_between_strands_says_nothing_and_within_one_it_does() {
    let dir = tempfile::tempdir().unwrap();
    let ran = async |name: &str, order: &[(&'static str, &str)]| {
        let dir = dir.path().join(name);
        let journal = Journal::create(&dir, header(1)).unwrap();
        let world = RecordLayer::new(Arc::new(ByRequest), journal.clone());
        journal.event(&event(1, started(1))).unwrap();
        for (side, program) in order {
            let asked = async { world.perform(&id(1), run(program)).await };
            strand(side, asked).await.unwrap();
        }
        journal.event(&event(2, ended(1, 1))).unwrap();
        journal.seal(Verdict::Passed).unwrap();
        read(&dir).unwrap()
    };
    let before = [("before", "git show a"), ("before", "pytest a")];
    let after = [("after", "git show b"), ("after", "pytest b")];
    let one = ran("one", &[before, after].concat()).await;
    let other = ran("other", &[after, before].concat()).await;
    assert!(compared(&one, &other).same());
    let turned = ran("turned", &[before[1], before[0], after[0], after[1]]).await;
    let first = compared(&one, &turned).first.unwrap();
    assert_eq!((first.exchange, first.what), (1, "request"));
}

#[tokio::test]
async fn what_was_not_begun_alike_is_told_first() {
    let dir = tempfile::tempdir().unwrap();
    let ran = |name: &str, header: Header| {
        let dir = dir.path().join(name);
        let journal = Journal::create(&dir, header).unwrap();
        journal.seal(Verdict::Error).unwrap();
        read(&dir).unwrap()
    };
    let as_of = |day: &str| {
        let mut begun = header(0);
        let day = format!("2026-05-{day}T00:00:00Z");
        begun.parameters.insert("rc.as_of".into(), day.into());
        begun
    };
    let one = ran("one", as_of("21"));
    let mut begun = as_of("22");
    begun.tools.insert("gh".into(), "2.40.0".into());
    begun
        .parameters
        .insert("saas.url".into(), "https://example.com".into());
    let told = compared(&one, &ran("other", begun));
    assert!(!told.same());
    assert!(
        told.text(false).contains(
            "different inputs:\n  parameter rc.as_of\n    - \"2026-05-21T00:00:00Z\"\n    \
             + \"2026-05-22T00:00:00Z\"\n  parameter saas.url\n    - nothing\n    \
             + \"https://example.com\"\n  tool gh\n    - \"2.23.0\"\n    + \"2.40.0\"\n"
        ),
        "{}",
        told.text(false)
    );
}

#[tokio::test]
async fn what_only_one_run_published_is_named_and_not_spread_out() {
    let dir = tempfile::tempdir().unwrap();
    let ran = async |name: &str, fact: &str| {
        let fact = published(fact, json!({"a": 1, "b": [1, 2]}), 1);
        a_run_of(&dir.path().join(name), &[], fact).await.folded
    };
    let told = compared(&ran("one", "canary").await, &ran("other", "tracker").await);
    assert!(!told.same());
    let text = told.text(false);
    let expected = "facts of the first alone: canary\nfacts of the second alone: tracker\n";
    assert!(text.contains(expected), "{text}");
    assert!(told.facts.is_empty(), "{text}");
}

#[tokio::test]
async fn of_an_empty_list_and_a_filled_one_the_items_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let ran = async |name: &str, problems: Value| {
        let fact = published("canary", json!({"problems": problems, "problem": 1}), 1);
        a_run_of(&dir.path().join(name), &[], fact).await.folded
    };
    let told = compared(
        &ran("one", json!([])).await,
        &ran("other", json!(["red"])).await,
    );
    let paths: Vec<&str> = told.facts.iter().map(|fact| fact.path.as_str()).collect();
    assert_eq!(paths, ["canary.problems[0]"]);
    let told = compared(
        &ran("three", json!([])).await,
        &ran("four", json!({})).await,
    );
    assert_eq!(told.facts.len(), 1, "{}", told.text(false));
}

/// A journal may name whatever its writer liked: nothing outside of the run is read for it.
#[tokio::test]
async fn a_name_that_leads_elsewhere_is_not_followed() {
    let dir = tempfile::tempdir().unwrap();
    let outside = dir.path().join("outside");
    std::fs::write(&outside, "somebody else's").unwrap();
    let seen = |path: &str, sha256: &str| FileSeen {
        path: Place::run(path),
        bytes: 1,
        sha256: sha256.into(),
        modified: super::sample::at(0),
    };
    let files = vec![
        seen("../outside", "1"),
        seen(outside.to_str().unwrap(), "2"),
        seen("./there", "3"),
        seen("there", &sha256_hex(b"ours")),
        seen("cleared", "5"),
        seen("changed", "6"),
    ];
    let asked = [(Effect::Now, Response::Files(files))];
    let run = dir.path().join("run");
    let recording = a_run_of(&run, &asked, published("fact", json!(1), 1)).await;
    for (name, text) in [
        ("there", "ours"),
        ("cleared", "in ‹run›"),
        ("changed", "by hand"),
    ] {
        std::fs::write(run.join(name), text).unwrap();
    }
    let texts = recording.texts().unwrap();
    let files = [(sha256_hex(b"ours"), "ours"), ("5".to_owned(), "in ‹run›")];
    let files = files.map(|(sha256, text)| (sha256, text.to_owned()));
    assert_eq!(texts.files, BTreeMap::from(files));
    assert!(texts.blobs.is_empty());
}

/// A day that was asked for is no time that happens to be another one.
#[tokio::test]
async fn a_time_that_is_not_named_as_one_of_the_moment_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let ran = async |name: &str, day: &str| {
        let day = format!("2026-05-{day}T00:00:00Z");
        let fact = published("install", json!({"as_of": day, "at": day}), 1);
        a_run_of(&dir.path().join(name), &[], fact).await.folded
    };
    let told = compared(&ran("one", "21").await, &ran("other", "22").await);
    assert_eq!((told.facts.len(), told.volatile), (2, 1));
    assert!(told.text(false).contains("  install.as_of\n"));
}
