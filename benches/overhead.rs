//! What the gate itself costs per subtask: the same 43 programs through the whole engine (spawn,
//! policy, redaction, journal) and in a `bash` loop, in one run. Prints the median of all subtasks,
//! from one's end to the next one's, side by side; and what a run takes as a whole, with its
//! opening, seal and bundle. Asserts nothing, because machines are noisy.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measurement starts its own programs and prints what it measured"
)]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use camino::Utf8PathBuf;
use canary_gate::engine::Reporter;
use canary_gate::gate::Gate;
use canary_gate::model::{Asked, Event, EventKind};
use canary_gate::session::{self, Options};
use canary_gate::world::live::{Operator, ToolPath};

const PROGRAMS: usize = 43;
const ROUNDS: usize = 15;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let directory = tempfile::tempdir().unwrap();
    let root = Utf8PathBuf::from_path_buf(directory.path().to_owned()).unwrap();
    let gate = Arc::new(Gate::load("overhead.toml", &gate_file(), &|_| None).unwrap());
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let (mut our_runs, mut their_runs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let ends = Ends::default();
        our_runs.push(time(|| runtime.block_on(run(&gate, &root, &ends))));
        ours.extend(ends.between());
        let begun = Instant::now();
        theirs.extend(bash(&root));
        their_runs.push(begun.elapsed());
    }
    println!("{PROGRAMS} programs, medians of {ROUNDS} rounds, in turn");
    side_by_side("one subtask", median(ours), median(theirs));
    println!("  bar: at most +1 ms");
    side_by_side("a whole run", median(our_runs), median(their_runs));
}

fn side_by_side(what: &str, ours: Duration, theirs: Duration) {
    let (ours, theirs) = (ours.as_secs_f64() * 1e3, theirs.as_secs_f64() * 1e3);
    println!(
        "{what}: gate {ours:.2} ms, bash {theirs:.2} ms, ratio {:.2}, {:+.2} ms",
        ours / theirs,
        ours - theirs
    );
}

/// When each subtask ended.
#[derive(Clone, Default)]
struct Ends(Arc<Mutex<Vec<Instant>>>);

impl Ends {
    /// From each end to the next.
    fn between(&self) -> Vec<Duration> {
        let ends = self.0.lock().unwrap();
        assert_eq!(ends.len(), PROGRAMS);
        ends.windows(2).map(|two| two[1] - two[0]).collect()
    }
}

impl Reporter for Ends {
    fn event(&mut self, event: &Event) {
        if matches!(event.kind, EventKind::SubtaskEnded { .. }) {
            self.0.lock().unwrap().push(Instant::now());
        }
    }
}

fn gate_file() -> String {
    let mut text = "format = 1\nname = \"overhead\"\ntitle = \"Overhead\"\nmission = \"bench\"\n\n\
        [policy]\nprograms = [\"true\"]\n\n\
        [[work_package]]\nid = \"WP01\"\ntitle = \"Programs\"\npriority = \"low\"\ngoal = \"Measure.\"\n"
        .to_owned();
    for number in 1..=PROGRAMS {
        writeln!(
            text,
            "\n[[work_package.subtask]]\nid = \"T{number:03}\"\ntitle = \"true\"\nuses = \"run-program\"\n\
             argv = [\"true\"]\nas = \"ran.n{number}\""
        )
        .unwrap();
    }
    text
}

async fn run(gate: &Arc<Gate>, root: &Utf8PathBuf, ends: &Ends) {
    let env: BTreeMap<String, String> = [("PATH", "/usr/bin:/bin"), ("HOME", root.as_str())]
        .map(|(k, v)| (k.to_owned(), v.to_owned()))
        .into();
    let operator = Operator {
        env,
        home: root.clone(),
        cwd: root.clone(),
    };
    let options = Options {
        gate: Arc::clone(gate),
        workspace: root.clone(),
        state: root.join("state"),
        cache: root.join("cache"),
        tools: ToolPath::default(),
        versions: BTreeMap::new(),
        flake: None,
        rehearser: None,
        resume: None,
        handed_on: None,
        corrected: false,
        world: canary_gate::model::subject::WorldKind::Real,
        asked: Asked::default(),
        keep: false,
        sandbox: canary_gate::session::ChosenSandbox::default(),
    };
    let (_sender, signals) = tokio::sync::mpsc::unbounded_channel();
    let finished = session::run(
        operator,
        options,
        vec![Box::new(ends.clone())],
        signals,
        &|world| world,
    )
    .await
    .unwrap();
    assert_eq!(
        finished.verdict.exit_code(),
        0,
        "{:?}",
        finished.report.findings()
    );
}

/// What a user would write instead: run it, keep its output, stop at the first failure. Gives how
/// long each took.
fn bash(root: &Utf8PathBuf) -> Vec<Duration> {
    let script = format!(
        "for i in $(seq {PROGRAMS}); do \
         /usr/bin/true > {root}/out.$i 2> {root}/err.$i || exit 1; echo $EPOCHREALTIME; done"
    );
    let output = Command::new("bash")
        .args(["-c", &script])
        .env("LC_ALL", "C")
        .output();
    let output = output.unwrap();
    assert!(output.status.success());
    let ends: Vec<f64> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| line.parse().unwrap())
        .collect();
    assert_eq!(ends.len(), PROGRAMS);
    ends.windows(2)
        .map(|two| Duration::from_secs_f64(two[1] - two[0]))
        .collect()
}

fn time(work: impl FnOnce()) -> Duration {
    let begun = Instant::now();
    work();
    begun.elapsed()
}

fn median(mut all: Vec<Duration>) -> Duration {
    all.sort();
    all[all.len() / 2]
}
