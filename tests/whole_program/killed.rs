//! `kill -9` in the middle of a gate, and the gate goes on: the same verdict, the same world, and
//! each comment, close and re-opening exactly once, counted by the embedded GitHub. The world
//! lives in this process; the gate is the real program, killed for good.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex};

use crate::apart::{Apart, Kind};
use crate::outside;
use camino::Utf8PathBuf;
use canary_gate::rehearsal::github::{Act, IssueRef, Point, RepositoryName};
use canary_gate::rehearsal::{Fault, Faults, World};
use canary_gate::world::live::Operator;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

const BLOCKERS: [(&str, &str); 2] = [
    ("Priivacy-ai/spec-kitty", "1141"),
    ("Priivacy-ai/spec-kitty", "1182"),
];
const CANARY: (&str, &str) = ("Priivacy-ai/spec-kitty-end-to-end-testing", "41");
const TRACKER: (&str, &str) = ("Priivacy-ai/spec-kitty", "1038");

/// A world that outlives the gates in it.
struct Stage {
    world: World,
    runtime: tokio::runtime::Runtime,
    _home: tempfile::TempDir,
    _apart: Apart,
}

impl Stage {
    fn new(faults: &[&str]) -> Self {
        let home = tempfile::TempDir::with_prefix("k-").unwrap();
        let path = Utf8PathBuf::from_path_buf(home.path().canonicalize().unwrap()).unwrap();
        let operator = Operator {
            env: outside::variables().collect(),
            cwd: path.clone(),
            home: path,
        };
        let faults: Faults = faults.iter().map(|name| fault(name)).collect();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let world = runtime.block_on(World::build(&operator, &faults)).unwrap();
        Self {
            world,
            runtime,
            _home: home,
            _apart: Apart::begin(Kind::Watching),
        }
    }

    /// A gate in this world: a new run, or the latest one resumed.
    fn gate(&self, resumed: bool) -> Command {
        let operator = self.world.operator();
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("gate"));
        command
            .env_clear()
            .envs(&operator.env)
            .env("HOME", &operator.home)
            .current_dir(&operator.cwd)
            .stdin(Stdio::null())
            .args(["run", "--yes"])
            .args(
                resumed
                    .then_some(["--resume", "latest"])
                    .into_iter()
                    .flatten(),
            );
        for parameter in self.world.parameters() {
            command.arg("--set").arg(parameter);
        }
        command
    }

    fn start(&self, resumed: bool) -> Running {
        let root = self.world.root();
        let told = std::fs::File::create(root.join("told")).unwrap();
        let mut command = self.gate(resumed);
        command.stdout(told.try_clone().unwrap()).stderr(told);
        Running(command.spawn().unwrap())
    }

    fn told(&self) -> String {
        std::fs::read_to_string(self.world.root().join("told")).unwrap_or_default()
    }

    /// The run's directory.
    fn run(&self) -> Option<PathBuf> {
        let runs = std::fs::read_dir(self.world.root().join("state/runs")).ok()?;
        let mut runs: Vec<PathBuf> = runs.map(|entry| entry.unwrap().path()).collect();
        assert!(runs.len() <= 1, "a resumed run is no new one: {runs:?}");
        runs.pop()
    }

    /// How many records there are.
    fn records(&self) -> usize {
        let journal = self
            .run()
            .map(|run| std::fs::read(run.join("journal.jsonl")));
        let bytes = journal.and_then(Result::ok).unwrap_or_default();
        String::from_utf8(bytes).unwrap_or_default().lines().count()
    }

    /// What became of an issue: its state, and comments, closes and re-openings by the gate.
    fn issue(&self, (repository, number): (&str, &str)) -> (String, [u64; 3]) {
        let github = self.world.github().final_state();
        let issue = &github["repositories"][repository]["issues"][number];
        let by_gate = |what: &str| issue["by_gate"][what].as_u64().unwrap();
        let counts = ["comments", "closes", "reopens"].map(by_gate);
        (issue["state"].as_str().unwrap().to_owned(), counts)
    }

    /// The bundle of the last process is intact and gives the same bytes again.
    fn proved(&self) {
        let directory = self.run().unwrap().join("bundle");
        let bundles = std::fs::read_dir(directory).unwrap();
        let newest = bundles
            .map(|entry| entry.unwrap().path())
            .max_by_key(|path| path.metadata().unwrap().modified().unwrap())
            .unwrap();
        let output = gate(&["reproduce"], &newest);
        assert!(output.status.success(), "{}", text(&output));
    }

    fn end(self) {
        self.runtime.block_on(self.world.end(false));
    }
}

