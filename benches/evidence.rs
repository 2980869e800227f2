//! What evidence costs, side by side with what people use instead. Prints ratios, asserts
//! nothing: a busy machine is no defect. `cargo bench --bench evidence -- 1000` takes 1000 MB of
//! logs.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark makes files, starts programs, reads the clock and prints"
)]

use std::collections::BTreeMap;
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use canary_gate::engine::{Event, EventKind};
use canary_gate::evidence::{
    Attempt, Content, Limits, NoScan, Spec, bundle, check_directory, verify,
};
use canary_gate::gate::{Fact, Outcome, Source, SubtaskId, Verdict};
use canary_gate::journal::disk::OsDisk;
use canary_gate::journal::{Blobs, FORMAT, GateRef, Header, Journal, read, sha256_hex};
use canary_gate::world::redact::{Redactor, Scope};
use canary_gate::world::{
    Captured, Effect, Ended, Finished, Program, RecordLayer, ReplayWorld, Response, World,
    WorldError,
};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

const SUBTASKS: usize = 43;
const EXCHANGES: usize = 12;

fn main() {
    let megabytes = std::env::args()
        .skip(1)
        .find_map(|arg| arg.parse().ok())
        .unwrap_or(1000);
    let dir = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();
    let run = dir.path().join("run");
    runtime.block_on(journal(&run));
    runtime.block_on(replay(&run));
    let logs = logs(&dir.path().join("logs"), megabytes);
    capture(dir.path(), &logs[0]);
    bundling(dir.path(), &run, &logs);
    checking(dir.path(), &logs);
    memory();
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let value = work();
    (value, start.elapsed())
}

/// One line: ours, the other's, how many times faster, and the bar.
fn line(what: &str, ours: Duration, other: &str, others: Duration, bar: f64) {
    let times = others.as_secs_f64() / ours.as_secs_f64();
    println!("{what}: {ours:.2?}; {other}: {others:.2?}; {times:.2} times as fast (bar {bar})");
}

struct Instantly;

#[async_trait]
impl World for Instantly {
    async fn perform(&self, _: &SubtaskId, effect: Effect) -> Result<Response, WorldError> {
        let text = format!("{effect:?}\n").repeat(6);
        Ok(Response::Program(Box::new(Finished {
            ended: Ended::Code(0),
            stdout: Captured {
                bytes: text.len() as u64,
                text,
                ..Captured::default()
            },
            stderr: Captured::default(),
            elapsed: Duration::from_millis(3),
            leftovers: Vec::new(),
            observations: Vec::new(),
        })))
    }
}

fn id(n: usize) -> SubtaskId {
    SubtaskId::new(format!("T{n:03}"))
}

/// A full run has some ten writes to GitHub and processes; everything else reads.
fn effect(subtask: usize, n: usize) -> Effect {
    let words = match (subtask % 4, n) {
        (0, 5) => format!("gh issue comment {subtask} --body x"),
        _ => format!("git -C ‹workspace›/spec-kitty show {subtask}:{n}"),
    };
    Effect::Run(Program::new(words.split(' ')))
}

fn event(kind: EventKind) -> Event {
    Event {
        time: Timestamp::UNIX_EPOCH,
        elapsed: Duration::ZERO,
        kind,
    }
}

fn header() -> Header {
    Header {
        asked: canary_gate::engine::Asked::default(),
        format: FORMAT,
        run: "01KS1W46000000000000000000".into(),
        gate: GateRef {
            name: "phase4".into(),
            sha256: sha256_hex(b""),
        },
        parameters: BTreeMap::new(),
        tools: BTreeMap::new(),
        version: "0.1.0".into(),
        flake: None,
        started: Timestamp::UNIX_EPOCH,
        plan: (1..=SUBTASKS).map(id).collect(),
    }
}

