//! Runs the real `gate rehearse` and keeps all that can be seen of it from outside.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use canary_gate::rehearsal::Fault;
use serde_json::Value;
use tempfile::TempDir;

use super::again;
use crate::apart::{Apart, Kind};
use crate::outside;

/// A rehearsal that has not begun.
pub(crate) struct Rehearsal {
    arguments: Vec<String>,
    /// The one fault of it, when there is one and nothing else was asked for.
    only: Option<Fault>,
    ask: bool,
    pub(crate) directory: TempDir,
    _apart: Apart,
}

/// A rehearsal with these faults.
pub(crate) fn rehearse(faults: &[&str]) -> Rehearsal {
    let mut arguments = Vec::new();
    for fault in faults {
        arguments.extend(["--fault".to_owned(), (*fault).to_owned()]);
    }
    let only = match faults {
        [one] => one.parse().ok(),
        _ => None,
    };
    Rehearsal {
        arguments,
        only,
        ask: false,
        directory: TempDir::with_prefix("f-").unwrap(),
        _apart: Apart::begin(Kind::Watching),
    }
}

impl Rehearsal {
    /// More arguments.
    pub(crate) fn with(mut self, arguments: &[&str]) -> Self {
        self.only = None;
        self.arguments
            .extend(arguments.iter().map(|one| (*one).to_owned()));
        self
    }

    /// Leaves `--yes` out.
    pub(crate) fn unanswered(mut self) -> Self {
        self.ask = true;
        self
    }

    fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The command, standard output and error into files: whoever the gate leaves behind must
    /// not keep a pipe open.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("gate"));
        let home = self.file("home");
        let temporary = self.file("t");
        for directory in [&home, &temporary] {
            std::fs::create_dir_all(directory).unwrap();
        }
        command
            .env_clear()
            .envs(outside::variables())
            .env("HOME", &home)
            .env("TMPDIR", &temporary)
            .env("LANG", "C.UTF-8")
            .current_dir(&home)
            .stdin(Stdio::null())
            .stdout(std::fs::File::create(self.file("stdout")).unwrap())
            .stderr(std::fs::File::create(self.file("stderr")).unwrap())
            .args(["rehearse", "--keep"])
            .args((!self.ask).then_some("--yes"))
            .arg("--world")
            .arg(self.file("world.json"))
            .arg("--bundle")
            .arg(self.file("bundle.tar.gz"))
            .arg("--events")
            .arg(self.file("events.jsonl"))
            .args(&self.arguments);
        command
    }

    /// Runs it to its end, and reproduces what it left behind. Only what could not be determined
    /// may have left no bundle.
    pub(crate) fn run(self) -> Ended {
        let status = self.command().status().unwrap();
        let turn = self.arguments.iter().map(String::len).sum();
        let ended = self.ended(status.code());
        let bundle = ended.bundle();
        if bundle.exists() {
            again::reproduced(turn, &bundle);
        } else {
            assert!(
                matches!(ended.code, Some(2 | 4)),
                "no bundle\n{}",
                ended.told()
            );
        }
        ended
    }

    /// What there is to see once the process is gone.
    pub(crate) fn ended(self, code: Option<i32>) -> Ended {
        let text = |name: &str| {
            let bytes = std::fs::read(self.file(name)).unwrap_or_default();
            String::from_utf8(bytes).unwrap()
        };
        let events = text("events.jsonl")
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let world = serde_json::from_str(&text("world.json")).unwrap_or(Value::Null);
        Ended {
            only: self.only,
            code,
            stdout: text("stdout"),
            stderr: text("stderr"),
            events,
            world,
            directory: self.directory,
        }
    }
}

/// A rehearsal that came to its end.
pub(crate) struct Ended {
    pub(crate) only: Option<Fault>,
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) events: Vec<Value>,
    pub(crate) world: Value,
    pub(crate) directory: TempDir,
}

impl Ended {
    /// Events of one kind.
    pub(crate) fn events(&self, kind: &str) -> impl Iterator<Item = &Value> {
        self.events
            .iter()
            .filter(move |event| event["event"] == kind)
    }

    /// How a subtask ended.
    pub(crate) fn subtask(&self, id: &str) -> &Value {
        self.events("subtask-ended")
            .find(|event| event["subtask"] == id)
            .unwrap_or_else(|| panic!("{id} did not end\n{}", self.told()))
    }

    /// The outcome of each subtask by id.
    pub(crate) fn outcomes(&self) -> BTreeMap<&str, &str> {
        self.events("subtask-ended")
            .map(|event| {
                let text = |key: &str| event[key].as_str().unwrap();
                (text("subtask"), text("outcome"))
            })
            .collect()
    }

    /// The value of a fact.
    pub(crate) fn fact(&self, name: &str) -> &Value {
        let published = self
            .events("fact-published")
            .find(|event| event["name"] == name);
        published.map_or(&Value::Null, |event| &event["value"])
    }

    /// All that a subtask says of how it ended, as text.
    pub(crate) fn says(&self, id: &str) -> String {
        self.subtask(id).to_string()
    }

    /// The run as one file.
    pub(crate) fn bundle(&self) -> PathBuf {
        self.directory.path().join("bundle.tar.gz")
    }

    /// The run's state directory.
    pub(crate) fn state(&self) -> &Path {
        Path::new(self.world["state_directory"].as_str().unwrap())
    }

    /// Everything printed, for a failing test's message.
    pub(crate) fn told(&self) -> String {
        format!(
            "exit {:?}\n── stdout\n{}\n── stderr\n{}",
            self.code, self.stdout, self.stderr
        )
    }

    /// The run's journal, one record a line.
    pub(crate) fn journal(&self) -> Vec<Value> {
        let runs = std::fs::read_dir(self.state().join("runs")).unwrap();
        let mut runs: Vec<PathBuf> = runs.map(|entry| entry.unwrap().path()).collect();
        assert_eq!(runs.len(), 1, "one run is expected: {runs:?}");
        let text = std::fs::read_to_string(runs.remove(0).join("journal.jsonl")).unwrap();
        text.lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap()["record"].clone())
            .collect()
    }
}
