//! What a run leaves behind, as somebody uses it who was not there: verified, compared, explained,
//! told in every format; and refused when it is not what it says.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use canary_gate::evidence::Recording;
use canary_gate::store::disk::OsDisk;

use super::again::elsewhere;
use super::rehearsal::{Ended, rehearse};

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn verify(bundle: &Path) -> Output {
    elsewhere(1, &["verify"], bundle)
}

/// A run that was stopped at once: small, and with a finding.
fn stopped() -> Ended {
    rehearse(&["blocker-open"]).with(&["--only", "WP01"]).run()
}

impl Ended {
    /// The gate, asked about this run by somebody in the same place.
    fn ask(&self, arguments: &[&str]) -> Output {
        Command::new(assert_cmd::cargo::cargo_bin!("gate"))
            .args(arguments)
            .args(["--set", &format!("state_dir={}", self.state().display())])
            .env("NO_COLOR", "1")
            .current_dir(self.directory.path())
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    fn beside(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }
}

/// Compares the runs in two bundles, from nowhere in particular.
fn compared(one: &Ended, other: &Ended) -> Output {
    Command::new(assert_cmd::cargo::cargo_bin!("gate"))
        .arg("diff")
        .args([one.bundle(), other.bundle()])
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// What is left when another rehearsal had the ports: the address is part of these.
const MADE_FROM_PORTS: [&str; 7] = [
    "parameter saas.url",
    ".configuration",
    ".harness",
    ".pinned.harness_commit",
    ".fixed[",
    "lock_sha256",
    // The first divergence: the lock as it is listed.
    "value[0].sha256",
];

/// Where the embedded SaaS was.
fn address(ended: &Ended) -> serde_json::Value {
    let recording = Recording::open(Arc::new(OsDisk), &ended.bundle()).unwrap();
    recording.folded.header.parameters["saas.url"].clone()
}

#[test]
fn two_live_rehearsals_differ_in_nothing_and_a_fault_is_all_that_is_told() {
    let (one, other) = (rehearse(&[]).run(), rehearse(&[]).run());
    let compared_two = compared(&one, &other);
    let told = out(&compared_two);
    if address(&one) == address(&other) {
        assert_eq!(compared_two.status.code(), Some(0), "{told}");
        assert!(told.ends_with("no meaningful difference\n"), "{told}");
    } else {
        // Not alone on this machine: what is told is what the ports went into, and nothing else.
        let paths = told.lines().filter_map(|line| line.strip_prefix("  "));
        for path in paths.filter(|path| !path.starts_with(' ')) {
            let known = MADE_FROM_PORTS.iter().any(|known| path.contains(known));
            assert!(known, "{path}: {told}");
        }
    }

    let faulty = rehearse(&["scenario-4"]).run();
    let compared = compared(&one, &faulty);
    assert_eq!(compared.status.code(), Some(1), "{}", err(&compared));
    let told = out(&compared);
    assert!(told.starts_with("verdict: passed / failed\n"), "{told}");
    for part in [
        // The candidate is another one: the checkout's commit is an input of the first audit.
        "first divergence: T004 request",
        "value.stdout.text\n",
        "T022: passed / failed",
        "facts of the first alone: canary.interventions, ",
        "  canary.single_result.runs[0].outcome, and 1 more with the same values\n    - \"pass\"\n",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
}

#[test]
fn a_bundle_is_verified_with_the_gate_and_without() {
    let ended = stopped();
    let bundle = ended.bundle();
    let verified = verify(&bundle);
    assert_eq!(verified.status.code(), Some(0), "{}", err(&verified));
    let told = out(&verified);
    assert!(
        told.contains("intact: verdict rehearsed: blocked"),
        "{told}"
    );
    assert!(told.contains("\nreproduce: gate reproduce "), "{told}");
    // The script needs nothing of ours.
    let tar = Command::new("tar")
        .arg("xzf")
        .arg(&bundle)
        .current_dir(ended.directory.path())
        .status();
    assert!(tar.unwrap().success());
    let top = std::fs::read_dir(ended.directory.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.join("verify.sh").is_file())
        .unwrap();
    let script = |top: &Path| {
        let mut sh = Command::new("sh");
        sh.arg("verify.sh").current_dir(top).output().unwrap()
    };
    assert!(script(&top).status.success(), "{}", err(&script(&top)));
    // Unpacked it is the same run.
    let (packed, unpacked) = (bundle.display().to_string(), top.display().to_string());
    let same = ended.ask(&["diff", &packed, &unpacked]);
    assert_eq!(same.status.code(), Some(0), "{}{}", out(&same), err(&same));
    let report = top.join("data/reports/report.md");
    let text = std::fs::read_to_string(&report).unwrap();
    std::fs::write(&report, text.replace("blocked", "passed")).unwrap();
    assert!(!script(&top).status.success(), "a report was forged");
}

#[test]
fn what_is_no_whole_bundle_is_refused_with_its_reason() {
    let ended = stopped();
    let bytes = std::fs::read(ended.bundle()).unwrap();
    let broken = ended.beside("broken.tar.gz");
    for (at, byte) in [(bytes.len() / 2, None), (bytes.len() / 3, Some(0x55))] {
        let mut bytes = bytes.clone();
        match byte {
            Some(byte) => bytes[at] ^= byte,
            None => bytes.truncate(at),
        }
        std::fs::write(&broken, bytes).unwrap();
        for command in ["verify", "reproduce"] {
            let refused = elsewhere(2, &[command], &broken);
            assert_eq!(refused.status.code(), Some(1), "{}", err(&refused));
        }
    }
    let note = ended.beside("note.txt");
    std::fs::write(&note, "no archive").unwrap();
    let refused = verify(&note);
    assert_eq!(refused.status.code(), Some(1));
    assert!(err(&refused).contains("not a bundle"), "{}", err(&refused));
    let missing = verify(&ended.beside("missing.tar.gz"));
    assert_eq!(missing.status.code(), Some(2));
    assert!(err(&missing).contains("missing.tar.gz` is not there"));
    let directory = verify(ended.directory.path());
    assert_eq!(directory.status.code(), Some(2));
    assert!(err(&directory).contains("bundle.tar.gz"));
    let nothing = ended.ask(&["diff", &ended.directory.path().display().to_string(), "x"]);
    assert_eq!(nothing.status.code(), Some(2));
    let told = err(&nothing);
    assert!(told.contains("is a directory without a journal"), "{told}");
}

#[test]
fn two_runs_are_compared() {
    let (one, other) = (stopped(), rehearse(&[]).with(&["--only", "WP01"]).run());
    let paths = [&one, &other].map(|ended| ended.bundle().display().to_string());
    let same = one.ask(&["diff", &paths[0], &paths[0]]);
    assert_eq!(same.status.code(), Some(0), "{}", err(&same));
    assert_eq!(
        out(&same),
        "verdict: blocked in both\nno meaningful difference\n"
    );
    let differ = one.ask(&["diff", &paths[0], &paths[1]]);
    assert_eq!(differ.status.code(), Some(1), "{}", err(&differ));
    let told = out(&differ);
    for expected in [
        "verdict: blocked / passed",
        "first divergence: T00",
        "T003: blocked / passed",
        "the runs differ",
    ] {
        assert!(told.contains(expected), "`{expected}` in {told}");
    }
    let json = one.ask(&["diff", &paths[0], &paths[1], "--format", "json"]);
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json["verdicts"], serde_json::json!(["blocked", "passed"]));
}

#[test]
fn a_value_is_traced_back_to_the_bytes_it_came_from() {
    let ended = rehearse(&[]).with(&["--only", "WP03"]).run();
    let fact = "saas.health.git_sha";
    let sha = ended.fact("saas.health")["git_sha"].as_str().unwrap();
    let bundle = ended.bundle().display().to_string();
    for run in ["latest", &bundle] {
        let explained = ended.ask(&["explain", fact, run]);
        assert_eq!(explained.status.code(), Some(0), "{}", err(&explained));
        let told = out(&explained);
        for expected in [
            "published by T013",
            "request ",
            "/health/",
            &format!("[\"{sha}\"]"),
        ] {
            assert!(told.contains(expected), "`{expected}` in {told}");
        }
    }
    let unknown = ended.ask(&["explain", "saas.helth.git_sha"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(err(&unknown).contains("saas.health"), "{}", err(&unknown));
    let nowhere = ended.ask(&["explain", fact, "01NOSUCHRUN"]);
    assert_eq!(nowhere.status.code(), Some(2));
    assert!(err(&nowhere).contains("no run `01NOSUCHRUN`"));
}

#[test]
fn a_run_is_told_in_every_format() {
    let ended = stopped();
    let told = |format: &str| {
        let told = ended.ask(&["report", "--format", format]);
        assert_eq!(told.status.code(), Some(0), "{}", err(&told));
        out(&told)
    };
    let html = told("html");
    assert!(html.starts_with("<!doctype html>") && html.trim_end().ends_with("</html>"));
    assert!(html.contains("class=\"word\">rehearsed: blocked"), "{html}");
    let junit = told("junit");
    assert!(junit.contains("<failure type=\"blocked\""), "{junit}");
    let parsed = Command::new("python3")
        .args(["-c", "import sys, xml.dom.minidom as m; print(len(m.parseString(sys.stdin.buffer.read()).getElementsByTagName('testcase')))"])
        .stdin(std::fs::File::open(write(&ended.beside("junit.xml"), &junit)).unwrap())
        .output()
        .unwrap();
    assert_eq!(out(&parsed).trim(), "43", "{}", err(&parsed));
    let json: serde_json::Value = serde_json::from_str(&told("json")).unwrap();
    assert_eq!(json["verdict"], "blocked");
    assert!(told("md").starts_with("# ") && told("text").contains("T003"));
}

fn write<'p>(path: &'p Path, text: &str) -> &'p Path {
    std::fs::write(path, text).unwrap();
    path
}

#[test]
fn a_bundle_is_never_written_over_another_file() {
    let directory = tempfile::tempdir().unwrap();
    let there = write(&directory.path().join("there"), "mine").to_owned();
    let nowhere = directory.path().join("no/such/directory/b.tar.gz");
    for (path, said) in [(&there, "is there already"), (&nowhere, "no directory")] {
        let refused = Command::new(assert_cmd::cargo::cargo_bin!("gate"))
            .args(["rehearse", "--yes", "--bundle"])
            .arg(path)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert_eq!(refused.status.code(), Some(2), "{}", err(&refused));
        assert!(err(&refused).contains(said), "{}", err(&refused));
        assert!(!err(&refused).contains("T001"), "nothing ran");
    }
    assert_eq!(std::fs::read_to_string(&there).unwrap(), "mine");
}
