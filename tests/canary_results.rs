//! The worst results that a canary script can leave behind, through the two verbs and the live
//! world: each is a failure that says why, never a panic, never a pass.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test makes the outside that it looks at"
)]

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use camino::Utf8PathBuf;
use canary_gate::gate::{Fact, Facts, Outcome, Source, SubtaskId};
use canary_gate::verbs::{Act, AssertCanary, Canary, Ctx, Setting};
use canary_gate::world::World;
use canary_gate::world::live::{LiveWorld, Operator, Places};
use canary_gate::world::redact::{RedactLayer, Redactor};
use serde_json::{Value, json};

const SCRIPT: &str = "cp prepared.json latest.json\n";

/// A passing document of this very moment, as the harness writes it.
fn passing() -> Value {
    let now = jiff::Timestamp::now().to_string();
    let scenario = |number: u32| {
        json!({
            "scenario_id": number, "name": format!("scenario-{number}"), "status": "pass",
            "started_at": now, "finished_at": now, "duration_seconds": 0.1,
            "failure_reason": null, "boundary_evidence": {},
        })
    };
    json!({
        "cli_version": "spec-kitty-cli version 3.2.0rc16", "events_package_version": "5.1.0",
        "evidence_path": "artifacts", "started_at": now, "finished_at": now, "outcome": "pass",
        "run_id": "01KRXVQ0N8H4YJ3T9C2M5E7B6A", "saas_url": "http://127.0.0.1",
        "target_environment": "deployed-dev", "skip_reason": null,
        "scenarios": [scenario(1), scenario(2), scenario(3), scenario(4)],
    })
}

/// Runs a script that leaves these bytes as its result, and says what the gate makes of it.
async fn judged(write: impl FnOnce(&Path)) -> (Outcome, Value) {
    judged_with(&[], write).await
}

/// As [`judged`], with variables of the operator's that pass through.
async fn judged_with(passed: &[(&str, &str)], write: impl FnOnce(&Path)) -> (Outcome, Value) {
    let directory = tempfile::tempdir().unwrap();
    let root = Utf8PathBuf::from_path_buf(directory.path().canonicalize().unwrap()).unwrap();
    let project = root.join("workspace/harness");
    std::fs::create_dir_all(&project).unwrap();
    std::fs::write(project.join("canary.sh"), SCRIPT).unwrap();
    write(project.join("prepared.json").as_std_path());
    let world = world(&root, passed);
    let mut facts = Facts::default();
    let names: Vec<&str> = passed.iter().map(|(name, _)| *name).collect();
    facts
        .publish(fact("environment", json!({"variables": {}, "pass": names})))
        .unwrap();
    let canary = Canary {
        project: "harness".to_owned(),
        script: "canary.sh".to_owned(),
        arguments: Vec::new(),
        results: vec!["latest.json".to_owned()],
        environment: "environment".to_owned(),
        process: "daemon".to_owned(),
        observe: Vec::new(),
        observe_every: None,
        publish: "canary".to_owned(),
    };
    let ctx = context(&world, &facts);
    let ran = canary.act(&ctx).await.unwrap();
    assert!(matches!(ran, Outcome::Passed { .. }), "{ran:?}");
    for fact in ctx.take_published() {
        facts.publish(fact).unwrap();
    }
    let verb = AssertCanary {
        canary: "canary".to_owned(),
        version: "3.2.0rc16".to_owned(),
        publish: "judged".to_owned(),
    };
    let ctx = context(&world, &facts);
    let outcome = verb.act(&ctx).await.unwrap();
    (outcome, ctx.take_published().remove(0).value)
}

