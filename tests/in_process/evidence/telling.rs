//! Compared, explained, reproduced.

use std::collections::{BTreeMap, VecDeque};
use std::io::Read as _;
use std::path::Path;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use canary_gate::evidence::{
    Basis, ExplainError, Promise, Recording, Rerun, Rerunned, explain, reproduce,
};
use canary_gate::journal::{Answer, Folded, Header, Journal, RecordLayer, canonical, read};
use canary_gate::model::{EventKind, Fact, Outcome, Source, SubtaskId, Verdict};
use canary_gate::store::disk::OsDisk;
use canary_gate::world::{Effect, HttpAnswer, Response, World, WorldError};

use super::bundles::{bundled, reports, spec};
use super::hostile::forged_block_at;
use super::sample::{Echo, effects, ended, event, fact, header, id, run, started};

/// The sample's own engine: asks what the sample asked, and concludes the same.
#[derive(Default)]
struct Engine {
    twist: Twist,
}

#[derive(Default, PartialEq)]
enum Twist {
    #[default]
    None,
    OtherRequest,
    OneRequestLess,
    OtherFact,
    OtherOutcome,
    SameFactWrittenOtherwise,
}

#[async_trait]
impl Rerun for Engine {
    async fn run(&self, recorded: &Folded, world: Arc<dyn World>) -> Result<Rerunned, String> {
        let mut again = Rerunned::default();
        // Another completion order than the recorded one.
        for n in (1..=recorded.header.plan.len()).rev() {
            let mut asked = effects(n);
            if n == 2 && self.twist == Twist::OtherRequest {
                asked[2] = run("gh issue close 2");
            }
            if n == 2 && self.twist == Twist::OneRequestLess {
                asked.pop();
            }
            for effect in asked {
                let _ = world.perform(&id(n), effect).await;
            }
            let EventKind::FactPublished(mut fact) = fact(n, &format!("fact.of_{n}"), 4) else {
                unreachable!()
            };
            match self.twist {
                Twist::OtherFact if n == 2 => fact.value = serde_json::json!("other"),
                Twist::SameFactWrittenOtherwise => {
                    fact.value = serde_json::json!({"score": 0.1, "version": "3.2.0rc16"});
                }
                _ => {}
            }
            again
                .facts
                .publish(fact)
                .map_err(|error| error.to_string())?;
            let outcome = match self.twist {
                Twist::OtherOutcome if n == 3 => Outcome::passed("something else"),
                _ => Outcome::passed("seen"),
            };
            again.outcomes.insert(id(n), outcome);
        }
        Ok(again)
    }

    fn reports(&self, folded: &Folded) -> Result<BTreeMap<String, Vec<u8>>, String> {
        reports(folded)
    }
}

/// Makes reports, and is never run.
struct Never;

#[async_trait]
impl Rerun for Never {
    async fn run(&self, _: &Folded, _: Arc<dyn World>) -> Result<Rerunned, String> {
        panic!("it was run")
    }

    fn reports(&self, folded: &Folded) -> Result<BTreeMap<String, Vec<u8>>, String> {
        reports(folded)
    }
}

async fn reproduced(path: &Path, twist: Twist) -> canary_gate::evidence::Reproduced {
    let dir = tempfile::tempdir().unwrap();
    let scratch = dir.path().join("scratch");
    reproduce(Arc::new(OsDisk), path, &scratch, |_| {
        Ok(Arc::new(Engine { twist }))
    })
    .await
    .unwrap()
}

#[tokio::test]
async fn a_bundle_is_reproduced_byte_for_byte_elsewhere_and_in_another_order() {
    let (_dir, path) = bundled(3).await;
    let done = reproduced(&path, Twist::None).await;
    assert!(done.kept(), "{done}");
    let digest = canary_gate::store::sha256_hex(&std::fs::read(&path).unwrap());
    let text = done.to_string();
    assert!(
        text.ends_with(&format!("reproduced byte for byte: sha256:{digest}")),
        "{text}"
    );
    assert!(text.contains("not promised"), "{text}");
}

#[tokio::test]
async fn the_first_difference_is_told_with_subtask_recorded_and_made() {
    let (_dir, path) = bundled(3).await;
    for (twist, said) in [
        (
            Twist::OtherRequest,
            vec!["T002", "recorded as request 3", "comment", "made:", "close"],
        ),
        (
            Twist::OneRequestLess,
            vec!["T002", "recorded as request 4", "made: no request"],
        ),
        (Twist::OtherFact, vec!["T002", "fact.of_2", "\"other\""]),
        (Twist::OtherOutcome, vec!["T003", "something else"]),
        (
            Twist::SameFactWrittenOtherwise,
            vec!["fact `fact.of_1` of T001 is written otherwise than in record "],
        ),
    ] {
        let done = reproduced(&path, twist).await;
        assert!(!done.kept());
        assert!(matches!(done.same_bytes, Promise::Kept(_)), "{done}");
        let text = done.to_string();
        for part in said {
            assert!(text.contains(part), "`{part}` not in {text}");
        }
    }
}

