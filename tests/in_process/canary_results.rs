//! The worst results that a canary script can leave behind, through the two verbs and the live
//! world: each is a failure that says why, never a panic, never a pass.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use camino::Utf8PathBuf;
use canary_gate::model::{Fact, Facts, Outcome, Source, SubtaskId};
use canary_gate::verb::{Act, Ctx, Setting};
use canary_gate::verbs::{AssertCanary, Canary};
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
        facts: Vec::new(),
        origins: Vec::new(),
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
    failing["outcome"] = json!("fail");
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

/// One change of a passing document, and what is said of it.
type Change = (fn(&mut Value), &'static str);

/// A document that says two things of the same run is refused, whichever half would pass.
#[tokio::test]
async fn a_document_that_contradicts_itself() {
    let changes: &[Change] = &[
        (
            |it| {
                it["scenarios"][3]["failure_reason"] =
                    json!("x = 1\nE   AssertionError: illegal transition");
            },
            "scenario 4 says `pass`, and its `failure_reason`: AssertionError: illegal transition",
        ),
        (
            |it| it["scenarios"][0]["failure_mode"] = json!("timeout"),
            "its `failure_mode`: timeout",
        ),
        (
            |it| it["scenarios"][1]["skip_reason"] = json!("no token"),
            "its `skip_reason`: no token",
        ),
        (
            |it| it["scenarios"][1]["details"] = json!("so far\nE   KeyError: 'x'"),
            "its `details`",
        ),
        (
            |it| it["skip_reason"] = json!("the service is down"),
            "its `skip_reason`: the service",
        ),
        (
            |it| it["failure_reason"] = json!("one failed"),
            "its `failure_reason`: one failed",
        ),
        (|it| it["errors"] = json!(["one"]), "its `errors`"),
        (
            |it| it["scenarios"][2]["id"] = json!(4),
            "`scenario_id` 3 and `id` 4",
        ),
        (
            |it| it["scenarios"][2]["name"] = json!("scenario-1"),
            "scenario 3 is named `scenario-1`",
        ),
        (
            |it| it["scenarios"][2]["status"] = json!("fail"),
            "outcome is `pass`, and scenario 3 says `fail`",
        ),
        (
            |it| it["scenarios"][2]["status"] = json!("skip"),
            "outcome is `pass`, and scenario 3 says `skip`",
        ),
        (
            |it| it["outcome"] = json!("fail"),
            "outcome is `fail`, and every scenario says `pass`",
        ),
        (
            |it| it["status"] = json!("failed"),
            "its `status` is `failed`",
        ),
        (|it| it["success"] = json!(false), "its `success` is false"),
        (|it| it["exit_code"] = json!(1), "its `exit_code` is 1"),
        (
            |it| it["finished_at"] = earlier(&it["started_at"], 60),
            "it starts at",
        ),
        (
            |it| it["scenarios"][1]["finished_at"] = earlier(&it["started_at"], 60),
            "scenario 2 starts at",
        ),
        (
            |it| it["scenarios"][1]["started_at"] = earlier(&it["started_at"], 60),
            "its run starts at",
        ),
        (
            |it| it["scenarios"][1]["finished_at"] = earlier(&it["started_at"], -60),
            "its run ends at",
        ),
        (
            |it| it["scenarios"][0]["duration_seconds"] = json!(900),
            "scenario 1 lasts 900 s by its duration",
        ),
        (
            |it| it["scenarios"][0]["duration_seconds"] = json!(-1),
            "scenario 1 lasts -1 s",
        ),
        (
            |it| it["duration_seconds"] = json!(300),
            "the run lasts 300 s by its duration",
        ),
        (
            |it| it["timestamp"] = earlier(&it["started_at"], 3600),
            "and `timestamp`",
        ),
        (
            |it| it["summary"] = json!({"passed": 3, "failed": 1}),
            "its `passed` is 3",
        ),
        (|it| it["failed"] = json!(1), "its `failed` is 1"),
        (|it| it["summary"] = json!({"total": 5}), "its `total` is 5"),
    ];
    contradicts(changes).await;
}

#[tokio::test]
async fn a_document_whose_states_contradict_its_pass() {
    let changes: &[Change] = &[
        (|it| it["failed"] = json!(2.0), "its `failed` is 2.0"),
        (
            |it| it["exit_code"] = json!("1"),
            "its outcome is `pass`, and its `exit_code` is `1`",
        ),
        (
            |it| it["status"] = json!("timeout"),
            "its outcome is `pass`, and its `status` is `timeout`",
        ),
        (
            |it| it["scenarios"][1]["outcome"] = json!("fail"),
            "scenario 2 says `pass`, and its `outcome` is `fail`",
        ),
        (
            |it| it["scenarios"][1]["passed"] = json!(false),
            "scenario 2 says `pass`, and its `passed` is false",
        ),
        (
            |it| it["scenarios"][1]["exit_code"] = json!(1.0),
            "scenario 2 says `pass`, and its `exit_code` is 1.0",
        ),
        (
            |it| it["summary"] = json!({"status": "failure"}),
            "its outcome is `pass`, and its `status` is `failure`",
        ),
    ];
    contradicts(changes).await;
}

async fn contradicts(changes: &[Change]) {
    for (change, words) in changes {
        let mut document = passing();
        change(&mut document);
        fails(&judged(bytes(document.to_string())).await, words);
    }
}

/// The same fields where they agree are no contradiction.
#[tokio::test]
async fn a_document_that_agrees_with_itself_passes() {
    let changes: &[fn(&mut Value)] = &[
        |it| it["skip_reason"] = json!(""),
        |it| it["scenarios"][0]["failure_mode"] = json!(null),
        |it| it["scenarios"][0]["details"] = json!("4 events, 1 body"),
        |it| it["scenarios"][2]["id"] = json!(3),
        |it| it["scenarios"][2]["name"] = json!("rollback of a review"),
        |it| it["status"] = json!("completed"),
        |it| it["exit_code"] = json!(0),
        |it| it["exit_code"] = json!("0"),
        |it| it["passed"] = json!(true),
        |it| it["scenarios"][0]["outcome"] = json!("passed"),
        |it| it["scenarios"][0]["exit_code"] = json!(0.0),
        |it| it["summary"] = json!({"total": 4.0, "failures": [], "status": "passed"}),
        |it| it["errors"] = json!([]),
        |it| it["summary"] = json!({"total": 4, "passed": 4, "failed": 0, "skipped": 0}),
        |it| it["scenarios"][0]["duration_seconds"] = json!(1.9),
        |it| it["run_number"] = json!(1),
        |it| it["timestamp"] = it["started_at"].clone(),
    ];
    for change in changes {
        let mut document = passing();
        change(&mut document);
        let (outcome, _) = judged(bytes(document.to_string())).await;
        assert!(
            matches!(outcome, Outcome::Passed { .. }),
            "{document}: {outcome:?}"
        );
    }
}

fn earlier(time: &Value, seconds: i64) -> Value {
    let time: jiff::Timestamp = time.as_str().unwrap().parse().unwrap();
    json!((time - jiff::SignedDuration::from_secs(seconds)).to_string())
}

#[tokio::test]
async fn a_key_twice_at_any_depth() {
    let text = passing().to_string();
    for (once, twice, words) in [
        (
            r#""outcome":"pass""#,
            r#""outcome":"fail","outcome":"pass""#,
            "key `outcome` appears twice in the document itself",
        ),
        (
            r#""outcome":"pass""#,
            r#""outcome":"pass","outcome":"pass""#,
            "key `outcome` appears twice",
        ),
        (
            r#""name":"scenario-2""#,
            r#""status":"fail","name":"scenario-2""#,
            "key `status` appears twice in `scenarios[1]`",
        ),
        (
            r#""boundary_evidence":{}"#,
            r#""boundary_evidence":{"pid":1,"pid":2}"#,
            "key `pid` appears twice in `scenarios[0].boundary_evidence`",
        ),
        (
            r#""run_id""#,
            "\"run\\u005fid\":\"x\",\"run_id\"",
            "key `run_id` appears twice",
        ),
    ] {
        assert!(text.contains(once));
        fails(&judged(bytes(text.replacen(once, twice, 1))).await, words);
    }
}

#[tokio::test]
async fn text_that_is_almost_json() {
    let text = passing().to_string();
    let not_a_number = text.replacen(":0.1", ":NaN", 1);
    let infinite = text.replacen(":0.1", ":-Infinity", 1);
    let huge = text.replacen(":0.1", ":1e999", 1);
    for (text, words) in [
        (format!("\u{feff}{text}"), "byte order mark"),
        (not_a_number, "`NaN` is no JSON number"),
        (infinite, "`-Infinity` is no JSON number"),
        (huge, "a number is too large"),
        (format!("{text}{text}"), "more follows it"),
        (text[..text.len() - 9].to_owned(), "breaks off"),
        (" \n".to_owned(), "it is empty"),
        ("[]".to_owned(), "it is a list, expected an object"),
    ] {
        fails(&judged(bytes(text)).await, words);
    }
}

/// The dialect of the planning papers, as of now: `timestamp` is the start, the file's time the end.
fn planned() -> Value {
    let scenario = |number: u32| {
        json!({"id": number, "name": format!("scenario-{number}"), "status": "pass",
            "failure_mode": null, "details": null})
    };
    json!({
        "outcome": "pass", "run_id": "01KS2M6Z5H0000000000000002", "run_number": 1,
        "cli_version": "3.2.0rc16", "events_package_version": "5.1.0",
        "timestamp": jiff::Timestamp::now().to_string(),
        "scenarios": [scenario(1), scenario(2), scenario(3), scenario(4)],
    })
}

#[tokio::test]
async fn the_planning_dialect_passes_where_it_is_this_runs() {
    let (outcome, fact) = judged(bytes(planned().to_string())).await;
    assert!(matches!(outcome, Outcome::Passed { .. }), "{outcome:?}");
    let run = &fact["runs"][0];
    assert!(
        run["finished_at"].as_str() >= run["started_at"].as_str(),
        "{run}"
    );
    let changes: &[Change] = &[
        (
            |it| it["timestamp"] = earlier(&it["timestamp"], 3600),
            "which is not this run",
        ),
        (
            |it| it["timestamp"] = earlier(&it["timestamp"], -3600),
            "and was written at",
        ),
        (
            |it| it["timestamp"] = json!(null),
            "does not say when it ran",
        ),
        (
            |it| it["timestamp"] = json!("2026-05-20 10:00:00"),
            "expected an RFC 3339 time",
        ),
        (
            |it| it["timestamp"] = json!(1_779_271_200),
            "field `timestamp` is a number",
        ),
        (
            |it| it["scenarios"][0]["failure_mode"] = json!("boom"),
            "its `failure_mode`: boom",
        ),
        (
            |it| it["scenarios"][0]["id"] = json!(2),
            "duplicate scenario 2",
        ),
    ];
    for (change, words) in changes {
        let mut document = planned();
        change(&mut document);
        fails(&judged(bytes(document.to_string())).await, words);
    }
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
