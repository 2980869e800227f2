//! Creates run directories, and finds them again.
#![expect(
    clippy::disallowed_methods,
    reason = "the listing comes before there is a world to ask"
)]

use camino::{Utf8Path, Utf8PathBuf};

use super::contended::Contended;
use super::rerun::RecordedGate;
use super::resume::Home;
use crate::evidence::{Bundled, EvidenceError};
use crate::gate::Gate;
use crate::journal::{self, JournalError};
use crate::model::subject::WorldKind;
use crate::model::{Asked, SubtaskId};
use crate::report::{Evidence, Report};
use crate::store::disk::OsDisk;
use crate::store::is_unfinished;
use crate::world::WorldError;

/// Why a run could not start.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// Another run holds an exclusive lock.
    #[error("another run holds {what}: {holder}")]
    Busy {
        /// The lock.
        what: Contended,
        /// Which run, as it wrote it down.
        holder: String,
    },
    /// The operator interrupted it while it waited for another run.
    #[error("interrupted while waiting for another run; nothing ran")]
    Interrupted,
    /// A directory or file of the session could not be used.
    #[error("cannot use `{path}`")]
    File {
        /// Which.
        path: Utf8PathBuf,
        /// The system's error.
        #[source]
        source: std::io::Error,
    },
    /// A process of a killed run cannot be ended.
    #[error("process {pid} of the killed run `{run}` is still there")]
    StillThere {
        /// The run.
        run: String,
        /// The process.
        pid: u32,
    },
    /// There is no such run.
    #[error("no run `{name}` in `{state}`")]
    NoSuchRun {
        /// The name or the beginning of one that was given.
        name: String,
        /// The state directory.
        state: Utf8PathBuf,
    },
    /// Several runs begin with this text.
    #[error("several runs begin with `{name}`: {}", .runs.join(", "))]
    Ambiguous {
        /// The beginning that was given.
        name: String,
        /// The runs.
        runs: Vec<String>,
    },
    /// The run to resume has already passed.
    #[error("run `{run}` has passed; there is nothing to resume")]
    Passed {
        /// The run.
        run: String,
    },
    /// The run to resume belongs to another gate, or to another version of its file.
    #[error("run `{run}` was started with another gate file or template (`{gate}`)")]
    OtherGate {
        /// The run.
        run: String,
        /// Name of its gate.
        gate: String,
    },
    /// The run to resume was made in another kind of world, or its world is not recorded.
    #[error("run `{run}` was made in {}, this is {now}", begun.as_ref().map_or("an unknown world".to_owned(), |world| format!("another world: {world}")))]
    OtherWorld {
        /// The run.
        run: String,
        /// Its world.
        begun: Option<WorldKind>,
        /// The world that is at hand.
        now: WorldKind,
    },
    /// The bundle to resume was changed.
    #[error("`{bundle}` is not intact: {}", .broken.join("; "))]
    NotIntact {
        /// The bundle.
        bundle: String,
        /// The checks that failed.
        broken: Vec<String>,
    },
    /// The run to resume exists here, and has diverged from its bundle.
    #[error("run `{run}` exists already in `{path}` and has diverged from the bundle")]
    Parted {
        /// The run.
        run: String,
        /// Its directory.
        path: Utf8PathBuf,
    },
    /// What the requested part depends on has no result, and running it again was not requested.
    #[error("the requested part depends on `{subtask}`, which has no valid result: {why}")]
    NotGiven {
        /// The subtask.
        subtask: SubtaskId,
        /// Why its result is not valid.
        why: String,
    },
    /// The gate file or a template contains private text.
    #[error("{file} holds {what}, which would be published with the evidence")]
    Private {
        /// The gate file, or which template.
        file: String,
        /// Its replacement in the evidence.
        what: String,
    },
    /// The journal failed.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A request to the world failed.
    #[error(transparent)]
    World(#[from] WorldError),
    /// The gate file stored with a run cannot be read any more.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    /// The system time is not available.
    #[error("the system clock cannot be read")]
    Clock,
}