#[tokio::test]
async fn bytes_that_another_packer_made_break_the_first_promise_alone() {
    let (dir, path) = bundled(3).await;
    let (mut tar, packed) = (Vec::new(), std::fs::read(&path).unwrap());
    flate2::read::MultiGzDecoder::new(packed.as_slice())
        .read_to_end(&mut tar)
        .unwrap();
    let blocks = tar
        .chunks(1 << 20)
        .flat_map(|part| forged_block_at(1, part));
    let to = dir.path().join("packed-elsewhere.tar.gz");
    std::fs::write(&to, blocks.collect::<Vec<u8>>()).unwrap();
    assert!(super::bundles::check(&to).unwrap().intact());
    let done = reproduced(&to, Twist::None).await;
    assert!(matches!(done.same_bytes, Promise::Broken(_)), "{done}");
    assert!(matches!(done.replayed, Promise::Kept(_)), "{done}");
    assert!(
        !done.kept() && done.to_string().contains("NOT reproduced"),
        "{done}"
    );
}

#[tokio::test]
async fn what_is_not_intact_is_not_even_run() {
    let (dir, path) = bundled(1).await;
    let run_dir = dir.path().join("run");
    let mut forged = spec(&run_dir);
    forged
        .reports
        .insert("report.md".into(), b"passed!".to_vec());
    let to = dir.path().join("forged.tar.gz");
    canary_gate::evidence::bundle(&OsDisk, forged, &to, &mut canary_gate::store::NoScan).unwrap();
    let scratch = dir.path().join("scratch");
    let never = |_: &_| Ok(Arc::new(Never) as Arc<dyn Rerun>);
    let done = reproduce(Arc::new(OsDisk), &to, &scratch, never).await;
    let done = done.unwrap();
    assert!(matches!(done.replayed, Promise::NotTried(_)), "{done}");
    assert!(!scratch.exists(), "nothing of it is unpacked");
    assert!(reproduced(&path, Twist::None).await.kept());
}

/// Answers in turn, then as [`Echo`].
struct InTurn(Mutex<VecDeque<Response>>);

#[async_trait]
impl World for InTurn {
    async fn perform(&self, by: &SubtaskId, effect: Effect) -> Result<Response, WorldError> {
        let next = self.0.lock().unwrap().pop_front();
        match next {
            Some(answer) => Ok(answer),
            None => Echo::default().perform(by, effect).await,
        }
    }
}

/// A run of one subtask that makes these exchanges and publishes this of the last.
pub(crate) async fn a_run_of(dir: &Path, asked: &[(Effect, Response)], fact: Fact) -> Recording {
    a_run_with(dir, header(1), asked, fact).await
}

pub(crate) async fn a_run_with(
    dir: &Path,
    header: Header,
    asked: &[(Effect, Response)],
    fact: Fact,
) -> Recording {
    let journal = Journal::create(dir, header).unwrap();
    let answers = asked.iter().map(|(_, answer)| answer.clone()).collect();
    let world = RecordLayer::new(Arc::new(InTurn(Mutex::new(answers))), journal.clone());
    journal.event(&event(1, started(1))).unwrap();
    for (effect, _) in asked {
        world.perform(&id(1), effect.clone()).await.unwrap();
    }
    let published = EventKind::FactPublished(fact);
    journal.event(&event(2, published)).unwrap();
    journal.event(&event(3, ended(1, 1))).unwrap();
    journal.seal(Verdict::Passed).unwrap();
    Recording::open(Arc::new(OsDisk), dir).unwrap()
}

pub(crate) fn published(name: &str, value: serde_json::Value, exchange: u32) -> Fact {
    Fact {
        name: name.to_owned(),
        value,
        source: Source {
            by: id(1),
            exchange: Some(exchange),
            facts: Vec::new(),
            origins: Vec::new(),
        },
    }
}

