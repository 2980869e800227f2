//! The outside that several machines share, and the machines.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use camino::Utf8PathBuf;
use canary_gate::rehearsal::{Faults, World};
use canary_gate::world::live::Operator;

use crate::apart::{Apart, Kind};
use crate::outside;

/// Whom the gate may write to: repository and issue.
pub(crate) const ISSUES: [(&str, &str); 4] = [
    ("Priivacy-ai/spec-kitty", "1141"),
    ("Priivacy-ai/spec-kitty", "1182"),
    ("Priivacy-ai/spec-kitty", "1038"),
    ("Priivacy-ai/spec-kitty-end-to-end-testing", "41"),
];

/// A world that outlives the machines in it.
pub(crate) struct Outside {
    world: World,
    runtime: tokio::runtime::Runtime,
    _home: tempfile::TempDir,
    _apart: Apart,
}

impl Outside {
    pub(crate) fn new(faults: &[&str]) -> Self {
        let home = tempfile::TempDir::with_prefix("o-").unwrap();
        let path = Utf8PathBuf::from_path_buf(home.path().canonicalize().unwrap()).unwrap();
        let operator = Operator {
            env: outside::variables().collect(),
            cwd: path.clone(),
            home: path,
        };
        let faults: Faults = faults.iter().map(|name| name.parse().unwrap()).collect();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let world = runtime.block_on(World::build(&operator, &faults)).unwrap();
        Self {
            world,
            runtime,
            _home: home,
            _apart: Apart::begin(Kind::Watching),
        }
    }

    pub(crate) fn world(&self) -> &World {
        &self.world
    }

    /// A machine that nobody has used before, with fresh checkouts.
    pub(crate) fn machine(&self) -> Machine<'_> {
        let directory = tempfile::TempDir::with_prefix("m-").unwrap();
        for below in ["home", "cache", "handed", "temp"] {
            std::fs::create_dir(directory.path().join(below)).unwrap();
        }
        let root = self.world.root();
        let copied = Command::new("cp")
            .arg("-a")
            .arg(root.join("workspace"))
            .arg(directory.path().join("workspace"))
            .status();
        assert!(copied.unwrap().success());
        Machine {
            outside: self,
            directory,
        }
    }

    /// What became of each issue: its state, and comments, closes and re-openings by the gate.
    pub(crate) fn issues(&self) -> Vec<(String, [u64; 3])> {
        let github = self.world.github().final_state();
        let of = |(repository, number): (&str, &str)| {
            let issue = &github["repositories"][repository]["issues"][number];
            let by_gate = |what: &str| issue["by_gate"][what].as_u64().unwrap();
            let counts = ["comments", "closes", "reopens"].map(by_gate);
            (issue["state"].as_str().unwrap().to_owned(), counts)
        };
        ISSUES.into_iter().map(of).collect()
    }

    pub(crate) fn end(self) {
        self.runtime.block_on(self.world.end(false));
    }
}

/// A machine, gone with this.
pub(crate) struct Machine<'o> {
    outside: &'o Outside,
    directory: tempfile::TempDir,
}

impl Machine<'_> {
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// A program on this machine, with the environment of whoever works there.
    pub(crate) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .envs(self.outside.world.operator().env)
            .env("HOME", self.path("home"))
            .env("XDG_CACHE_HOME", self.path("cache"))
            .env("TMPDIR", self.path("temp"))
            .current_dir(self.path("workspace"))
            .stdin(Stdio::null());
        command
    }

    /// Parameters that lead the gate into this world, and to this machine's directories.
    pub(crate) fn parameters(&self) -> Vec<String> {
        let own = ["workspace=", "state_dir="];
        let mut all = self.outside.world.parameters();
        all.retain(|one| !own.iter().any(|own| one.starts_with(own)));
        all.push(format!("workspace={}", self.path("workspace").display()));
        all.push(format!("state_dir={}", self.path("state").display()));
        all
    }

    /// `gate run` here, with more arguments.
    pub(crate) fn gate(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(assert_cmd::cargo::cargo_bin!("gate"));
        command.args(["run", "--yes"]).args(arguments);
        for parameter in self.parameters() {
            command.arg("--set").arg(parameter);
        }
        command
    }

    /// Runs it to its end; what it left is in files, so that no daemon keeps a pipe open.
    pub(crate) fn run(&self, command: &mut Command) -> (Option<i32>, String) {
        let mut child = self.start(command);
        let status = child.wait().unwrap();
        (status.code(), self.told())
    }

    pub(crate) fn start(&self, command: &mut Command) -> Child {
        let told = std::fs::File::create(self.path("told")).unwrap();
        command.stdout(told.try_clone().unwrap()).stderr(told);
        command.spawn().unwrap()
    }

    pub(crate) fn told(&self) -> String {
        std::fs::read_to_string(self.path("told")).unwrap_or_default()
    }
}

/// `gate` on a bundle: `verify`, `reproduce` and the like.
pub(crate) fn gate_on(arguments: &[&str], bundles: &[&Path]) -> Output {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("gate"));
    command.args(arguments).args(bundles).output().unwrap()
}

pub(crate) fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// A bundle is intact and gives the same bytes again.
pub(crate) fn proved(bundle: &Path) {
    for command in ["verify", "reproduce"] {
        let output = gate_on(&[command], &[bundle]);
        assert!(output.status.success(), "{command}: {}", text(&output));
    }
}