impl SessionError {
    /// Whether the command line is wrong, and nothing was run.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        matches!(
            self,
            Self::NoSuchRun { .. }
                | Self::Ambiguous { .. }
                | Self::Passed { .. }
                | Self::OtherGate { .. }
                | Self::OtherWorld { .. }
                | Self::Private { .. }
        )
    }

    /// What to do about it.
    #[must_use]
    pub fn remedy(&self) -> Option<&'static str> {
        match self {
            Self::Busy { what, .. } => Some(what.remedy()),
            Self::NoSuchRun { .. } => Some("`gate status --all` lists the runs there are"),
            Self::Ambiguous { .. } => Some("give more of the run's id"),
            Self::Passed { .. } => Some("start a new run, or read this one with `gate report`"),
            Self::OtherGate { .. } => {
                Some("leave --gate out to resume with the run's own, or start a new run")
            }
            Self::OtherWorld {
                begun: Some(WorldKind::Rehearsal { .. }),
                ..
            } => Some("a rehearsal is resumed with `gate rehearse --resume`; start a new run"),
            Self::OtherWorld { .. } => Some(
                "nothing that was found out in one world holds in another: start a new run, or \
                 resume a real one with `gate run --resume`",
            ),
            Self::Private { .. } => Some(
                "write a parameter in its place, and give that its value with --set; a secret \
                 belongs into the environment",
            ),
            Self::NotIntact { .. } => Some("fetch it again from where it was kept"),
            Self::Parted { .. } => Some(
                "resume one of the two by hand: the one here by its id, or the bundle elsewhere",
            ),
            Self::NotGiven { .. } => {
                Some("resume without --only, which runs again what is no longer valid")
            }
            Self::StillThere { .. } => Some("end it by hand, then start again"),
            Self::File { .. } => Some("check the path and its permissions"),
            Self::Journal(_)
            | Self::World(_)
            | Self::Evidence(_)
            | Self::Clock
            | Self::Interrupted => None,
        }
    }
}

/// The directory of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunDirectory {
    /// Id of the run.
    pub run: String,
    /// The directory.
    pub path: Utf8PathBuf,
}

impl RunDirectory {
    /// A directory for a new run; nothing is created yet.
    #[must_use]
    pub fn new(state: &Utf8Path) -> Self {
        let run = ulid::Ulid::generate().to_string();
        let path = state.join("runs").join(&run);
        Self { run, path }
    }

    /// The name of its gate, if its journal can be read.
    #[must_use]
    pub fn gate(&self) -> Option<String> {
        let folded = journal::read(self.path.as_std_path()).ok()?;
        Some(folded.header.gate.name)
    }

    /// Where a bundle of this run is.
    #[must_use]
    pub fn bundle(&self, bundle: &Bundled) -> Utf8PathBuf {
        self.path.join("bundle").join(&bundle.archive.path)
    }

    /// The path of the bundle that the n-th process of this run creates.
    pub(super) fn bundle_of(&self, epoch: u32) -> Utf8PathBuf {
        let name = match epoch {
            1 => "bundle.tar.gz".to_owned(),
            epoch => format!("bundle-{epoch}.tar.gz"),
        };
        self.path.join("bundle").join(name)
    }

    /// Whether its n-th process was interrupted before it had created its bundle. The throwaway
    /// home is removed after that: without it the bundle was created, and has been moved since.
    pub(super) fn lacks_its_bundle(&self, epoch: u32) -> bool {
        let bundle = self.bundle_of(epoch);
        let made = bundle.exists() && !is_unfinished(&OsDisk, bundle.as_std_path());
        !made && self.home() == Home::There
    }

    /// Whether the throwaway home exists.
    pub(super) fn home(&self) -> Home {
        if self.path.join("home").is_dir() {
            Home::There
        } else {
            Home::Gone
        }
    }

    /// Removes the throwaway home and the programs' temporary files: of a passed run they are no
    /// evidence.
    pub(super) fn drop_throwaway(&self) {
        for below in ["home", "tmp"] {
            match std::fs::remove_dir_all(self.path.join(below)) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    tracing::warn!("`{below}` of {} stays: {error}", self.run);
                }
                _ => {}
            }
        }
    }
}

