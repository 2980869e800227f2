//! A small run with everything that a journal can hold, and a disk that fails on demand.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use canary_gate::journal::{GateRef, Header, Journal, JournalError, RecordLayer, Resumed};
use canary_gate::model::{Event, EventKind, Fact, Outcome, Source, SubtaskId, Verdict};
use canary_gate::store::disk::{Disk, DiskFile, Listed, OsDisk};
use canary_gate::store::sha256_hex;
use canary_gate::world::{Captured, Effect, Ended, Finished, Program, Response, World, WorldError};
use jiff::Timestamp;

pub(crate) fn id(n: usize) -> SubtaskId {
    SubtaskId::new(format!("T{n:03}"))
}

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_780_000_000 + second).unwrap()
}

pub(crate) fn header(subtasks: usize) -> Header {
    Header {
        asked: canary_gate::model::Asked::default(),
        // As the kept journals have it, which do not say it.
        blob_limit: 4096,
        reports: 1,
        format: 1,
        run: "01KS1W46000000000000000000".into(),
        gate: GateRef {
            name: "phase4".into(),
            sha256: "ab".repeat(32),
            templates: BTreeMap::new(),
        },
        parameters: BTreeMap::from([("rc.baseline".into(), "3.2.0rc15".into())]),
        tools: BTreeMap::from([("gh".into(), "2.23.0".into())]),
        version: "0.1.0".into(),
        flake: None,
        circumstances: None,
        started: at(0),
        plan: (1..=subtasks).map(id).collect(),
    }
}

pub(crate) fn resumed() -> Resumed {
    Resumed {
        handed_on: None,
        gate: None,
        circumstances: None,
        parameters: BTreeMap::new(),
        asked: canary_gate::model::Asked::default(),
        epoch: 0,
        started: at(500),
        version: "0.1.0".into(),
        tools: BTreeMap::new(),
    }
}

/// A world that answers by the request alone, and counts what it was asked.
#[derive(Default)]
pub(crate) struct Echo {
    pub(crate) asked: AtomicUsize,
}

#[async_trait]
impl World for Echo {
    async fn perform(&self, _by: &SubtaskId, effect: Effect) -> Result<Response, WorldError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        match effect {
            Effect::Now => Ok(Response::Now(at(7))),
            Effect::Run(program) => Ok(Response::Program(Box::new(finished(&program)))),
            Effect::FindProgram { name } => Err(WorldError::ProgramNotFound { program: name }),
            _ => Ok(Response::Done),
        }
    }
}

fn finished(program: &Program) -> Finished {
    let text = match program.argv.get(1).map(String::as_str) {
        Some("long") => "a long line of a log\n".repeat(400),
        _ => program.argv.join(" "),
    };
    Finished {
        ended: Ended::Code(0),
        stdout: Captured {
            bytes: text.len() as u64,
            text,
            ..Captured::default()
        },
        stderr: Captured::default(),
        elapsed: Duration::from_millis(12),
        leftovers: Vec::new(),
        observations: Vec::new(),
        confined: None,
    }
}

pub(crate) fn run(argv: &str) -> Effect {
    Effect::Run(Program::new(argv.split(' ')))
}

pub(crate) fn event(second: i64, kind: EventKind) -> Event {
    Event {
        time: at(second),
        elapsed: Duration::from_secs(second.unsigned_abs()),
        kind,
    }
}

pub(crate) fn started(n: usize) -> EventKind {
    EventKind::SubtaskStarted { subtask: id(n) }
}

pub(crate) fn ended(n: usize, done: usize) -> EventKind {
    EventKind::SubtaskEnded {
        subtask: id(n),
        outcome: Outcome::passed("seen"),
        took: Duration::from_millis(40),
        done,
        inputs: std::collections::BTreeMap::new(),
    }
}

pub(crate) fn fact(n: usize, name: &str, exchange: u32) -> EventKind {
    EventKind::FactPublished(Fact {
        name: name.into(),
        value: serde_json::json!({"version": "3.2.0rc16", "score": 0.1}),
        source: Source {
            by: id(n),
            exchange: Some(exchange),
            facts: Vec::new(),
            origins: Vec::new(),
        },
    })
}

/// Runs `subtasks` small subtasks one after the other and seals.
pub(crate) async fn a_run(
    disk: Arc<dyn Disk>,
    dir: &Path,
    subtasks: usize,
) -> Result<(), JournalError> {
    a_run_of(disk, dir, subtasks, b"").await
}

/// The same of a gate file with these bytes.
pub(crate) async fn a_run_of(
    disk: Arc<dyn Disk>,
    dir: &Path,
    subtasks: usize,
    gate_file: &[u8],
) -> Result<(), JournalError> {
    let mut header = header(subtasks);
    header.gate.sha256 = sha256_hex(gate_file);
    let journal = Journal::create_on(disk, dir, header)?;
    let world = RecordLayer::new(Arc::new(Echo::default()), journal.clone());
    for n in 1..=subtasks {
        let second = i64::try_from(n).unwrap();
        journal.event(&event(second, started(n)))?;
        for effect in effects(n) {
            if let Err(WorldError::NotRecorded { reason }) = world.perform(&id(n), effect).await {
                return Err(JournalError::Closed { reason });
            }
        }
        let exchange = world.last_exchange(&id(n));
        journal.event(&event(second, fact(n, &format!("fact.of_{n}"), exchange)))?;
        journal.event(&event(second, ended(n, n)))?;
    }
    journal.seal(Verdict::Passed).map(drop)
}

