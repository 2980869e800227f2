//! A gate that `kill -9` ends in the middle of a canary: what it leaves is found by the next
//! start, told, and cleared when that is allowed; nobody else's is touched.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use camino::Utf8PathBuf;
use canary_gate::world::live::processes_of_run;

use crate::apart::{Apart, Kind};

/// A gate that passes at once.
const SMALL: &str = "format = 1\nname = \"small\"\ntitle = \"Small\"\nmission = \"test\"\n\n\
    [policy]\nprograms = [\"true\"]\n\n\
    [[work_package]]\nid = \"WP01\"\ntitle = \"One\"\npriority = \"low\"\ngoal = \"Pass.\"\n\n\
    [[work_package.subtask]]\nid = \"T001\"\ntitle = \"true\"\nuses = \"run-program\"\n\
    argv = [\"true\"]\nas = \"ran.it\"\n";

struct Place {
    root: tempfile::TempDir,
}

impl Place {
    fn path(&self, below: &str) -> PathBuf {
        self.root.path().canonicalize().unwrap().join(below)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("gate"));
        command
            .args(arguments)
            .arg("--set")
            .arg(format!("state_dir={}", self.path("state").display()))
            .env("TMPDIR", self.path("t"))
            .current_dir(self.path(""))
            .stdin(Stdio::null());
        command
    }

    fn small(&self, more: &[&str]) -> Output {
        let file = self.path("small.toml");
        std::fs::write(&file, SMALL).unwrap();
        let mut command = self.command(&["run", "--gate", file.to_str().unwrap()]);
        command.args(more).output().unwrap()
    }

    /// The run directory, once there is one.
    fn run(&self) -> Option<Utf8PathBuf> {
        let runs = std::fs::read_dir(self.path("state/runs")).ok()?;
        let run = runs.map(|entry| entry.unwrap().path()).min()?;
        Some(Utf8PathBuf::from_path_buf(run).unwrap())
    }
}

/// Whoever must be left alone: the same program with nearly the same environment.
struct Bystander(Child);

impl Bystander {
    fn start(temporary: &Path) -> Self {
        let mut command = Command::new("sleep");
        command.arg("3600").env("TMPDIR", temporary);
        Self(command.spawn().unwrap())
    }

    fn lives(&mut self) -> bool {
        matches!(self.0.try_wait(), Ok(None))
    }
}

impl Drop for Bystander {
    fn drop(&mut self) {
        let _ended = self.0.kill();
        let _ended = self.0.wait();
    }
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn what_a_killed_gate_leaves_is_found_and_cleared_by_the_next_start() {
    let _apart = Apart::begin(Kind::Intervening);
    let place = Place {
        root: tempfile::TempDir::with_prefix("k-").unwrap(),
    };
    std::fs::create_dir(place.path("t")).unwrap();
    let arguments = ["rehearse", "--yes", "--keep", "--fault", "canary-hangs"];
    let mut gate = place.command(&arguments);
    gate.args(["--set", "canary.run_limit=10m"]);
    let output = std::fs::File::create(place.path("told")).unwrap();
    let mut gate = gate
        .stdout(output.try_clone().unwrap())
        .stderr(output)
        .spawn()
        .unwrap();
    // The canary hangs in a `sleep` of its own.
    let hangs = |run: Utf8PathBuf| {
        let seen = processes_of_run(&run).unwrap();
        seen.iter().any(|process| process.program == "sleep")
    };
    let begun = std::time::Instant::now();
    while !place.run().is_some_and(hangs) {
        assert!(
            begun.elapsed().as_secs() < 300,
            "no canary after five minutes"
        );
        let ended = gate.try_wait().unwrap();
        let text = || std::fs::read_to_string(place.path("told")).unwrap();
        assert!(ended.is_none(), "it never came to the canary: {}", text());
        std::thread::yield_now();
    }
    gate.kill().unwrap();
    gate.wait().unwrap();
    let run = place.run().unwrap();
    let id = run.file_name().unwrap().to_owned();
    let left = processes_of_run(&run).unwrap();
    assert!(
        left.len() >= 3,
        "the script, its subshell, the sleep: {left:?}"
    );
    let mut elsewhere = Bystander::start(&place.path("t"));
    let mut beside = Bystander::start(&place.path(&format!("state/runs/{id}x/tmp")));

    let refused = place.small(&[]);
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
    let text = told(&refused);
    assert!(text.contains(&format!("Run {id} was killed")), "{text}");
    for process in &left {
        assert!(
            text.contains(&format!("end process {} (", process.identity.pid)),
            "{text}"
        );
    }
    assert!(text.contains(&format!("remove {run}/home")), "{text}");
    assert!(text.contains("--yes"), "the remedy: {text}");
    assert_eq!(
        processes_of_run(&run).unwrap(),
        left,
        "asked first: nothing was ended"
    );
    assert!(run.join("home").is_dir());
    let dry = place.small(&["--dry-run"]);
    assert!(
        told(&dry).contains(&format!("Run {id} was killed")),
        "{dry:?}"
    );
    assert_eq!(
        processes_of_run(&run).unwrap(),
        left,
        "a dry run ends nothing"
    );

    let cleared = place.small(&["--yes"]);
    assert_eq!(cleared.status.code(), Some(0), "{cleared:?}");
    assert!(
        told(&cleared).contains(&format!("run {id}: cleared")),
        "{cleared:?}"
    );
    assert!(processes_of_run(&run).unwrap().is_empty());
    assert!(!run.join("home").exists() && !run.join("tmp").exists());
    assert!(run.join("journal.jsonl").is_file(), "evidence stays");
    assert!(
        elsewhere.lives() && beside.lives(),
        "nobody else is touched"
    );

    let again = place.small(&["--yes"]);
    assert!(
        !told(&again).contains("killed"),
        "once is enough: {again:?}"
    );
}

#[test]
fn who_carries_a_runs_directory_and_who_shares_a_session_with_it_is_found() {
    let _apart = Apart::begin(Kind::Intervening);
    let root = tempfile::tempdir().unwrap();
    let run = Utf8PathBuf::from_path_buf(root.path().canonicalize().unwrap()).unwrap();
    let found = || processes_of_run(&run).unwrap().len();
    // A session of its own, whose second process dropped its environment.
    let mut command = Command::new("setsid");
    command
        .args(["bash", "-c", "env -i sleep 3600 & echo started; wait"])
        .env("TMPDIR", run.join("tmp/T001-1-bash"))
        .stdout(Stdio::piped());
    let mut script = Bystander(command.spawn().unwrap());
    let _of_another = Bystander::start(run.join("tmpx").as_std_path());
    let mut line = [0; 8];
    let mut output = script.0.stdout.take().unwrap();
    std::io::Read::read_exact(&mut output, &mut line).unwrap();
    let session = processes_of_run(&run).unwrap();
    assert_eq!(found(), 2, "{session:?}");
    for process in session {
        let pid = nix::unistd::Pid::from_raw(process.identity.pid.try_into().unwrap());
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).unwrap();
    }
}
