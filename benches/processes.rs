//! What it costs to end orphan daemons the careful way, side by side with what people type
//! instead: `pkill -TERM -f` and waiting for them, and `pkill -9 -f; sleep 2; ps`. All in one
//! run, in turn, on real Python processes that end when they are told to. Prints medians and
//! ratios, asserts nothing. `cargo bench --bench processes -- 1000` takes a thousand daemons only.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measurement starts its own programs and prints what it measured"
)]

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

#[path = "../tests/support/herd/mod.rs"]
mod herd;

use herd::Herd;

const ROUNDS: usize = 5;
/// Eighteen at once is the most that was seen in the wild.
const SIZES: [usize; 2] = [18, 1000];
// The pattern is the token of the one herd: nobody else's daemons may end for a measurement. It
// comes by the environment, so that the shell does not find itself.
const WAIT: &str = "pkill -TERM -f \"$PATTERN\"; \
    if command -v pidwait > /dev/null; then pidwait -f \"$PATTERN\"; \
    else while pgrep -f \"$PATTERN\" > /dev/null; do :; done; fi";
const MANUAL: &str =
    "pkill -9 -f \"$PATTERN\"; sleep 2; ps -e -o pid,args | grep -v grep | grep \"$PATTERN\"";

fn main() {
    let asked: Vec<usize> = std::env::args()
        .filter_map(|arg| arg.parse().ok())
        .collect();
    let sizes = if asked.is_empty() {
        SIZES.to_vec()
    } else {
        asked
    };
    println!("{ROUNDS} rounds, in turn; median");
    for size in sizes {
        measure(size);
    }
}

fn measure(size: usize) {
    let mut times: [Vec<Duration>; 3] = Default::default();
    for _ in 0..ROUNDS {
        let gate = |herd: &Herd| {
            let mut command = herd.command(env!("CARGO_BIN_EXE_gate"));
            command.arg("reap");
            command
        };
        let shell = |text: &str, herd: &Herd| {
            let mut command = herd.command("bash");
            command.args(["-c", text]).env("PATTERN", herd.token());
            command
        };
        times[0].push(round(size, gate));
        times[1].push(round(size, |herd| shell(WAIT, herd)));
        times[2].push(round(size, |herd| shell(MANUAL, herd)));
    }
    let [ours, theirs, manual] = times.map(median);
    let seconds = |time: Duration| time.as_secs_f64() * 1e3;
    let ratio = |other: Duration| ours.as_secs_f64() / other.as_secs_f64();
    println!("{size} daemons");
    println!("  gate reap                      {:9.1} ms", seconds(ours));
    println!(
        "  pkill -TERM -f, then waiting   {:9.1} ms   ratio {:5.2} (bar: at most 1.2)",
        seconds(theirs),
        ratio(theirs)
    );
    println!(
        "  pkill -9 -f; sleep 2; ps       {:9.1} ms   ratio {:5.2} (bar: at most 0.15)",
        seconds(manual),
        ratio(manual)
    );
}

/// From the start of the command until it says that all have ended.
fn round(size: usize, command: impl Fn(&Herd) -> Command) -> Duration {
    let mut herd = Herd::new();
    let started = herd.start(&[("plain", size - 1)]);
    assert_eq!(started.len(), size);
    let mut command = command(&herd);
    // Not one of the herd itself.
    command.env_remove(herd::MARK).stderr(Stdio::inherit());
    let begun = Instant::now();
    let _grep_finds_none = command.status().unwrap();
    let time = begun.elapsed();
    herd.reap();
    assert!(herd.alive().is_empty(), "{command:?} left some alive");
    time
}

fn median(mut all: Vec<Duration>) -> Duration {
    all.sort();
    all[all.len() / 2]
}
