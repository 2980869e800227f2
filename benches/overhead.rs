//! What the gate itself costs per subtask: the same 43 programs through the whole engine (spawn,
//! policy, redaction, journal) and in a `bash` loop, in one run. Prints medians and the
//! difference per program; asserts nothing, because machines are noisy.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measurement starts its own programs and prints what it measured"
)]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use camino::Utf8PathBuf;
use canary_gate::engine::Asked;
use canary_gate::gate::Gate;
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
    let mut ours = Vec::new();
    let mut theirs = Vec::new();
    for _ in 0..ROUNDS {
        ours.push(time(|| runtime.block_on(run(&gate, &root))));
        theirs.push(time(|| bash(&root)));
    }
    let (ours, theirs) = (median(ours), median(theirs));
    let per = (ours.as_secs_f64() - theirs.as_secs_f64())
        / f64::from(u32::try_from(PROGRAMS).unwrap())
        * 1e3;
    println!("{PROGRAMS} programs, median of {ROUNDS} rounds, in turn");
    println!("gate  {:8.1} ms", ours.as_secs_f64() * 1e3);
    println!("bash  {:8.1} ms", theirs.as_secs_f64() * 1e3);
    println!("ratio {:8.2}", ours.as_secs_f64() / theirs.as_secs_f64());
    println!("the gate's own cost per subtask: {per:+.3} ms (bar: at most +1 ms)");
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

async fn run(gate: &Arc<Gate>, root: &Utf8PathBuf) {
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
        asked: Asked::default(),
        keep: false,
    };
    let (_sender, signals) = tokio::sync::mpsc::unbounded_channel();
    let finished = session::run(operator, options, Vec::new(), signals, &|world| world)
        .await
        .unwrap();
    assert_eq!(
        finished.verdict.exit_code(),
        0,
        "{:?}",
        finished.report.findings()
    );
}

/// What a user would write instead: run it, keep its output, stop at the first failure.
fn bash(root: &Utf8PathBuf) {
    let script = format!(
        "for i in $(seq {PROGRAMS}); do /usr/bin/true > {root}/out.$i 2> {root}/err.$i || exit 1; done"
    );
    assert!(
        Command::new("bash")
            .args(["-c", &script])
            .status()
            .unwrap()
            .success()
    );
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
