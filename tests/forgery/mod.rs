//! Forgers with full knowledge of the format, and what refuses each of them; the table is in
//! `tests/forgery/README.md`.

pub(crate) mod forger;
pub(crate) mod honest;

use std::path::Path;

use canary_gate::evidence::{Verified, held, open_to_verify, verify_opened};
use canary_gate::model::Scope;
use canary_gate::model::subject::WorldKind;
use canary_gate::session::RecordedGate;
use canary_gate::store::disk::OsDisk;
use canary_gate::store::{Limits, sha256_hex};
use serde_json::{Value, json};

use forger::Forger;
use honest::{How, Run, gate_file, run};

const UNSIGNED: &str = "unsigned: consistent, but anyone can have made it";

/// What refuses a bundle.
#[derive(Debug, PartialEq)]
enum Refused {
    /// It is not intact: the check's name and what it found.
    Check(String, String),
    /// A requirement beside the signature, and why it does not hold.
    Requirement(String, String),
    /// Nothing but that nobody signed it.
    SignatureAlone,
}

fn verified(bundle: &Path) -> Verified {
    let opened = open_to_verify(&OsDisk, bundle, Limits::default()).unwrap();
    let gate = RecordedGate::of_opened(&opened).unwrap();
    verify_opened(&opened, Some(&|folded| gate.reports(folded)))
}

/// Holds a bundle against all that is required of an honest run of this gate.
fn refused(bundle: &Path, gate: &str, known_head: &str) -> Refused {
    let verified = verified(bundle);
    let requirements = [
        "real",
        "complete",
        "passed",
        "signed",
        &format!("gate={gate}"),
    ];
    let requirements: Vec<_> = requirements
        .iter()
        .map(|one| one.parse().unwrap())
        .collect();
    let held = held(&verified, &requirements);
    let signed = held.iter().find(|one| one.requirement == "signed");
    assert!(signed.unwrap().fault.is_some(), "nobody signed it");
    // Whoever knows the head of the honest run from elsewhere sees each of them.
    let mut with_head = verified.clone();
    with_head.must_have_head(known_head);
    assert!(!with_head.intact(), "{with_head}");
    if let Some(check) = verified.checks.iter().find(|check| check.fault.is_some()) {
        return Refused::Check(check.name.to_owned(), check.fault.clone().unwrap());
    }
    assert_eq!(verified.signature.to_string(), UNSIGNED);
    assert!(verified.to_string().contains(UNSIGNED), "{verified}");
    let mut unmet = held.into_iter().filter(|one| one.requirement != "signed");
    match unmet.find(|one| one.fault.is_some()) {
        Some(one) => Refused::Requirement(one.requirement, one.fault.unwrap()),
        None => Refused::SignatureAlone,
    }
}

fn check(name: &str, fault: &str) -> Refused {
    Refused::Check(name.to_owned(), fault.to_owned())
}

fn requirement(name: &str, fault: &str) -> Refused {
    Refused::Requirement(name.to_owned(), fault.to_owned())
}

/// The honest run, a place for forgeries, and its bundle in parts.
fn stage() -> (Run, tempfile::TempDir, Forger) {
    let honest = run(&How::default());
    let forger = Forger::of(&honest.bundle);
    (honest, tempfile::tempdir().unwrap(), forger)
}

fn to(directory: &tempfile::TempDir) -> std::path::PathBuf {
    directory.path().join("made.tar.gz")
}

#[test]
fn the_honest_run_holds_but_for_the_signature_and_the_forgers_hand_is_steady() {
    let (honest, dir, forger) = stage();
    let mut verified = verified(&honest.bundle);
    assert!(verified.intact(), "{verified}");
    let list = format!("real,complete,passed,gate={},parameters=own", honest.gate);
    let required: Vec<_> = list.split(',').map(|one| one.parse().unwrap()).collect();
    let held = held(&verified, &required);
    assert!(held.iter().all(|one| one.fault.is_none()), "{held:?}");
    verified.must_have_head(&honest.head);
    assert!(verified.intact(), "{verified}");
    let again = forger.whole(&to(&dir));
    assert!(std::fs::read(again).unwrap() == std::fs::read(&honest.bundle).unwrap());
}

