//! An operator's machine, and `gate install` on it.

use std::process::{Command, Output};

use camino::Utf8PathBuf;
use serde_json::Value;

use super::stage::Stage;
use crate::shown::not_shown;

/// Nobody listens there.
pub(crate) const NOWHERE: &str = "http://127.0.0.1:1/simple/";

/// An operator's machine: a home with a pipx of theirs in it, an index, nothing else.
pub(crate) struct Machine {
    pub(crate) stage: Stage,
}

impl Machine {
    pub(crate) fn new(index: &str) -> Self {
        let stage = Stage::new(index);
        let own = stage.root.join("home/.local/bin");
        std::fs::create_dir_all(&own).unwrap();
        std::fs::write(own.join("spec-kitty"), "#!/bin/sh\necho mine\n").unwrap();
        Self { stage }
    }

    pub(crate) fn path(&self, below: &str) -> Utf8PathBuf {
        self.stage.root.join(below)
    }

    /// `gate install` with these arguments, by this operator.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("gate"));
        command
            .env_clear()
            .envs(self.stage.environment())
            .env("HOME", self.path("home"))
            .env("TMPDIR", self.path("workspace"))
            .current_dir(self.path("workspace"))
            .arg("install")
            .args(arguments);
        command
    }

    pub(crate) fn gate(&self, arguments: &[&str]) -> Told {
        Told::of(&self.command(arguments).output().unwrap())
    }
}

/// What the command came to.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Told {
    pub(crate) fn of(output: &Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout.clone()).unwrap(),
            err: String::from_utf8(output.stderr.clone()).unwrap(),
        }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    #[track_caller]
    pub(crate) fn says(&self, code: i32, words: &[&str]) -> &Self {
        assert_eq!(self.code, Some(code), "{self:?}");
        for word in words {
            assert!(self.err.contains(word), "`{word}` in {}", self.err);
        }
        self
    }
}

/// The same command without any network interface, where the system lets us do that; in any case
/// with an index at which nobody answers.
pub(crate) fn cut_off(command: &Command) -> Command {
    let can = Command::new("unshare").args(["-rn", "true"]).output();
    let mut cut = if can.is_ok_and(|output| output.status.success()) {
        let mut unshare = Command::new("unshare");
        unshare.arg("-rn").arg(command.get_program());
        unshare
    } else {
        not_shown(
            "an install where there is no network interface at all",
            "`unshare -rn true` has to work for that; instead, nobody answers at the index",
        );
        Command::new(command.get_program())
    };
    cut.args(command.get_args()).env_clear();
    if let Some(directory) = command.get_current_dir() {
        cut.current_dir(directory);
    }
    for (name, value) in command.get_envs() {
        cut.env(name, value.unwrap_or_default());
    }
    for (name, value) in [
        ("UV_DEFAULT_INDEX", NOWHERE),
        ("PIP_INDEX_URL", NOWHERE),
        ("UV_HTTP_RETRIES", "0"),
        ("PIP_RETRIES", "0"),
    ] {
        cut.env(name, value);
    }
    cut
}

/// The same command by somebody with other habits.
pub(crate) fn odd(machine: &Machine, arguments: &[&str]) -> Told {
    let home = machine.path("another home");
    std::fs::create_dir_all(&home).unwrap();
    let install = machine.command(arguments);
    let mut command = Command::new("sh");
    command
        .args(["-c", "umask 077 && exec \"$0\" \"$@\""])
        .arg(install.get_program())
        .args(install.get_args())
        .args(["--into", "a/much/deeper/place/than/the/first"])
        .env_clear();
    for (name, value) in install.get_envs() {
        command.env(name, value.unwrap_or_default());
    }
    command
        .current_dir(machine.path("workspace"))
        .env("HOME", home)
        .env("LANG", "de_DE.UTF-8")
        .env("LC_ALL", "tr_TR.UTF-8")
        .env("TZ", "Asia/Tokyo");
    Told::of(&command.output().unwrap())
}

/// Whether the network may be used; says so when not.
pub(crate) fn may_use_network(what: &str) -> bool {
    let may = std::env::var_os("GATE_TEST_NETWORK").is_some();
    if !may {
        not_shown(
            what,
            "GATE_TEST_NETWORK=1 asks the default package index, as `tests/all.sh` does",
        );
    }
    may
}
