//! Runs a recorded gate again in its recorded world, and compares bytes.
//!
//! Three separate promises: the same journal gives the same bytes; the same run, replayed anywhere,
//! gives the same verdict, facts and reports; and what may differ in a new live run is not promised
//! but listed, by `diff`.

use std::collections::BTreeMap;
use std::fmt;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;

use super::bundle::sum_of;
use super::conclusions::{conclusions_differ, written_otherwise};
use super::judged::read_journal;
use super::listed::manifest;
use super::rerun::{Rerun, Rerunned};
use super::verify::{examine, is_bulk};
use super::{EvidenceError, Spec};
use crate::journal::{Blobs, Folded, ReplayWorld};
use crate::model::Verdict;
use crate::model::subject::Subject;
use crate::store::disk::Disk;
use crate::store::open::open_with;
use crate::store::{Content, Limits, Opened, unpack};
use crate::world::World;

/// Whether a promise was kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Promise {
    /// It was; a description of what was compared.
    Kept(String),
    /// It was not; the first difference.
    Broken(String),
    /// It was not checked, with the reason.
    NotTried(String),
}

impl fmt::Display for Promise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kept(what) => write!(f, "kept       {what}"),
            Self::Broken(what) => write!(f, "BROKEN     {what}"),
            Self::NotTried(why) => write!(f, "not tried  {why}"),
        }
    }
}

/// The result of a reproduction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reproduced {
    /// Digest of the bundle that was reproduced.
    pub sha256: String,
    /// The program that made the bundle; none if its journal cannot be read.
    pub recorded_by: Option<RecordedBy>,
    /// The same bytes from the same journal.
    pub same_bytes: Promise,
    /// The same verdict, outcomes, facts and reports from the run replayed here. Not the bundle's
    /// bytes: they belong to the first promise, and depend on who packs.
    pub replayed: Promise,
}

/// The program that recorded a run. A different one may make different requests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RecordedBy {
    /// Its version.
    pub version: String,
    /// Revision of the flake it was built from, if any.
    pub flake: Option<String>,
}

impl Reproduced {
    /// Whether it was reproduced byte for byte.
    #[must_use]
    pub fn kept(&self) -> bool {
        [&self.same_bytes, &self.replayed]
            .iter()
            .all(|promise| matches!(promise, Promise::Kept(_)))
    }
}

impl fmt::Display for Reproduced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "same journal, same bytes    {}", self.same_bytes)?;
        writeln!(f, "same run, replayed here     {}", self.replayed)?;
        writeln!(
            f,
            "a fresh live run            not promised; `gate diff A B` lists what differs"
        )?;
        if self.kept() {
            return write!(f, "reproduced byte for byte: sha256:{}", self.sha256);
        }
        let broken = [&self.same_bytes, &self.replayed]
            .into_iter()
            .find_map(|one| match one {
                Promise::Broken(what) | Promise::NotTried(what) => Some(what.as_str()),
                Promise::Kept(_) => None,
            });
        write!(f, "NOT reproduced: {}", broken.unwrap_or_default())
    }
}

/// Reproduces a bundle with the gate that `rerun` reads from it. `scratch` is a directory that does
/// not exist yet; the caller removes it.
///
/// # Errors
/// If the bundle cannot be read, contains no such gate, or `scratch` cannot be used. A difference
/// is not an error.
pub async fn reproduce(
    disk: Arc<dyn Disk>,
    path: &Path,
    scratch: &Path,
    rerun: impl FnOnce(&Opened) -> Result<Arc<dyn Rerun>, EvidenceError>,
) -> Result<Reproduced, EvidenceError> {
    reproduce_within(disk, path, scratch, Limits::default(), rerun).await
}