#[test]
fn a_failing_run_whose_journal_is_written_anew() {
    let honest = run(&How::default());
    let failing = run(&How {
        gate: gate_file("\"false\""),
        ..How::default()
    });
    let dir = tempfile::tempdir().unwrap();
    let mut forger = Forger::of(&failing.bundle);
    forger.replace(r#""ended":{"code":1}"#, r#""ended":{"code":0}"#);
    for event in forger.events("subtask-ended") {
        if event["outcome"] != "passed" {
            let event = event.as_object_mut().unwrap();
            for gone in ["what", "seen", "remedy"] {
                event.shift_remove(gone);
            }
            event["outcome"] = "passed".into();
            event.insert("note".into(), "exit code 0".into());
        }
    }
    let seal = forger.records.last_mut().unwrap();
    seal["sealed"]["verdict"] = "passed".into();
    // In the order in which the program writes an outcome's fields.
    for event in forger.events("subtask-ended") {
        let table = event.as_object().unwrap().clone();
        let order = [
            "time",
            "elapsed_milliseconds",
            "event",
            "subtask",
            "outcome",
            "note",
        ];
        let mut sorted = serde_json::Map::new();
        let rest = table.keys().filter(|key| !order.contains(&key.as_str()));
        for key in order.into_iter().chain(rest.map(String::as_str)) {
            if let Some(value) = table.get(key) {
                sorted.insert(key.to_owned(), value.clone());
            }
        }
        *event = Value::Object(sorted);
    }
    let made = forger.whole(&to(&dir));
    assert_eq!(
        refused(&made, &failing.gate, &failing.head),
        Refused::SignatureAlone
    );
    // The gate that fails is another one than the one that was asked for.
    let other = refused(&made, &honest.gate, &honest.head);
    assert!(matches!(other, Refused::Requirement(name, _) if name.starts_with("gate=")));
}

#[test]
fn a_donor_run_under_another_id() {
    let (honest, dir, mut forger) = stage();
    let own = forger.header()["run"].as_str().unwrap().to_owned();
    forger.replace(&own, "01KS1W46000000000000000000");
    let made = forger.whole(&to(&dir));
    assert_eq!(
        refused(&made, &honest.gate, &honest.head),
        Refused::SignatureAlone
    );
}

#[test]
fn a_look_alike_gate_with_one_subtask() {
    let honest = run(&How::default());
    let text = gate_file("\"true\"");
    let one = text
        .split("\n[[work_package.subtask]]\nid = \"T11\"")
        .next()
        .unwrap();
    let look_alike = run(&How {
        gate: one.to_owned(),
        ..How::default()
    });
    let told = refused(&look_alike.bundle, &honest.gate, &honest.head);
    let digest = sha256_hex(one.as_bytes());
    let expected = requirement(
        &format!("gate={}", honest.gate),
        &format!("its gate file is sha256:{digest}"),
    );
    assert_eq!(told, expected);
}

#[test]
fn the_gate_that_is_claimed_is_the_one_in_the_bundle() {
    let (honest, dir, mut forger) = stage();
    forger
        .files
        .insert("data/gate.toml".into(), gate_file("\"false\"").into());
    let made = forger.listed(&to(&dir));
    let told = refused(&made, &honest.gate, &honest.head);
    assert_eq!(told, check("gate file", "it is not the one that was run"));
}

#[test]
fn a_partial_run_that_is_renamed() {
    let honest = run(&How::default());
    let part = run(&How {
        scope: Scope::Until("WP01".to_owned()),
        ..How::default()
    });
    let told = refused(&part.bundle, &honest.gate, &honest.head);
    assert_eq!(told, requirement("complete", "WP01 of 2 work packages"));
    let words = verified(&part.bundle).in_words().unwrap();
    assert_eq!(words, "passed (WP01 of 2)");
    let dir = tempfile::tempdir().unwrap();
    let mut forger = Forger::of(&part.bundle);
    forger
        .header()
        .as_object_mut()
        .unwrap()
        .shift_remove("asked");
    let made = forger.whole(&to(&dir));
    let told = refused(&made, &honest.gate, &honest.head);
    let expected = "not every subtask has an outcome: 2 not run";
    assert_eq!(told, requirement("complete", expected));
}

#[test]
fn a_plan_of_one_subtask_under_the_name_of_the_whole_gate() {
    let (honest, dir, mut forger) = stage();
    forger.header()["plan"] = json!(["T10"]);
    let is_of = |record: &Value| {
        let event = &record["event"];
        let by = [
            &record["intent"]["by"],
            &record["result"]["by"],
            &event["subtask"],
            &event["source"]["by"],
        ];
        by.into_iter().find_map(Value::as_str).map(str::to_owned)
    };
    forger.records.retain(|record| {
        is_of(record).is_none_or(|by| !["T11", "T20", "T21"].contains(&by.as_str()))
    });
    let made = forger.whole(&to(&dir));
    let told = refused(&made, &honest.gate, &honest.head);
    let expected = "not every subtask has an outcome: 3 waiting";
    assert_eq!(told, requirement("complete", expected));
}

#[test]
fn a_rehearsal_passed_off_as_real() {
    let honest = run(&How::default());
    let rehearsal = run(&How {
        world: WorldKind::Rehearsal { faults: Vec::new() },
        ..How::default()
    });
    let words = verified(&rehearsal.bundle).in_words().unwrap();
    assert_eq!(words, "rehearsed: passed");
    let told = refused(&rehearsal.bundle, &honest.gate, &honest.head);
    assert_eq!(
        told,
        requirement("real", "it was made in another world: rehearsal")
    );
    let dir = tempfile::tempdir().unwrap();
    let mut forger = Forger::of(&rehearsal.bundle);
    forger.header()["circumstances"]["world"] = json!({"kind": "real"});
    let made = forger.whole(&to(&dir));
    assert_eq!(
        refused(&made, &honest.gate, &honest.head),
        Refused::SignatureAlone
    );
}

#[test]
fn facts_replaced() {
    let (honest, dir, mut forger) = stage();
    let fact = forger.events("fact-published").next().unwrap();
    fact["value"]["last_line"] = "very well".into();
    let made = forger.clone().whole(&to(&dir));
    assert_eq!(
        refused(&made, &honest.gate, &honest.head),
        Refused::SignatureAlone
    );
    let lazy = forger.listed(&dir.path().join("lazy.tar.gz"));
    let told = refused(&lazy, &honest.gate, &honest.head);
    assert!(matches!(told, Refused::Check(name, _) if name == "reports"));
}

#[test]
fn a_report_replaced_or_edited() {
    for name in [
        "report.junit.xml",
        "report.html",
        "report.md",
        "report.json",
    ] {
        let (honest, dir, mut forger) = stage();
        let path = format!("data/reports/{name}");
        let text = String::from_utf8(forger.files[&path].clone()).unwrap();
        forger
            .files
            .insert(path.clone(), text.replace("T21", "T22").into());
        let kept = forger.clone().packed(&to(&dir));
        let told = refused(&kept, &honest.gate, &honest.head);
        let listed = 5 + forger
            .files
            .keys()
            .filter(|one| one.starts_with("data/files/"))
            .count();
        let expected = format!(
            "the record before the seal commits to other files than these {}",
            listed + 1
        );
        assert_eq!(told, check("commitment to all files", &expected), "{name}");
        let anew = forger.listed(&dir.path().join("anew.tar.gz"));
        let told = refused(&anew, &honest.gate, &honest.head);
        let expected = format!("`{name}` is not what the journal gives");
        assert_eq!(told, check("reports", &expected));
    }
}

#[test]
fn a_file_planted() {
    let (honest, dir, mut forger) = stage();
    forger
        .files
        .insert("data/files/approval.txt".into(), b"approved\n".to_vec());
    let kept = forger.clone().packed(&to(&dir));
    let told = refused(&kept, &honest.gate, &honest.head);
    assert!(matches!(told, Refused::Check(name, _) if name == "commitment to all files"));
    let anew = forger.listed(&dir.path().join("anew.tar.gz"));
    assert_eq!(
        refused(&anew, &honest.gate, &honest.head),
        Refused::SignatureAlone
    );
}

#[test]
fn a_manifest_on_another_subject() {
    let (honest, dir, mut forger) = stage();
    forger.manifest["subject"]["candidate"] = json!({
        "package": "p", "version": "3.2.0rc16", "wheels": [], "tag": null, "commit": null,
    });
    let made = forger.packed(&to(&dir));
    let told = refused(&made, &honest.gate, &honest.head);
    let expected = "the manifest is on another subject than the journal";
    assert_eq!(told, check("subject", expected));
}

#[test]
fn a_downgraded_format() {
    let (honest, dir, mut forger) = stage();
    forger.header()["format"] = 1.into();
    forger
        .header()
        .as_object_mut()
        .unwrap()
        .shift_remove("circumstances");
    forger
        .records
        .retain(|record| record.get("committed").is_none());
    for event in forger.events("fact-published") {
        for gone in ["facts", "origins"] {
            event["source"].as_object_mut().unwrap().shift_remove(gone);
        }
    }
    let made = forger.whole(&to(&dir));
    let told = refused(&made, &honest.gate, &honest.head);
    let expected = "a journal of format 1 does not record its world";
    assert_eq!(told, requirement("real", expected));
}

#[test]
fn a_journal_of_format_2_without_its_commitment() {
    let (honest, dir, mut forger) = stage();
    forger
        .records
        .retain(|record| record.get("committed").is_none());
    let made = forger.whole(&to(&dir));
    let told = refused(&made, &honest.gate, &honest.head);
    let expected = "the record before the seal commits to no files";
    assert_eq!(told, check("commitment to all files", expected));
}

#[test]
fn a_run_with_other_parameters_that_hides_them() {
    let (honest, dir, mut forger) = stage();
    forger.header()["parameters"]["word"] = "else".into();
    let made = forger.clone().whole(&to(&dir));
    let verified = verified(&made);
    let required = ["parameters=own".parse().unwrap()];
    let held = held(&verified, &required);
    assert_eq!(held[0].fault.as_deref(), Some("it set word"));
    assert_eq!(
        refused(&made, &honest.gate, &honest.head),
        Refused::SignatureAlone
    );
}

#[test]
fn another_verdict_in_the_seal_alone() {
    let failing = run(&How {
        gate: gate_file("\"false\""),
        ..How::default()
    });
    let dir = tempfile::tempdir().unwrap();
    let mut forger = Forger::of(&failing.bundle);
    forger.records.last_mut().unwrap()["sealed"]["verdict"] = "passed".into();
    forger.manifest["verdict"] = "passed".into();
    let made = forger.listed(&to(&dir));
    let told = refused(&made, &failing.gate, &failing.head);
    let expected = "the seal says `passed`, the records give `failed`";
    assert!(
        [
            check("verdict", expected),
            check(
                "subject",
                "the manifest is on another subject than the journal"
            )
        ]
        .contains(&told),
        "{told:?}"
    );
}
