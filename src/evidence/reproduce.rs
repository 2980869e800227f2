//! Runs a recorded gate again, in the world of its recording, and compares bytes.
//!
//! Three promises, kept apart: the same journal gives the same bytes; the same run, replayed
//! anywhere, gives the same verdict, facts and reports; and what a fresh live run may differ in is
//! not promised but listed, by `diff`.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use serde::Serialize;

use super::bundle::bundle_of;
use super::{Content, EvidenceError, Limits, NoScan, Opened, Spec, open, unpack, verify};
use crate::engine::EventKind;
use crate::gate::{Facts, Outcome, SubtaskId, Verdict};
use crate::journal::disk::Disk;
use crate::journal::{Blobs, Folded, Line, Record, fold, read_on};
use crate::world::{ReplayWorld, World};

/// What is needed to run a gate again: the engine and the reports.
#[async_trait]
pub trait Rerun: Send + Sync {
    /// Runs the gate of a recording in a world, to its end. Nothing else may be reached.
    ///
    /// # Errors
    /// When it cannot even begin.
    async fn run(&self, recorded: &Folded, world: Arc<dyn World>) -> Result<Rerunned, String>;

    /// Makes all reports of a run from its journal, by file name.
    ///
    /// # Errors
    /// When the journal does not give what they need.
    fn reports(&self, folded: &Folded) -> Result<BTreeMap<String, Vec<u8>>, String>;
}

/// What running again gave.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rerunned {
    /// How the subtasks ended.
    pub outcomes: BTreeMap<SubtaskId, Outcome>,
    /// What they published.
    pub facts: Facts,
}

/// Whether a promise was kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Promise {
    /// It was; what was compared, in words.
    Kept(String),
    /// It was not; the first difference.
    Broken(String),
    /// It was not looked at; why.
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

/// What a reproduction gave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reproduced {
    /// Digest of the bundle that was reproduced.
    pub sha256: String,
    /// The same bytes from the same journal.
    pub same_bytes: Promise,
    /// The same verdict, facts, reports and bundle from the run replayed here.
    pub replayed: Promise,
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

/// Reproduces a bundle. `scratch` is a directory that does not exist yet; the caller removes it.
///
/// # Errors
/// When the bundle cannot be read or `scratch` cannot be used. A difference is no error.
pub async fn reproduce(
    disk: Arc<dyn Disk>,
    path: &Path,
    scratch: &Path,
    rerun: &dyn Rerun,
) -> Result<Reproduced, EvidenceError> {
    let render = |folded: &Folded| rerun.reports(folded);
    let verified = verify(&*disk, path, Some(&render), Limits::default())?;
    let sha256 = verified.archive.sha256.clone();
    if !verified.intact() {
        let why = "the bundle is not intact; `gate verify` says where".to_owned();
        return Ok(Reproduced {
            sha256,
            same_bytes: Promise::Broken(why.clone()),
            replayed: Promise::NotTried(why),
        });
    }
    let again = Again::prepare(disk, path, scratch)?;
    let recorded = read_on(&*again.disk, &again.data)?;
    let same_bytes = again.compare("rebuilt", &recorded, rerun, &sha256, "from its own journal");
    let replayed = match again.replay(&recorded, rerun).await {
        _ if recorded.verdict() == Verdict::Interrupted => Promise::NotTried(
            "the operator interrupted the run, which no recording repeats; resume it".to_owned(),
        ),
        Ok(folded) => {
            let what = format!(
                "verdict {}, {} outcomes",
                folded.verdict(),
                folded.outcomes().len()
            );
            again.compare("replayed", &folded, rerun, &sha256, &what)
        }
        Err(difference) => Promise::Broken(difference),
    };
    Ok(Reproduced {
        sha256,
        same_bytes,
        replayed,
    })
}

/// An unpacked bundle, from which another is made.
struct Again {
    disk: Arc<dyn Disk>,
    scratch: PathBuf,
    data: PathBuf,
    gate_file: Vec<u8>,
    opened: Opened,
}