/// The same, with a limit on the unpacked size of the bundle.
///
/// # Errors
/// As [`reproduce`].
pub async fn reproduce_within(
    disk: Arc<dyn Disk>,
    path: &Path,
    scratch: &Path,
    limits: Limits,
    rerun: impl FnOnce(&Opened) -> Result<Arc<dyn Rerun>, EvidenceError>,
) -> Result<Reproduced, EvidenceError> {
    let opened = open_to_reproduce(&*disk, path, limits)?;
    let (journal, rerun) = std::thread::scope(|scope| {
        let journal = scope.spawn(|| read_journal(&opened));
        let rerun = rerun(&opened);
        (joined(journal), rerun)
    });
    let rerun = rerun?;
    let sha256 = opened.archive.sha256.clone();
    let render = |folded: &Folded| rerun.reports(folded);
    let intact = examine(&opened, journal.as_ref(), Some(&render)).intact();
    let recorded_by = journal.as_ref().ok().map(|folded| RecordedBy {
        version: folded.header.version.clone(),
        flake: folded.header.flake.clone(),
    });
    let (true, Ok(recorded)) = (intact, journal) else {
        let why = "the bundle is not intact; `gate verify` says where".to_owned();
        return Ok(Reproduced {
            sha256,
            recorded_by,
            same_bytes: Promise::Broken(why.clone()),
            replayed: Promise::NotTried(why),
        });
    };
    let again = Arc::new(Again::prepare(disk, path, scratch, limits, opened)?);
    let recorded = Arc::new(recorded);
    // Packing keeps one core busy, the rerun another.
    let rebuilding = {
        let (again, recorded) = (Arc::clone(&again), Arc::clone(&recorded));
        tokio::task::spawn_blocking(move || {
            again.compare(&recorded, again.reports(), "from its own journal")
        })
    };
    let replayed = again.replay(&recorded, &*rerun).await;
    let same_bytes = rebuilding
        .await
        .unwrap_or_else(|stopped| Promise::NotTried(stopped.to_string()));
    let replayed = match replayed {
        _ if recorded.verdict() == Verdict::Interrupted => Promise::NotTried(
            "the operator interrupted the run, which no recording repeats; resume it".to_owned(),
        ),
        Ok(rerunned) => compare_replayed(&recorded, &rerunned),
        Err(difference) => Promise::Broken(difference),
    };
    Ok(Reproduced {
        sha256,
        recorded_by,
        same_bytes,
        replayed,
    })
}

/// Reads a bundle as [`super::open_to_verify`] does, and keeps what else is small, so that it need
/// not be unpacked.
fn open_to_reproduce(
    disk: &dyn Disk,
    path: &Path,
    limits: Limits,
) -> Result<Opened, EvidenceError> {
    let mut room: u64 = 4 << 20;
    let small = |name: &str, size: u64| {
        let takes = if is_bulk(name) { size } else { 0 };
        let left = room.checked_sub(takes);
        room = left.unwrap_or(room);
        left.is_some()
    };
    Ok(open_with(disk, path, small, limits)?)
}

/// Compares the conclusions of a rerun with the recorded ones. Reports are functions of the
/// conclusions, as they are written, and of data that a rerun does not change; verification
/// rendered the same ones from the recorded conclusions. So equal conclusions give equal reports,
/// and conclusions that are written differently may not.
fn compare_replayed(recorded: &Folded, again: &Rerunned) -> Promise {
    if let Some(what) = written_otherwise(&recorded.lines, again) {
        return Promise::Broken(what);
    }
    let (verdict, outcomes) = (recorded.verdict(), again.outcomes.len());
    Promise::Kept(format!(
        "verdict {verdict}, {outcomes} outcomes, {} facts",
        again.facts.iter().count()
    ))
}

/// The result of a thread; its panic becomes ours.
fn joined<T>(thread: std::thread::ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| resume_unwind(panic))
}

/// An opened bundle, from which another is built.
struct Again {
    disk: Arc<dyn Disk>,
    /// The location of what is not in memory.
    data: PathBuf,
    blobs: Arc<BTreeMap<String, Vec<u8>>>,
    /// What the verdict applies to, according to its manifest.
    subject: Option<Subject>,
    opened: Opened,
}

