//! The gate that ships, in a whole rehearsal: an operation on the files of its state fails, once
//! and for good. A rehearsal takes as long as a hundred subtasks of the small gate, so few of its
//! operations are tried each time.

use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};

use serde_json::Value;

use crate::outside;
use crate::shim::{Disturbance, failures};
use crate::stage::{gate_over, text};
use crate::sweep::over;

/// How many failures are enough for every run of the tests.
const SAMPLE: usize = 4;

struct Rehearsal(tempfile::TempDir);

impl Rehearsal {
    fn new() -> Self {
        let root = tempfile::TempDir::with_prefix("r-").unwrap();
        for below in ["home", "t"] {
            std::fs::create_dir(root.path().join(below)).unwrap();
        }
        Self(root)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Runs it with its files let down.
    fn run(&self, disturbance: Disturbance) -> ExitStatus {
        let told = std::fs::File::create(self.file("told")).unwrap();
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("gate"));
        command
            .env_clear()
            .envs(outside::variables())
            .env("HOME", self.file("home"))
            .env("TMPDIR", self.file("t"))
            .current_dir(self.file("home"))
            .args(["rehearse", "--yes", "--world"])
            .arg(self.file("world.json"))
            .arg("--bundle")
            .arg(self.file("bundle.tar.gz"))
            .stdin(Stdio::null())
            .stdout(told.try_clone().unwrap())
            .stderr(told);
        // Where it keeps its state has a name that is made up at its beginning.
        disturbance.apply(
            &mut command,
            &self.file("t/gate-*/state"),
            &self.file("met"),
        );
        command.status().unwrap()
    }

    fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.file(name)).unwrap_or_default()
    }

    /// What holds however its disk lets it down.
    fn keeps_the_laws(&self, code: Option<i32>) -> Result<(), String> {
        if self.text("told").contains("panicked") {
            return Err("it panicked".to_owned());
        }
        let world: Value = serde_json::from_str(&self.text("world.json")).unwrap_or_default();
        let most = most_writes(&world["github"]);
        if most > 1 {
            return Err(format!("it wrote {most} times"));
        }
        match code {
            Some(0) => self
                .proved()
                .map_err(|why| format!("it passed without its evidence: {why}")),
            Some(2..=4) => Ok(()),
            code => Err(format!("it ended with {code:?}")),
        }
    }

    fn proved(&self) -> Result<(), String> {
        let output = gate_over(&["reproduce"], &self.file("bundle.tar.gz"));
        let whole = output.status.success();
        whole.then_some(()).ok_or_else(|| text(&output))
    }
}

/// The most writes of one kind on one issue.
fn most_writes(value: &Value) -> u64 {
    let below = |value: &Value| match value {
        Value::Object(table) => table.values().map(most_writes).max(),
        Value::Array(items) => items.iter().map(most_writes).max(),
        _ => None,
    };
    let counts = value.get("by_gate").and_then(Value::as_object);
    let counts = counts.into_iter().flat_map(|counts| counts.values());
    let most = counts.filter_map(Value::as_u64).max();
    most.max(below(value)).unwrap_or_default()
}

#[test]
fn whatever_operation_fails_in_a_rehearsal_nothing_passes_without_its_evidence() {
    let whole = Rehearsal::new();
    let status = whole.run(Disturbance::Count);
    assert_eq!(status.code(), Some(0), "{}", whole.text("told"));
    assert_eq!(whole.keeps_the_laws(status.code()), Ok(()));
    let world: Value = serde_json::from_str(&whole.text("world.json")).unwrap();
    assert_eq!(most_writes(&world["github"]), 1, "the writes are counted");
    let operations = whole.text("met").split(' ').next().map(str::parse);
    let operations: usize = operations.unwrap().unwrap();
    assert!(operations > 1000, "{operations}");
    let all = failures(operations);
    let what = format!("one of {operations} file operations of a rehearsal fails");
    over(&what, all, SAMPLE, |&(operation, how, for_good)| {
        let rehearsal = Rehearsal::new();
        let status = rehearsal.run(Disturbance::Fail {
            operation,
            how,
            for_good,
        });
        rehearsal.keeps_the_laws(status.code()).map_err(|why| {
            let good = if for_good { ", and all after it" } else { "" };
            let (met, told) = (rehearsal.text("met"), rehearsal.text("told"));
            format!("{how:?} at {operation}{good} ({met}): {why}\n{told}")
        })
    });
}