fn fault(name: &str) -> Fault {
    name.parse().unwrap()
}

fn gate(arguments: &[&str], path: &Path) -> Output {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("gate"));
    command.args(arguments).arg(path).output().unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// A gate that runs; ended with the test at the latest.
struct Running(Child);

impl Running {
    fn pid(&self) -> Pid {
        Pid::from_raw(self.0.id().try_into().unwrap())
    }

    fn wait(&mut self) -> ExitStatus {
        self.0.wait().unwrap()
    }

    /// Kills it as soon as there are so many records; false when it has ended before.
    fn kill_at(&mut self, stage: &Stage, records: usize) -> bool {
        while stage.records() < records {
            if self.0.try_wait().unwrap().is_some() {
                return false;
            }
            std::thread::yield_now();
        }
        kill(self.pid(), Signal::SIGKILL).unwrap();
        std::os::unix::process::ExitStatusExt::signal(&self.wait()) == Some(9)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ended = self.0.kill();
        let _ended = self.0.wait();
    }
}

/// Kills the gate that runs at each write: before it is done, or before it is answered.
struct Killer {
    at: Point,
    gate: Option<Pid>,
}

impl Killer {
    fn meet(&mut self, point: Point, writes: bool) {
        if writes
            && point == self.at
            && let Some(pid) = self.gate.take()
        {
            kill(pid, Signal::SIGKILL).unwrap();
        }
    }
}

/// Runs to its end in as many processes as that takes, and gives the exit code and how often it
/// was killed.
fn run_under_fire(stage: &Stage, at: Point) -> (Option<i32>, usize) {
    let killer = Arc::new(Mutex::new(Killer { at, gate: None }));
    let meet = Arc::clone(&killer);
    stage
        .world
        .github()
        .lock()
        .watch(move |point, writes, _| meet.lock().unwrap().meet(point, writes));
    let mut kills = 0;
    loop {
        let mut gate = stage.start(kills > 0);
        killer.lock().unwrap().gate = Some(gate.pid());
        let status = gate.wait();
        killer.lock().unwrap().gate = None;
        if status.code().is_some() {
            return (status.code(), kills);
        }
        kills += 1;
        assert!(kills < 40, "it never comes to its end: {}", stage.told());
    }
}

fn passes_under_fire(at: Point) {
    let stage = Stage::new(&[]);
    let (code, kills) = run_under_fire(&stage, at);
    assert_eq!(code, Some(0), "{}", stage.told());
    assert_eq!(kills, 3, "two comments and a closing");
    assert_eq!(stage.issue(CANARY), ("CLOSED".to_owned(), [1, 1, 0]));
    assert_eq!(stage.issue(TRACKER), ("OPEN".to_owned(), [1, 0, 0]));
    for blocker in BLOCKERS {
        assert_eq!(stage.issue(blocker), ("CLOSED".to_owned(), [0, 0, 0]));
    }
    stage.proved();
    stage.end();
}

#[test]
fn killed_before_each_write_it_writes_once_and_passes() {
    passes_under_fire(Point::Come);
}

#[test]
fn killed_after_each_write_it_writes_once_and_passes() {
    passes_under_fire(Point::Done);
}

fn fails_under_fire(at: Point) {
    let stage = Stage::new(&["scenario-both"]);
    let (code, kills) = run_under_fire(&stage, at);
    assert_eq!(code, Some(1), "{}", stage.told());
    for blocker in BLOCKERS {
        let expected = ("OPEN".to_owned(), [1, 0, 1]);
        assert_eq!(stage.issue(blocker), expected, "{}", stage.told());
    }
    assert_eq!(stage.issue(CANARY).1, [0, 0, 0]);
    assert_eq!(stage.issue(TRACKER).1, [0, 0, 0]);
    assert_eq!(kills, 4, "two comments and two re-openings");
    stage.proved();
    stage.end();
}

#[test]
fn killed_before_each_write_a_regression_reopens_once_and_fails() {
    fails_under_fire(Point::Come);
}

#[test]
fn killed_after_each_write_a_regression_reopens_once_and_fails() {
    fails_under_fire(Point::Done);
}