/// All runs, oldest first: ids sort by time.
///
/// # Errors
/// If the directory cannot be read; a missing one has no runs.
pub fn list(state: &Utf8Path) -> Result<Vec<RunDirectory>, SessionError> {
    let path = state.join("runs");
    let failed = |source| SessionError::File {
        path: path.clone(),
        source,
    };
    let entries = match std::fs::read_dir(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(failed)?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let run = entry
            .map_err(failed)?
            .file_name()
            .to_string_lossy()
            .into_owned();
        let directory = path.join(&run);
        if directory.join(journal::FILE).is_file() {
            found.push(RunDirectory {
                run,
                path: directory,
            });
        }
    }
    found.sort_by(|a, b| a.run.cmp(&b.run));
    Ok(found)
}

/// The run with this id, or with the only id that begins with it; `latest` is the newest. A path to
/// a directory that contains a run means that run, wherever it is.
///
/// # Errors
/// If there is none.
pub fn find(state: &Utf8Path, name: &str) -> Result<RunDirectory, SessionError> {
    find_of(state, name, None)
}

/// The same, with `latest` as the newest run of the gate with this name.
///
/// # Errors
/// If there is none.
pub fn find_of(
    state: &Utf8Path,
    name: &str,
    gate: Option<&str>,
) -> Result<RunDirectory, SessionError> {
    if let Some(directory) = run_in(Utf8Path::new(name)) {
        return Ok(directory);
    }
    let runs = list(state)?;
    let of_gate = |run: &&RunDirectory| gate.is_none_or(|gate| run.gate().as_deref() == Some(gate));
    let newest = (name == "latest").then(|| runs.iter().rev().find(of_gate).cloned());
    let newest = newest.flatten();
    let mut matching: Vec<RunDirectory> = runs
        .into_iter()
        .filter(|run| !name.is_empty() && run.run.starts_with(name))
        .collect();
    let found = if name == "latest" {
        newest
    } else if matching.len() > 1 {
        return Err(SessionError::Ambiguous {
            name: name.to_owned(),
            runs: matching.into_iter().map(|run| run.run).collect(),
        });
    } else {
        matching.pop()
    };
    found.ok_or_else(|| SessionError::NoSuchRun {
        name: name.to_owned(),
        state: state.to_owned(),
    })
}

/// The run in a directory.
fn run_in(path: &Utf8Path) -> Option<RunDirectory> {
    if !path.join(journal::FILE).is_file() {
        return None;
    }
    let path = path.canonicalize_utf8().ok()?;
    let run = path.file_name()?.to_owned();
    Some(RunDirectory { run, path })
}

/// The report of a run, from its journal and the gate file it was started with; the scope requested
/// last, and the world.
///
/// # Errors
/// If one of them cannot be read.
pub fn report_of(directory: &RunDirectory) -> Result<RunSoFar, SessionError> {
    let folded = journal::read(directory.path.as_std_path())?;
    let gate = RecordedGate::of_run(&OsDisk, directory.path.as_std_path())?;
    Ok(RunSoFar {
        report: gate.report(&folded),
        asked: folded.asked().clone(),
        world: folded.circumstances().map(|all| all.world.clone()),
    })
}

/// A run as recorded in its journal.
#[derive(Debug)]
pub struct RunSoFar {
    /// Its report.
    pub report: Report,
    /// The scope requested last.
    pub asked: Asked,
    /// The world in which it was made, if recorded.
    pub world: Option<WorldKind>,
}

/// The gate file that a run was started with.
///
/// # Errors
/// If it cannot be read, or is no longer valid.
pub fn gate_of(directory: &RunDirectory) -> Result<Gate, SessionError> {
    let gate = RecordedGate::of_run(&OsDisk, directory.path.as_std_path())?;
    Ok(gate.as_written().clone())
}

/// The page of a run, for display outside its directory.
///
/// # Errors
/// If its journal or its gate file cannot be read.
pub fn page_of(directory: &RunDirectory, report: &Report) -> Result<String, SessionError> {
    let run = directory.path.as_std_path();
    let folded = journal::read(run)?;
    let gate = RecordedGate::of_run(&OsDisk, run)?;
    let page = gate.page(&folded, report, Evidence::Elsewhere);
    page.map_err(|why| EvidenceError::format(why).into())
}

/// The Markdown of a run.
///
/// # Errors
/// As [`page_of`].
pub fn markdown_of(directory: &RunDirectory, report: &Report) -> Result<String, SessionError> {
    let run = directory.path.as_std_path();
    let folded = journal::read(run)?;
    let gate = RecordedGate::of_run(&OsDisk, run)?;
    Ok(gate.markdown(&folded, report))
}