impl Again {
    fn prepare(disk: Arc<dyn Disk>, path: &Path, scratch: &Path) -> Result<Self, EvidenceError> {
        unpack(&*disk, path, scratch, |_| true, Limits::default())?;
        let opened = open(
            &*disk,
            path,
            |name| name == "data/gate.toml",
            Limits::default(),
        )?;
        Ok(Self {
            gate_file: opened
                .kept
                .get("data/gate.toml")
                .cloned()
                .unwrap_or_default(),
            data: scratch.join("data"),
            scratch: scratch.to_owned(),
            disk,
            opened,
        })
    }

    /// Makes a bundle of these records, and compares it with the one at hand.
    fn compare(
        &self,
        name: &str,
        folded: &Folded,
        rerun: &dyn Rerun,
        sha256: &str,
        what: &str,
    ) -> Promise {
        let made = rerun.reports(folded).and_then(|reports| {
            let spec = Spec {
                run_dir: self.data.clone(),
                gate_file: self.gate_file.clone(),
                reports,
                files: self.files(),
            };
            let to = self.scratch.join(format!("{name}.tar.gz"));
            bundle_of(&*self.disk, folded, spec, &to, &mut NoScan)
                .map_err(|error| error.to_string())
        });
        match made {
            Ok(made) if made.archive.sha256 == sha256 => Promise::Kept(what.to_owned()),
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
            Err(error) => Promise::Broken(error),
        }
    }

    fn files(&self) -> BTreeMap<String, Content> {
        let below = |name: &str| name.strip_prefix("data/files/").map(str::to_owned);
        let names = self
            .opened
            .files
            .iter()
            .filter_map(|file| below(&file.path));
        let from = |name: &String| self.data.join("files").join(name);
        names
            .map(|name| (name.clone(), Content::File(from(&name))))
            .collect()
    }

    /// Runs again, and gives the recording with everything that a run concludes (ends, facts)
    /// as it was concluded this time.
    async fn replay(&self, recorded: &Folded, rerun: &dyn Rerun) -> Result<Folded, String> {
        let blobs = Blobs::on(Arc::clone(&self.disk), &self.data);
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
        fold(concluded(&recorded.lines, &again)).map_err(|error| error.to_string())
    }
}

/// The first subtask, in the plan's order, that ended otherwise or published something else.
fn conclusions_differ(recorded: &Folded, again: &Rerunned) -> Option<String> {
    let before = recorded.outcomes();
    let ids = recorded
        .header
        .plan
        .iter()
        .chain(before.keys())
        .chain(again.outcomes.keys());
    for id in ids {
        let (one, other) = (before.get(id), again.outcomes.get(id));
        if one != other {
            return Some(format!(
                "subtask {id}: recorded: {one:?}; this time: {other:?}"
            ));
        }
    }
    let before = recorded.facts().map_err(|error| error.to_string());
    let before = match before {
        Ok(facts) => facts,
        Err(error) => return Some(error),
    };
    for fact in before.iter().chain(again.facts.iter()) {
        let (one, other) = (before.get(&fact.name), again.facts.get(&fact.name));
        if one != other {
            let (by, name) = (&fact.source.by, &fact.name);
            return Some(format!(
                "subtask {by}: fact `{name}`: recorded: {}; this time: {}",
                told(one),
                told(other)
            ));
        }
    }
    None
}

fn told(fact: Option<&crate::gate::Fact>) -> String {
    let said = |fact: &crate::gate::Fact| match fact.source.exchange {
        Some(n) => format!("{} from exchange {n}", fact.value),
        None => fact.value.to_string(),
    };
    fact.map_or("nothing".to_owned(), said)
}

/// Records with the conclusions of this time in the places of the recorded ones. Equal values may
/// still be written otherwise; then the bytes tell.
fn concluded(lines: &[Line], again: &Rerunned) -> Vec<Line> {
    let mut lines = lines.to_vec();
    for line in &mut lines {
        let Record::Event(event) = &mut line.record else {
            continue;
        };
        match &mut event.kind {
            EventKind::FactPublished(fact) => {
                let now = again.facts.get(&fact.name);
                if let Some(now) = now.filter(|now| *now == fact) {
                    *fact = now.clone();
                }
            }
            EventKind::SubtaskEnded {
                subtask, outcome, ..
            } => {
                let now = again.outcomes.get(subtask);
                if let Some(now) = now.filter(|now| *now == outcome) {
                    *outcome = now.clone();
                }
            }
            _ => {}
        }
    }
    lines
}