/// The live world, its answers redacted as a run's are.
fn world(root: &Utf8PathBuf, passed: &[(&str, &str)]) -> Arc<dyn World> {
    let path = std::env::var("PATH").unwrap();
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let path = [("PATH".to_owned(), path)];
    let operator = Operator {
        env: path.into_iter().chain(passed.iter().map(own)).collect(),
        home: root.join("home"),
        cwd: root.clone(),
    };
    let places = Places::new(
        root.join("run"),
        root.join("workspace"),
        root.join("state"),
        root.join("cache"),
        root.join("home"),
    );
    let redactor = Arc::new(Redactor::new());
    let live = LiveWorld::new(operator, places, Arc::clone(&redactor));
    Arc::new(RedactLayer::new(live, redactor))
}

fn fact(name: &str, value: Value) -> Fact {
    let source = Source {
        by: SubtaskId::new("T017"),
        exchange: None,
    };
    Fact {
        name: name.to_owned(),
        value,
        source,
    }
}

fn context(world: &Arc<dyn World>, facts: &Facts) -> Ctx {
    let rule = json!({"daemon": {"program": ["python3"], "argv": ["-c", "run_sync_daemon.*"]}});
    let setting = Setting {
        processes: serde_json::from_value(rule).unwrap(),
        ..Setting::default()
    };
    let world = Arc::clone(world);
    let (progress, _) = tokio::sync::mpsc::unbounded_channel();
    Ctx::new(
        SubtaskId::new("T021"),
        world,
        Arc::new(setting),
        Arc::new(facts.clone()),
        Duration::from_mins(1),
        progress,
    )
}

/// It fails, and says these words.
#[track_caller]
fn fails((outcome, fact): &(Outcome, Value), words: &str) {
    let Outcome::Failed(finding) = outcome else {
        panic!("`{words}`: {outcome:?}");
    };
    let told = finding.seen.join("\n");
    assert!(told.contains(words), "`{words}` in {told}");
    assert!(
        told.len() < 4_000,
        "it fits on a screen: {} bytes",
        told.len()
    );
    assert!(!fact["problems"].as_array().unwrap().is_empty());
}

/// The bytes as they are.
fn bytes(bytes: impl Into<Vec<u8>>) -> impl FnOnce(&Path) {
    let bytes = bytes.into();
    move |path| std::fs::write(path, bytes).unwrap()
}

#[tokio::test]
async fn what_is_right_passes() {
    let (outcome, _) = judged(|path| std::fs::write(path, passing().to_string()).unwrap()).await;
    assert!(matches!(outcome, Outcome::Passed { .. }), "{outcome:?}");
}

/// What is passed through is hidden, but never so that a result says something else.
#[tokio::test]
async fn words_that_are_passed_through_change_no_verdict() {
    for passed in [
        [("TERM", "pass"), ("CI", "true")],
        [("TERM", "null"), ("CI", "deployed-dev")],
        [("TERM", "outcome"), ("CI", "2026")],
    ] {
        let (outcome, _) = judged_with(&passed, |path| {
            std::fs::write(path, passing().to_string()).unwrap();
        })
        .await;
        assert!(
            matches!(outcome, Outcome::Passed { .. }),
            "{passed:?}: {outcome:?}"
        );
    }
    let mut failing = passing();
    failing["scenarios"][1]["status"] = json!("fail");
    fails(
        &judged_with(&[("TERM", "fail")], bytes(failing.to_string())).await,
        "`fail`",
    );
}

#[tokio::test]
async fn a_hundred_megabytes() {
    // A passing document but for its size.
    let judged = judged(|path| {
        let mut file = std::io::BufWriter::new(std::fs::File::create(path).unwrap());
        let text = passing().to_string();
        file.write_all(&text.as_bytes()[..text.len() - 1]).unwrap();
        file.write_all(b",\"more\":\"").unwrap();
        std::io::copy(&mut std::io::repeat(b'x').take(100 << 20), &mut file).unwrap();
        file.write_all(b"\"}").unwrap();
        file.flush().unwrap();
    });
    fails(&judged.await, "16777216");
}