async fn journal(run: &Path) {
    let (world, start) = (Instantly, Instant::now());
    for subtask in 1..=SUBTASKS {
        for n in 0..EXCHANGES {
            world
                .perform(&id(subtask), effect(subtask, n))
                .await
                .unwrap();
        }
    }
    let without = start.elapsed();
    let start = Instant::now();
    let journal = Journal::create(run, header()).unwrap();
    let world = RecordLayer::new(Arc::new(Instantly), journal.clone());
    for subtask in 1..=SUBTASKS {
        journal
            .event(&event(EventKind::SubtaskStarted {
                subtask: id(subtask),
            }))
            .unwrap();
        for n in 0..EXCHANGES {
            world
                .perform(&id(subtask), effect(subtask, n))
                .await
                .unwrap();
        }
        let source = Source {
            by: id(subtask),
            exchange: Some(1),
        };
        let fact = Fact {
            name: format!("f{subtask}"),
            value: "3.2.0rc16".into(),
            source,
        };
        journal
            .event(&event(EventKind::FactPublished(fact)))
            .unwrap();
        let outcome = Outcome::passed("seen");
        let ended = EventKind::SubtaskEnded {
            subtask: id(subtask),
            outcome,
            took: Duration::ZERO,
            done: subtask,
        };
        journal.event(&event(ended)).unwrap();
    }
    let recorded = start.elapsed().saturating_sub(without);
    let (_, sealed) = timed(|| journal.seal(Verdict::Passed).unwrap());
    let records = read(run).unwrap().lines.len();
    println!("journal, {records} records: {recorded:.2?} and {sealed:.2?} to seal (bar 25 ms)");
}

async fn replay(run: &Path) {
    let start = Instant::now();
    let folded = read(run).unwrap();
    let world = ReplayWorld::new(&folded, Blobs::of_run(run));
    for subtask in 1..=SUBTASKS {
        for n in 0..EXCHANGES {
            world
                .perform(&id(subtask), effect(subtask, n))
                .await
                .unwrap();
        }
    }
    println!(
        "replay, {} exchanges: {:.2?} (bar 150 ms)",
        SUBTASKS * EXCHANGES,
        start.elapsed()
    );
}

/// Files that look like the harness's logs, with one of the secrets now and then.
fn logs(dir: &Path, megabytes: usize) -> Vec<PathBuf> {
    const FILES: usize = 8;
    std::fs::create_dir_all(dir).unwrap();
    let mut state = 7_u64;
    let mut random = move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        state >> 33
    };
    let write = |at: usize| {
        let path = dir.join(format!("canary-{at}.log"));
        let mut file = BufWriter::new(std::fs::File::create(&path).unwrap());
        let mut written = 0;
        while written < megabytes * 1_000_000 / FILES {
            let (a, b, c) = (random(), random(), random());
            let text = match a % 10 {
                0..5 => format!(
                    "2026-05-21T{:02}:{:02}:{:02}.{b:09}Z INFO [specify_cli.sync.queue] event {a:08x}{c:08x} of mission canary-{} classified as pending, {} left in the queue\n",
                    a % 24,
                    b % 60,
                    c % 60,
                    a % 4,
                    b % 300
                ),
                5..8 => format!(
                    "2026-05-21T{:02}:{:02}:{:02}.{b:09}Z DEBUG [urllib3.connectionpool] http://127.0.0.1:{} \"POST /api/v1/events/ HTTP/1.1\" 202 {}\n",
                    a % 24,
                    b % 60,
                    c % 60,
                    9400 + a % 50,
                    b % 2000
                ),
                8 => format!(
                    "{{\"event_id\":\"{a:013X}{b:013X}\",\"wp\":\"WP{:02}\",\"kind\":\"WPStatusChanged\",\"payload\":{{\"from\":\"in_review\",\"to\":\"approved\",\"n\":{c}}}}}\n",
                    a % 4
                ),
                _ => format!(
                    "tests/e2e/scenario_{}.py:{}: in drain\n    assert state == 'in_review', {b:08x}\n",
                    a % 5,
                    c % 900
                ),
            };
            file.write_all(text.as_bytes()).unwrap();
            written += text.len();
            if a % 9973 == 0 {
                writeln!(
                    file,
                    "POST with {}",
                    secret(usize::try_from(b).unwrap() % 64)
                )
                .unwrap();
            }
        }
        file.flush().unwrap();
        path
    };
    (0..FILES).map(write).collect()
}

fn secret(n: usize) -> String {
    format!("sk_live_{:016x}{n:02}", n * 7919 + 104_729)
}

