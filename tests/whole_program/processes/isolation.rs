//! What keeps the programs of a run apart, and what becomes of those that one leaves behind: named
//! where it happened, alive until the last subtask is through, ended then; all of it in the bundle.

use std::io::Read;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use crate::apart::{Apart, Kind};
use crate::shown::not_shown;

/// The first subtask leaves a process in a session of its own behind, as a daemon is; the second
/// finds it alive.
const GATE: &str = r#"format = 1
name = "leaving"
title = "Leaving"
mission = "test"

[policy]
programs = ["python3"]

[[work_package]]
id = "WP01"
title = "One"
priority = "low"
goal = "Pass."

[[work_package.subtask]]
id = "T001"
title = "leaves one behind"
uses = "run-program"
project = "work"
writes = ["work"]
processes = true
argv = ["python3", "-c", """
import subprocess
null = subprocess.DEVNULL
left = subprocess.Popen(["sleep", "3600"], start_new_session=True, stdin=null, stdout=null, stderr=null)
open("pid", "w").write(str(left.pid))"""]
as = "left.it"

[[work_package.subtask]]
id = "T002"
title = "finds it alive"
uses = "run-program"
project = "work"
processes = true
argv = ["python3", "-c", "import os; os.kill(int(open('pid').read()), 0)"]
as = "found.it"
"#;

struct Run {
    root: tempfile::TempDir,
}

impl Run {
    fn new() -> Self {
        let run = Self {
            root: tempfile::TempDir::with_prefix("i-").unwrap(),
        };
        std::fs::create_dir(run.path("work")).unwrap();
        std::fs::write(run.path("gate.toml"), GATE).unwrap();
        run
    }

    fn path(&self, below: &str) -> PathBuf {
        self.root.path().canonicalize().unwrap().join(below)
    }

    fn command(&self, program: &str, before: &[&str]) -> Command {
        let mut command = Command::new(program);
        let state = format!("state_dir={}", self.path("state").display());
        command
            .args(before)
            .args(["run", "--yes", "--gate", "gate.toml", "--set", &state])
            .args(["--events", "events.jsonl", "--bundle", "bundle.tar.gz"])
            .current_dir(self.path(""))
            .stdin(Stdio::null());
        command
    }

    /// A file of the evidence, as JSON.
    fn bundled(&self, name: &str) -> Option<Value> {
        let file = std::fs::File::open(self.path("bundle.tar.gz")).unwrap();
        let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(file));
        for entry in archive.entries().unwrap() {
            let mut entry = entry.unwrap();
            if entry
                .path()
                .unwrap()
                .ends_with(format!("data/files/{name}"))
            {
                let mut text = String::new();
                entry.read_to_string(&mut text).unwrap();
                return Some(serde_json::from_str(&text).unwrap());
            }
        }
        None
    }

    fn outcome(&self, subtask: &str) -> Value {
        let events = std::fs::read_to_string(self.path("events.jsonl")).unwrap();
        let events = events
            .lines()
            .map(|line| serde_json::from_str(line).unwrap());
        let mut of = events.filter(|event: &Value| {
            event["event"] == "subtask-ended" && event["subtask"] == subtask
        });
        of.next().unwrap()
    }
}

fn passed(output: &Output) {
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}

/// Each secret by its name, never by its value.
#[test]
fn how_often_a_secret_was_hidden_is_in_the_evidence() {
    let _apart = Apart::begin(Kind::Intervening);
    let run = Run::new();
    let finds = "import os; os.kill(int(open('pid').read()), 0)";
    assert!(GATE.contains(finds));
    // Made up as it goes: a request with a secret in it is refused.
    let says = "word = 'hunter2-' * 2; print(word)";
    std::fs::write(run.path("gate.toml"), GATE.replace(finds, says)).unwrap();
    let gate = assert_cmd::cargo::cargo_bin!("gate").to_str().unwrap();
    let mut command = run.command(gate, &[]);
    passed(
        &command
            .env("GH_TOKEN", "hunter2-hunter2-")
            .output()
            .unwrap(),
    );
    assert_eq!(run.bundled("redactions.json"), Some(json!({"GH_TOKEN": 1})));
}

#[test]
fn what_a_subtask_leaves_is_named_there_and_ended_after_the_last() {
    let _apart = Apart::begin(Kind::Intervening);
    let run = Run::new();
    let gate = assert_cmd::cargo::cargo_bin!("gate").to_str().unwrap();
    passed(&run.command(gate, &[]).output().unwrap());
    let pid = std::fs::read_to_string(run.path("work/pid")).unwrap();
    let named = run.outcome("T001");
    assert!(
        named
            .to_string()
            .contains(&format!("left running: pid {pid} sleep")),
        "{named:#}"
    );
    let process = nix::unistd::Pid::from_raw(pid.parse().unwrap());
    assert!(
        nix::sys::signal::kill(process, None).is_err(),
        "{pid} lives"
    );
    let receipts = run.bundled("leftovers.json").unwrap();
    let [receipt] = receipts.as_array().unwrap().as_slice() else {
        panic!("{receipts:#}");
    };
    assert_eq!(receipt["pid"].to_string(), pid);
    assert_eq!(receipt["program"], "sleep");
    assert_eq!(receipt["rule"], "leftover");
    assert_eq!(receipt["fate"], "terminated");
    assert!(receipt["started"].is_u64() && receipt["after_milliseconds"].is_u64());
}

#[cfg(target_os = "linux")]
#[test]
fn the_isolation_that_was_in_force_is_in_the_bundle() {
    let _apart = Apart::begin(Kind::Intervening);
    let run = Run::new();
    let gate = assert_cmd::cargo::cargo_bin!("gate").to_str().unwrap();
    passed(&run.command(gate, &[]).output().unwrap());
    let mut told = run.bundled("isolation.json").unwrap();
    let sandbox = told.as_object_mut().unwrap().remove("sandbox").unwrap();
    assert!(
        sandbox.as_str().unwrap().starts_with("bubblewrap "),
        "{sandbox}"
    );
    // A test runs where the gate runs: both read the same of the system.
    let groups = std::fs::read_to_string("/proc/self/cgroup").unwrap();
    let group = groups.lines().find_map(|line| line.strip_prefix("0::"));
    let namespace = std::fs::read_link("/proc/self/ns/pid").unwrap();
    let apart = namespace.to_str().unwrap() != "pid:[4026531836]";
    let expected = json!({
        "session_per_program": true,
        "subreaper": true,
        "pidfd": true,
        "pid_namespace": apart,
        "cgroup": group,
    });
    assert_eq!(told, expected);
}

/// In a pid namespace of its own it says so.
#[cfg(target_os = "linux")]
#[test]
fn a_pid_namespace_of_its_own_is_told() {
    let _apart = Apart::begin(Kind::Intervening);
    let unshare = [
        "--user",
        "--map-root-user",
        "--pid",
        "--fork",
        "--mount-proc",
    ];
    let can = Command::new("unshare").args(unshare).arg("true").output();
    if !can.is_ok_and(|output| output.status.success()) {
        let what = "a gate in a pid namespace of its own";
        return not_shown(
            what,
            &format!("`unshare {}` has to work", unshare.join(" ")),
        );
    }
    let run = Run::new();
    let gate = assert_cmd::cargo::cargo_bin!("gate").to_str().unwrap();
    let before = [&unshare[..], &[gate]].concat();
    passed(&run.command("unshare", &before).output().unwrap());
    let told = run.bundled("isolation.json").unwrap();
    assert_eq!(told["pid_namespace"], true, "{told:#}");
    assert_eq!(told["subreaper"], true, "{told:#}");
}