#[tokio::test]
async fn an_exchange_that_holds_a_value_by_its_name_is_preferred_and_none_is_made_up() {
    let dir = tempfile::tempdir().unwrap();
    let body = r#"{"count":"3","git_sha":"1f00","version":"3.2.0rc16"}"#.to_owned();
    let asked = [
        (
            Effect::Now,
            Response::Http(HttpAnswer {
                status: 200,
                body,
                ..HttpAnswer::default()
            }),
        ),
        (
            Effect::Now,
            Response::Text("3.2.0rc16 and \u{9b}31m\u{202e} 1f00".to_owned()),
        ),
        (Effect::Now, Response::Text("rc13".to_owned())),
    ];
    let value = serde_json::json!({
        "version": "3.2.0rc16",
        "git": {"sha": "1f00"},
        "count": "3",
        "status": 200,
        "made_up": "nobody said this",
    });
    let recording = a_run_of(
        &dir.path().join("run"),
        &asked,
        published("health", value, 3),
    )
    .await;
    let explained = |path: &str| {
        let told = explain(&recording, path).unwrap();
        let text = told.to_string();
        assert!(!text.contains(['\u{9b}', '\u{202e}']), "{text:?}");
        (told.exchange.unwrap(), text)
    };
    for (path, pointer) in [
        ("health.version", "/value/body"),
        ("health.count", "/value/body"),
        ("health.status", "/value/status"),
    ] {
        let (exchange, text) = explained(path);
        assert_eq!(
            (exchange.n, exchange.found[0].pointer.as_str()),
            (1, pointer),
            "{text}"
        );
        assert!(
            exchange.found[0].named && !text.contains("perhaps"),
            "{text}"
        );
    }
    // Both have it under another name, or under none: nobody can say which it is from.
    let told = explain(&recording, "health.git.sha").unwrap();
    assert_eq!(
        (told.basis, told.candidates.as_slice()),
        (Basis::Ambiguous, &[1, 2][..])
    );
    assert!(told.exchange.is_none() && told.to_string().contains("requests 1, 2; T001"));
    let (exchange, text) = explained("health.made_up");
    assert_eq!((exchange.n, exchange.found.len()), (3, 0));
    assert!(
        text.contains("no answer holds this value: T001 concluded it"),
        "{text}"
    );
}

#[tokio::test]
async fn a_value_is_followed_to_the_bytes_it_came_from() {
    let dir = tempfile::tempdir().unwrap();
    let run_dir = dir.path().join("run");
    let mut header = header(1);
    header.gate.sha256 = canary_gate::store::sha256_hex(super::bundles::GATE);
    let journal = Journal::create(&run_dir, header).unwrap();
    let world = RecordLayer::new(Arc::new(Echo::default()), journal.clone());
    journal.event(&event(1, started(1))).unwrap();
    world.perform(&id(1), Effect::Now).await.unwrap();
    world
        .perform(&id(1), run("git show 3.2.0rc16 --stat"))
        .await
        .unwrap();
    journal.event(&event(2, fact(1, "rc", 2))).unwrap();
    journal.event(&event(3, ended(1, 1))).unwrap();
    journal.seal(Verdict::Passed).unwrap();
    let bundle = dir.path().join("b.tar.gz");
    let spec = spec(&run_dir);
    canary_gate::evidence::bundle(&OsDisk, spec, &bundle, &mut canary_gate::store::NoScan).unwrap();
    for path in [&run_dir, &bundle] {
        let recording = Recording::open(Arc::new(OsDisk), path).unwrap();
        let told = explain(&recording, "rc.version").unwrap();
        assert_eq!((told.fact.as_str(), &told.by), ("rc", &id(1)));
        let exchange = told.exchange.as_ref().unwrap();
        assert_eq!((exchange.n, exchange.records.as_slice()), (2, &[4, 5][..]));
        let text = told.to_string();
        for part in [
            "rc.version = \"3.2.0rc16\"",
            "published by T001",
            "git show [3.2.0rc16] --stat",
            "/value/stdout/text bytes 9–18",
        ] {
            assert!(text.contains(part), "`{part}` not in {text}");
        }
        let Err(ExplainError::NoFact { nearest, .. }) = explain(&recording, "rc.versoin") else {
            panic!("explained")
        };
        assert_eq!(nearest, ["rc"]);
    }
}

#[tokio::test]
async fn a_long_answer_is_explained_from_its_blob() {
    let (dir, path) = bundled(1).await;
    for path in [dir.path().join("run"), path] {
        let recording = Recording::open(Arc::new(OsDisk), &path).unwrap();
        let course = recording.folded.course(&id(1)).unwrap();
        let Some(Answer::Ok(said)) = &course.exchanges[&2].answer else {
            panic!()
        };
        let value = recording.read(said).unwrap();
        assert!(value["value"]["stdout"]["text"].as_str().unwrap().len() > 4096);
    }
}

#[tokio::test]
async fn a_request_on_its_way_when_its_subtask_was_stopped_belongs_to_it() {
    let dir = tempfile::tempdir().unwrap();
    let journal = Journal::create(dir.path(), header(1)).unwrap();
    let world = RecordLayer::new(Arc::new(Echo::default()), journal.clone());
    world.perform(&id(1), Effect::Now).await.unwrap();
    journal.event(&event(1, started(1))).unwrap();
    journal.event(&event(2, ended(1, 1))).unwrap();
    world.perform(&id(1), Effect::Now).await.unwrap();
    let folded = read(dir.path()).unwrap();
    assert_eq!(folded.course(&id(1)).unwrap().exchanges.len(), 2);
    assert_eq!(folded.verdict(), Verdict::Passed);
    assert!(canonical(&folded.lines).is_ok());
}