/// A stream of the size of one log, redacted, digested and kept; against `cat`, and against
/// `sed` and `sha256sum`.
fn capture(dir: &Path, log: &Path) {
    let redactor = Arc::new(Redactor::new());
    for n in 0..64 {
        redactor.add_secret(&format!("SECRET_{n}"), &secret(n));
    }
    let to = dir.join("captured");
    let ((), ours) = timed(|| {
        let mut from = std::fs::File::open(log).unwrap();
        let mut file = std::fs::File::create(&to).unwrap();
        let (mut stream, mut digest) = (redactor.stream(Scope::Secrets), Sha256::new());
        let (mut buffer, mut out) = (vec![0; 64 << 10], Vec::new());
        loop {
            let count = from.read(&mut buffer).unwrap();
            if count == 0 {
                stream.finish(&mut out);
            } else {
                stream.push(&buffer[..count], &mut out);
            }
            digest.update(&out);
            file.write_all(&out).unwrap();
            out.clear();
            if count == 0 {
                break;
            }
        }
    });
    let shell = |script: &str| {
        let mut command = Command::new("sh");
        command
            .arg("-c")
            .arg(script)
            .arg("sh")
            .arg(log)
            .arg(dir.join("other"));
        timed(|| assert!(command.stdout(Stdio::null()).status().unwrap().success())).1
    };
    let cat = shell("cat \"$1\" | cat > \"$2\"");
    line("capture with redaction and digest", ours, "cat", cat, 0.8);
    let rules: Vec<String> = (0..64)
        .map(|n| format!("s/{}/‹secret›/g", secret(n)))
        .collect();
    let sed = rules.join(";");
    let script = format!("sed '{sed}' \"$1\" > \"$2\" && sha256sum \"$2\"");
    line(
        "capture with redaction and digest",
        ours,
        "sed and sha256sum",
        shell(&script),
        3.0,
    );
}

fn bundling(dir: &Path, run: &Path, logs: &[PathBuf]) {
    let files = logs.iter().map(|path| {
        let name = path.file_name().unwrap().to_string_lossy();
        (format!("logs/{name}"), Content::File(path.clone()))
    });
    let spec = Spec {
        run_dir: run.to_owned(),
        files: files.collect(),
        ..Spec::default()
    };
    let to = dir.join("bundle.tar.gz");
    let (made, ours) = timed(|| bundle(&OsDisk, spec, &to, &mut NoScan).unwrap());
    let other = dir.join("other.tar.gz");
    let mut tar = Command::new("tar");
    tar.arg("czf")
        .arg(&other)
        .arg("-C")
        .arg(dir)
        .args(["logs", "run"]);
    let (_, others) = timed(|| tar.status().unwrap());
    line("bundle", ours, "tar czf", others, 3.0);
    let size = std::fs::metadata(&other).unwrap().len();
    println!(
        "bundle: {} bytes; tar czf: {size} bytes",
        made.archive.bytes
    );

    let (verified, ours) = timed(|| verify(&OsDisk, &to, None, Limits::default()).unwrap());
    assert!(verified.intact(), "{verified}");
    let sums = dir.join("sums");
    let mut list = std::fs::File::create(&sums).unwrap();
    for file in &verified_files(&made.manifest.files, dir) {
        writeln!(list, "{file}").unwrap();
    }
    line(
        "verify a bundle",
        ours,
        "sha256sum -c of its logs",
        sha256sum_c(&sums),
        2.0,
    );
}

/// Lines for `sha256sum -c` of the logs that lie outside the bundle.
fn verified_files(files: &[canary_gate::evidence::Summed], dir: &Path) -> Vec<String> {
    let log = |file: &canary_gate::evidence::Summed| {
        let name = file.path.strip_prefix("data/files/")?;
        Some(format!("{}  {}", file.sha256, dir.join(name).display()))
    };
    files.iter().filter_map(log).collect()
}

fn sha256sum_c(sums: &Path) -> Duration {
    let mut command = Command::new("sha256sum");
    command.arg("-c").arg(sums).stdout(Stdio::null());
    timed(|| assert!(command.status().unwrap().success())).1
}

fn checking(dir: &Path, logs: &[PathBuf]) {
    let mut attempt = Attempt::take(&OsDisk, dir, "rc16").unwrap();
    let mut sums = String::new();
    for path in logs {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let kept = attempt.keep(&name, &Content::File(path.clone())).unwrap();
        sums.extend([kept.sha256.as_str(), "  ", &path.to_string_lossy(), "\n"]);
    }
    let kept = attempt.dir().to_owned();
    attempt.finish().unwrap();
    let (differs, ours) = timed(|| check_directory(&OsDisk, &kept).unwrap());
    assert!(differs.is_empty(), "{differs:?}");
    let list = dir.join("sums");
    std::fs::write(&list, sums).unwrap();
    line(
        "verify an attempt",
        ours,
        "sha256sum -c",
        sha256sum_c(&list),
        2.0,
    );
    // A read-only directory cannot be emptied; the benchmark cleans up after itself.
    let mut chmod = Command::new("chmod");
    assert!(
        chmod
            .arg("-R")
            .arg("u+w")
            .arg(&kept)
            .status()
            .unwrap()
            .success()
    );
}

fn memory() {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    println!(
        "memory at its peak: {} (bar 60 MB)",
        peak.unwrap_or(" unknown here").trim()
    );
}