pub(crate) fn effects(n: usize) -> Vec<Effect> {
    vec![
        Effect::Now,
        run(&format!("git long {n}")),
        run(&format!("gh issue comment {n} --body x")),
        Effect::FindProgram {
            name: "flyctl".into(),
        },
    ]
}

/// A disk whose n-th operation fails, once or from then on.
#[derive(Clone)]
pub(crate) struct FailingDisk {
    pub(crate) left: Arc<AtomicUsize>,
    pub(crate) how: Failure,
    pub(crate) for_good: bool,
    pub(crate) done: Arc<AtomicUsize>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Failure {
    NoSpace,
    Io,
    NotPermitted,
    ShortWrite,
}

impl FailingDisk {
    pub(crate) fn at(n: usize, how: Failure, for_good: bool) -> Self {
        Self {
            left: Arc::new(AtomicUsize::new(n)),
            how,
            for_good,
            done: Arc::default(),
        }
    }

    fn fails(&self) -> bool {
        self.done.fetch_add(1, Ordering::SeqCst);
        let before = self
            .left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                let stays = self.for_good && left == 1;
                Some(if stays { 1 } else { left.saturating_sub(1) })
            });
        before == Ok(1)
    }

    fn error(&self) -> std::io::Error {
        std::io::Error::from_raw_os_error(match self.how {
            Failure::NoSpace => 28,
            Failure::Io | Failure::ShortWrite => 5,
            Failure::NotPermitted => 13,
        })
    }

    fn may(&self) -> std::io::Result<()> {
        if self.fails() {
            Err(self.error())
        } else {
            Ok(())
        }
    }

    fn file(&self, file: Box<dyn DiskFile>) -> Box<dyn DiskFile> {
        Box::new(FailingFile {
            disk: self.clone(),
            file,
        })
    }
}

impl Disk for FailingDisk {
    fn make_dirs(&self, path: &Path) -> std::io::Result<()> {
        self.may()?;
        OsDisk.make_dirs(path)
    }
    fn make_dir(&self, path: &Path) -> std::io::Result<()> {
        self.may()?;
        OsDisk.make_dir(path)
    }
    fn create(&self, path: &Path) -> std::io::Result<Box<dyn DiskFile>> {
        self.may()?;
        Ok(self.file(OsDisk.create(path)?))
    }
    fn open(&self, path: &Path) -> std::io::Result<Box<dyn DiskFile>> {
        self.may()?;
        Ok(self.file(OsDisk.open(path)?))
    }
    fn reader(&self, path: &Path) -> std::io::Result<Box<dyn std::io::Read + Send>> {
        self.may()?;
        OsDisk.reader(path)
    }
    fn list(&self, path: &Path) -> std::io::Result<Vec<Listed>> {
        self.may()?;
        OsDisk.list(path)
    }
    fn rename(&self, from: &Path, to: &Path) -> std::io::Result<()> {
        self.may()?;
        OsDisk.rename(from, to)
    }
    fn rename_new(&self, from: &Path, to: &Path) -> std::io::Result<()> {
        self.may()?;
        OsDisk.rename_new(from, to)
    }
    fn remove(&self, path: &Path) -> std::io::Result<()> {
        self.may()?;
        OsDisk.remove(path)
    }
    fn size(&self, path: &Path) -> std::io::Result<u64> {
        self.may()?;
        OsDisk.size(path)
    }
    fn make_read_only(&self, path: &Path) -> std::io::Result<()> {
        self.may()?;
        OsDisk.make_read_only(path)
    }
    fn sync_dir(&self, path: &Path) -> std::io::Result<()> {
        let _ = path;
        self.may()
    }
}

struct FailingFile {
    disk: FailingDisk,
    file: Box<dyn DiskFile>,
}

impl DiskFile for FailingFile {
    fn write(&self, bytes: &[u8]) -> std::io::Result<usize> {
        if !self.disk.fails() {
            return self.file.write(bytes);
        }
        if self.disk.how == Failure::ShortWrite {
            self.file.write(&bytes[..bytes.len() / 2])?;
        }
        Err(self.disk.error())
    }
    fn sync(&self) -> std::io::Result<()> {
        // What is tried is what a failure leads to, not the disk below.
        self.disk.may()
    }
    fn length(&self) -> std::io::Result<u64> {
        self.disk.may()?;
        self.file.length()
    }
    fn truncate(&self, length: u64) -> std::io::Result<()> {
        self.disk.may()?;
        self.file.truncate(length)
    }
    fn lock(&self) -> std::io::Result<bool> {
        self.disk.may()?;
        self.file.lock()
    }
}