impl Again {
    /// Unpacks what is not in memory.
    fn prepare(
        disk: Arc<dyn Disk>,
        path: &Path,
        scratch: &Path,
        limits: Limits,
        mut opened: Opened,
    ) -> Result<Self, EvidenceError> {
        let outside = |name: &str| name.starts_with("data/") && !opened.kept.contains_key(name);
        if opened.files.iter().any(|file| outside(&file.path)) {
            unpack(&*disk, path, scratch, outside, limits)?;
        }
        let blobs = opened
            .kept
            .extract_if(.., |name, _| name.starts_with("data/blobs/"))
            .map(|(name, bytes)| (name["data/blobs/".len()..].to_owned(), bytes))
            .collect();
        Ok(Self {
            subject: manifest(&opened).ok().and_then(|manifest| manifest.subject),
            data: scratch.join("data"),
            blobs: Arc::new(blobs),
            disk,
            opened,
        })
    }

    fn kept(&self, name: &str) -> &[u8] {
        self.opened.kept.get(name).map_or(&[], Vec::as_slice)
    }

    /// The bundle's own reports. Its verification rendered the same ones from its journal.
    fn reports(&self) -> BTreeMap<String, Vec<u8>> {
        let below = |name: &String| name.strip_prefix("data/reports/").map(str::to_owned);
        let kept = self.opened.kept.iter();
        kept.filter_map(|(name, bytes)| Some((below(name)?, bytes.clone())))
            .collect()
    }

    /// Builds a bundle of these records, and compares it with the original.
    fn compare(&self, folded: &Folded, reports: BTreeMap<String, Vec<u8>>, what: &str) -> Promise {
        let spec = Spec {
            run_dir: self.data.clone(),
            blobs: Arc::clone(&self.blobs),
            gate_file: self.kept("data/gate.toml").to_vec(),
            // Verification has shown that it is the journal's own.
            subject: self.subject.clone(),
            reports,
            files: self.files(),
        };
        match sum_of(&*self.disk, folded, spec) {
            Ok(made) if made.archive.sha256 == self.opened.archive.sha256 => {
                Promise::Kept(what.to_owned())
            }
            Ok(made) => {
                let first = made
                    .manifest
                    .files
                    .iter()
                    .find(|file| !self.opened.files.contains(file));
                let first = first.map_or("the archive", |file| file.path.as_str());
                Promise::Broken(format!(
                    "`{first}` has other bytes, so the bundle is sha256:{}",
                    made.archive.sha256
                ))
            }
            Err(error) => Promise::Broken(error.to_string()),
        }
    }

    fn files(&self) -> BTreeMap<String, Content> {
        let below = |name: &str| name.strip_prefix("data/files/").map(str::to_owned);
        let names = self
            .opened
            .files
            .iter()
            .filter_map(|file| below(&file.path));
        let from = |name: &str| match self.opened.kept.get(&format!("data/files/{name}")) {
            Some(bytes) => Content::Bytes(bytes.clone()),
            None => Content::File(self.data.join("files").join(name)),
        };
        names.map(|name| (name.clone(), from(&name))).collect()
    }

    /// Runs again, and gives what was concluded this time: the same as before.
    async fn replay(&self, recorded: &Folded, rerun: &dyn Rerun) -> Result<Rerunned, String> {
        let blobs = Blobs::on(Arc::clone(&self.disk), &self.data).holding(Arc::clone(&self.blobs));
        let world = Arc::new(ReplayWorld::new(recorded, blobs));
        let again = rerun
            .run(recorded, Arc::clone(&world) as Arc<dyn World>)
            .await;
        if let Some(difference) = world.difference() {
            return Err(difference.to_string());
        }
        let again = again?;
        if let Some(difference) = conclusions_differ(recorded, &again) {
            return Err(difference);
        }
        if let Some(difference) = world.unasked() {
            return Err(difference.to_string());
        }
        Ok(again)
    }
}
