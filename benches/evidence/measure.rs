//! How long a program took, how much memory it held at most, and lines about both.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// The argument with which the benchmark does a part of the work in a process of its own.
pub(crate) const PART: &str = "--part";

/// Most memory that anything may hold, in bytes.
const MEMORY: u64 = 60_000_000;

/// A program that ran.
pub(crate) struct Measured {
    pub(crate) took: Duration,
    /// The most memory it held, in bytes.
    pub(crate) peak: u64,
    pub(crate) printed: String,
}

/// Runs a program that succeeds.
pub(crate) fn run(command: &mut Command) -> Measured {
    let start = Instant::now();
    let child = command.stdout(Stdio::piped()).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        // The system forgets it with the process, so it is asked until then; it only grows.
        let watch = scope.spawn(|| {
            let mut peak = 0;
            while !done.load(Ordering::Relaxed) {
                peak = held(&status).unwrap_or(0).max(peak);
                std::thread::sleep(Duration::from_millis(2));
            }
            peak
        });
        let output = child.wait_with_output().unwrap();
        let took = start.elapsed();
        done.store(true, Ordering::Relaxed);
        let printed = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{command:?}: {printed}");
        Measured {
            took,
            peak: watch.join().unwrap(),
            printed,
        }
    })
}

fn held(status: &str) -> Option<u64> {
    let text = std::fs::read_to_string(status).ok()?;
    let peak = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = peak.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

/// A part of our own work, in a process of its own.
pub(crate) fn own(part: &str, paths: &[&Path]) -> Measured {
    let mut command = Command::new(std::env::current_exe().unwrap());
    run(command.arg(PART).arg(part).args(paths))
}

/// A subcommand over a bundle.
pub(crate) fn gate(subcommand: &str, bundle: &Path) -> Measured {
    run(Command::new(env!("CARGO_BIN_EXE_gate"))
        .arg(subcommand)
        .arg(bundle))
}

/// What people use instead, as they would type it.
pub(crate) fn shell(script: &str, paths: &[&Path]) -> Duration {
    let mut command = Command::new("sh");
    run(command.args(["-e", "-c", script, "sh"]).args(paths)).took
}

/// The median.
pub(crate) fn of_rounds(mut rounds: Vec<Duration>) -> Duration {
    rounds.sort();
    rounds[rounds.len() / 2]
}

/// One line: ours, the other's, how many times as fast, and the bar.
pub(crate) fn ratio(what: &str, ours: Duration, other: &str, theirs: Duration, bar: f64) {
    let times = theirs.as_secs_f64() / ours.as_secs_f64();
    line(
        what,
        &format!("{ours:.2?}, {other} {theirs:.2?}: {times:.2} times as fast"),
        &format!("at least {bar}"),
        times >= bar,
    );
}

/// One line: ours is no larger than the other's.
pub(crate) fn within(what: &str, ours: u64, other: &str, theirs: u64) {
    #[expect(clippy::cast_precision_loss, reason = "it is printed with two digits")]
    let times = ours as f64 / theirs as f64;
    line(
        what,
        &format!("{ours} bytes, {other} {theirs}: {times:.3} times as large"),
        "at most 1",
        ours <= theirs,
    );
}

/// One line: a time, and what it may be at most in milliseconds.
pub(crate) fn below(what: &str, took: Duration, bar: f64) {
    let took = took.as_secs_f64() * 1e3;
    line(
        what,
        &format!("{took:.1} ms, {:.2} of the bar", took / bar),
        &format!("at most {bar} ms"),
        took <= bar,
    );
}

/// One line: the most memory that was held.
pub(crate) fn memory(what: &str, peak: u64) {
    #[expect(clippy::cast_precision_loss, reason = "it is printed with one digit")]
    let megabytes = |bytes: u64| bytes as f64 / 1e6;
    let (held, bar) = (megabytes(peak), megabytes(MEMORY));
    line(
        &format!("memory of {what}"),
        &format!("{held:.1} MB, {:.2} of the bar", held / bar),
        &format!("at most {bar} MB"),
        peak > 0 && peak <= MEMORY,
    );
}

fn line(what: &str, measured: &str, bar: &str, met: bool) {
    let met = if met { "met" } else { "NOT MET" };
    println!("{what}: {measured}; bar {bar}: {met}");
}
