//! What the library does, each in a process of its own, so that its memory can be told.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use camino::Utf8PathBuf;
use canary_gate::evidence::{RedactorScan, Spec, bundle};
use canary_gate::journal::{Blobs, Folded, Journal, Record, RecordLayer, ReplayWorld, read};
use canary_gate::model::{EventKind, SubtaskId};
use canary_gate::store::disk::OsDisk;
use canary_gate::store::{Content, Limits, open};
use canary_gate::world::live::{LiveWorld, Operator, Places};
use canary_gate::world::redact::{Redactor, Scope};
use canary_gate::world::{Effect, Ended, Program, Response, World};

use crate::disk::TimedDisk;
use crate::logs::{SECRETS, secret};

/// A part of the work, by name, with its paths. What it prints, the parent reads.
pub(crate) fn perform(part: &str, paths: &[PathBuf]) {
    match (part, paths) {
        ("bundle", [recorded, run, logs, to]) => bundling(recorded, run, logs, to),
        ("capture", [log, root]) => runtime().block_on(capture(log, root)),
        ("journal", [run, to]) => runtime().block_on(journal(run, to)),
        other => panic!("no such part: {other:?}"),
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap()
}

fn redactor(secrets: Range<usize>) -> Arc<Redactor> {
    let redactor = Arc::new(Redactor::new());
    for n in secrets {
        redactor.add_secret(&format!("SECRET_{n}"), &secret(n));
    }
    redactor
}

/// The rehearsal's bundle once more, with logs beside what it held.
fn bundling(recorded: &Path, run: &Path, logs: &Path, to: &Path) {
    let keep = |name: &str| name == "data/gate.toml" || name.starts_with("data/reports/");
    let mut opened = open(&OsDisk, recorded, keep, Limits::default()).unwrap();
    let gate_file = opened.kept.remove("data/gate.toml").unwrap();
    let below = |name: &str, top: &str| name.strip_prefix(top).map(str::to_owned);
    let mut files: BTreeMap<String, Content> = opened
        .files
        .iter()
        .filter_map(|file| below(&file.path, "data/files/"))
        .map(|name| (name.clone(), Content::File(run.join("files").join(name))))
        .collect();
    for log in std::fs::read_dir(logs).unwrap() {
        let log = log.unwrap();
        let name = format!("long/{}", log.file_name().to_string_lossy());
        files.insert(name, Content::File(log.path()));
    }
    let spec = Spec {
        run_dir: run.to_owned(),
        gate_file,
        reports: opened
            .kept
            .into_iter()
            .filter_map(|(name, bytes)| Some((below(&name, "data/reports/")?, bytes)))
            .collect(),
        files,
        ..Spec::default()
    };
    // As many secrets, none of which is in them: a leak would end it.
    let redactor = redactor(SECRETS..2 * SECRETS);
    let mut scan = RedactorScan::new(redactor, Scope::Everything);
    let made = bundle(&OsDisk, spec, to, &mut scan).unwrap();
    for file in &made.manifest.files {
        let outside = match file.path.strip_prefix("data/files/long/") {
            Some(name) => logs.join(name),
            None => run.join(file.path.strip_prefix("data/").unwrap()),
        };
        println!("{}  {}", file.sha256, outside.display());
    }
}

/// What a program prints, through the live world: redacted, digested, kept as a log.
async fn capture(log: &Path, root: &Path) {
    let root = Utf8PathBuf::from_path_buf(root.to_owned()).unwrap();
    let operator = Operator {
        env: [("PATH".to_owned(), "/usr/bin:/bin".to_owned())].into(),
        home: root.clone(),
        cwd: root.clone(),
    };
    let places = Places::new(
        root.join("run"),
        root.join("workspace"),
        root.join("state"),
        root.join("cache"),
        root.clone(),
    );
    std::fs::create_dir_all(root.join("run")).unwrap();
    let redactor = redactor(0..SECRETS);
    let world = LiveWorld::new(operator, places, Arc::clone(&redactor));
    let program = Program::new(["cat", log.to_str().unwrap()]);
    let by = SubtaskId::new("T001");
    let Response::Program(finished) = world.perform(&by, Effect::Run(program)).await.unwrap()
    else {
        panic!("a program's answer");
    };
    assert_eq!(finished.ended, Ended::Code(0));
    assert!(redactor.counts().len() > SECRETS / 2, "secrets were found");
}

/// Writes down what a whole run wrote down; prints the number of records, how long it took longer
/// than without a journal, the seal's share, and how long all of it waited for the disk's syncs.
async fn journal(run: &Path, to: &Path) {
    let recorded = read(run).unwrap();
    let replay = || ReplayWorld::new(&recorded, Blobs::of_run(run));
    let without = replay();
    let start = Instant::now();
    repeat(&recorded, run, &without, None).await;
    let without = start.elapsed();
    let start = Instant::now();
    let disk = Arc::new(TimedDisk::default());
    let waited = Arc::clone(&disk.waited);
    let journal = Journal::create_on(disk, to, recorded.header.clone()).unwrap();
    let world = RecordLayer::new(Arc::new(replay()), journal.clone());
    repeat(&recorded, run, &world, Some(&journal)).await;
    let written = start.elapsed().saturating_sub(without);
    let start = Instant::now();
    journal.seal(recorded.verdict()).unwrap();
    let sealed = start.elapsed();
    let records = read(to).unwrap().lines.len();
    let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
    println!(
        "{records} {} {} {}",
        milliseconds(written),
        milliseconds(sealed),
        milliseconds(*waited.lock().unwrap())
    );
}

async fn repeat(recorded: &Folded, run: &Path, world: &dyn World, journal: Option<&Journal>) {
    let blobs = Blobs::of_run(run);
    for line in &recorded.lines {
        match &line.record {
            Record::Intent {
                by, strand, effect, ..
            } => {
                let effect: Effect = blobs.read(effect).unwrap();
                // Some were answered with an error, and are again.
                drop(match strand {
                    Some(name) => {
                        let name = name.clone().leak();
                        canary_gate::world::strand(name, world.perform(by, effect)).await
                    }
                    None => world.perform(by, effect).await,
                });
            }
            Record::Event(event) if !matches!(event.kind, EventKind::Interrupted) => {
                if let Some(journal) = journal {
                    journal.event(event).unwrap();
                }
            }
            _ => {}
        }
    }
}