#[tokio::test]
async fn nested_deeply() {
    for depth in [200, 100_000, 5_000_000] {
        let mut text = passing().to_string();
        text.pop();
        text.push_str(",\"more\":");
        text.push_str(&"[".repeat(depth));
        text.push_str(&"]".repeat(depth));
        text.push('}');
        fails(&judged(bytes(text)).await, "recursion limit exceeded");
    }
}

#[tokio::test]
async fn bytes_that_are_no_text() {
    let good = passing().to_string();
    for bad in [
        &b"\xff\xfe"[..],
        b"\xc3",
        b"\xed\xa0\x80",
        b"\xf8\x88\x80\x80\x80",
    ] {
        let mut worst = good.clone().into_bytes();
        let at = good.find("deployed-dev").unwrap();
        worst.splice(at..at, bad.iter().copied());
        fails(&judged(bytes(worst)).await, "invalid utf-8");
    }
    fails(&judged(bytes([0_u8; 4096])).await, "not JSON");
    fails(&judged(bytes(Vec::new())).await, "not JSON");
}

/// Each field in turn missing, null, and of every other type.
#[tokio::test]
async fn each_field_of_the_wrong_type_in_turn() {
    // Nothing is decided by these: the harness may leave them out.
    const TOLD_ONLY: [&str; 11] = [
        "/events_package_version",
        "/evidence_path",
        "/saas_url",
        "/target_environment",
        "/skip_reason",
        "/name",
        "/duration_seconds",
        "/failure_reason",
        "/boundary_evidence",
        "/scenarios/started_at",
        "/scenarios/finished_at",
    ];
    let wrong = [
        None,
        Some(json!(null)),
        Some(json!(true)),
        Some(json!(-1)),
        Some(json!(1e300)),
        Some(json!("\u{0}")),
        Some(json!([])),
        Some(json!({})),
    ];
    let mut tried = 0;
    for pointer in pointers() {
        // One of the four scenarios stands for all of them.
        let another = ["/0", "/1", "/2"].iter().any(|one| pointer.contains(one));
        if another || TOLD_ONLY.iter().any(|told| kind(&pointer).ends_with(told)) {
            continue;
        }
        for value in &wrong {
            let mut document = passing();
            put(&mut document, &pointer, value.as_ref());
            let (outcome, _) = judged(bytes(document.to_string())).await;
            let failed = matches!(outcome, Outcome::Failed(_));
            assert!(failed, "{pointer} = {value:?}: {outcome:?}");
            tried += 1;
        }
    }
    assert_eq!(tried, 8 * (6 + 3), "fields that decide, by wrong values");
}

/// Puts another value there, or none.
fn put(document: &mut Value, pointer: &str, value: Option<&Value>) {
    let (parent, last) = pointer.rsplit_once('/').unwrap();
    match (document.pointer_mut(parent).unwrap(), value) {
        (Value::Object(fields), None) => {
            fields.remove(last);
        }
        (Value::Array(items), None) => {
            items.remove(last.parse().unwrap());
        }
        (parent, Some(value)) => *parent.pointer_mut(&format!("/{last}")).unwrap() = value.clone(),
        (parent, None) => panic!("{parent} has no parts"),
    }
}

/// Every place of a value in the document.
fn pointers() -> Vec<String> {
    let document = passing();
    let mut found = Vec::new();
    for (key, value) in document.as_object().unwrap() {
        found.push(format!("/{key}"));
        for (at, scenario) in value.as_array().into_iter().flatten().enumerate() {
            found.push(format!("/{key}/{at}"));
            for inner in scenario.as_object().unwrap().keys() {
                found.push(format!("/{key}/{at}/{inner}"));
            }
        }
    }
    found
}

/// A pointer without its number.
fn kind(pointer: &str) -> String {
    let parts = pointer
        .split('/')
        .filter(|part| part.parse::<u32>().is_err());
    parts.collect::<Vec<_>>().join("/")
}