/// At moments that nobody chose: so many records after each start. `GATE_KILLS` sets how many,
/// `GATE_SEED` which.
#[test]
fn killed_at_any_moment_it_comes_to_the_same_end() {
    let set = |name: &str| std::env::var(name).ok()?.parse::<u64>().ok();
    let most = set("GATE_KILLS").unwrap_or(6);
    let mut seed = set("GATE_SEED").unwrap_or_else(|| u64::from(std::process::id()));
    let first = seed;
    let stage = Stage::new(&[]);
    let mut kills = 0;
    let code = loop {
        let mut gate = stage.start(kills > 0);
        // Numerical Recipes' generator: what is wanted is any number, and the same one again.
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let after = 3 + usize::try_from((seed >> 16) % 160).unwrap();
        let records = stage.records() + after;
        if kills < most && gate.kill_at(&stage, records) {
            kills += 1;
            continue;
        }
        break gate.wait().code();
    };
    assert_eq!(
        code,
        Some(0),
        "seed {first}, after {kills} kills: {}",
        stage.told()
    );
    assert_eq!(stage.issue(CANARY), ("CLOSED".to_owned(), [1, 1, 0]));
    assert_eq!(stage.issue(TRACKER), ("OPEN".to_owned(), [1, 0, 0]));
    let world = stage.world.final_state();
    assert_eq!(world["daemons_alive"], serde_json::json!([]), "{world}");
    stage.proved();
    stage.end();
}

/// What may have moved outside between a run and its resume is looked at again: nothing that was
/// true then makes a run pass now.
#[test]
fn what_moved_between_a_run_and_its_resume_is_no_pass() {
    let stage = Stage::new(&[]);
    let until = |resumed: bool| {
        let mut gate = stage.gate(resumed);
        let output = gate.args(["--until", "WP02"]).output().unwrap();
        (output.status.code(), text(&output))
    };
    let (code, told) = until(false);
    assert_eq!(code, Some(0), "{told}");
    let issue = IssueRef {
        repository: RepositoryName::new("Priivacy-ai", "spec-kitty"),
        number: 1141,
    };
    let act = |act| stage.world.github().lock().act("kitty-maintainer", act);
    act(Act::Reopen(issue.clone()));
    let (code, told) = until(true);
    assert_eq!(code, Some(3), "{told}");
    assert!(
        told.contains("takes T001 again: `blockers.rollback"),
        "{told}"
    );
    // Closed by hand: by no change that could be audited.
    act(Act::Close(issue));
    let (code, told) = until(true);
    assert_eq!(code, Some(3), "{told}");
    assert!(told.contains("closed by hand"), "{told}");
    assert_eq!(stage.issue(CANARY).1, [0, 0, 0]);
    stage.end();
}

#[test]
fn a_tag_or_code_that_moved_between_a_run_and_its_resume_is_no_pass() {
    let stage = Stage::new(&[]);
    let until = |resumed: bool| {
        let mut gate = stage.gate(resumed);
        let output = gate.args(["--until", "WP02"]).output().unwrap();
        (output.status.code(), text(&output))
    };
    let (code, told) = until(false);
    assert_eq!(code, Some(0), "{told}");
    let product = stage.world.root().join("workspace/spec-kitty");
    let git = |words: &[&str]| {
        let mut git = Command::new("git");
        git.current_dir(&product)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .args(["-c", "user.name=a", "-c", "user.email=a@example.org"]);
        assert!(git.args(words).status().unwrap().success(), "{words:?}");
    };
    git(&["commit", "-q", "--allow-empty", "-m", "Moved on"]);
    let (code, told) = until(true);
    assert_eq!(code, Some(0), "{told}");
    assert!(
        told.contains("takes T004 again: checkout `spec-kitty`"),
        "{told}"
    );
    stage.world.github().lock().act(
        "kitty-releases",
        Act::MoveTag {
            repository: RepositoryName::new("Priivacy-ai", "spec-kitty"),
            tag: "v3.2.0rc16".to_owned(),
            to: "v3.2.0rc15".to_owned(),
        },
    );
    let (code, told) = until(true);
    assert_eq!(code, Some(3), "{told}");
    assert!(told.contains("takes T007 again: `rc.commit`"), "{told}");
    assert!(told.contains("on GitHub"), "{told}");
    stage.end();
}
