//! Run directories, finding one again, and the lock that keeps a workspace to one run.
#![expect(
    clippy::disallowed_methods,
    reason = "the lock and the listing come before there is a world to ask"
)]

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, Write};

use camino::{Utf8Path, Utf8PathBuf};
use fs4::FileExt;

use super::rerun::RecordedGate;
use super::resume::Home;
use crate::engine::Asked;
use crate::evidence::{Bundled, EvidenceError, is_unfinished};
use crate::journal::disk::OsDisk;
use crate::journal::{self, JournalError, sha256_hex};
use crate::report::Report;
use crate::world::WorldError;

/// Why a run could not begin.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// Another run holds the workspace.
    #[error("another run is under way in `{workspace}`: process {holder}")]
    Busy {
        /// The workspace.
        workspace: Utf8PathBuf,
        /// Its process id, as it wrote it down.
        holder: String,
    },
    /// A directory or file of the session's own could not be used.
    #[error("cannot use `{path}`")]
    File {
        /// Which.
        path: Utf8PathBuf,
        /// The system's words.
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
    /// Several runs begin with this.
    #[error("several runs begin with `{name}`: {}", .runs.join(", "))]
    Ambiguous {
        /// The beginning that was given.
        name: String,
        /// The runs.
        runs: Vec<String>,
    },
    /// The run to resume has passed.
    #[error("run `{run}` has passed; there is nothing to go on with")]
    Passed {
        /// The run.
        run: String,
    },
    /// The run to resume is of another gate, or of another version of its file.
    #[error("run `{run}` is of another gate file or template than the one given (`{gate}`)")]
    OtherGate {
        /// The run.
        run: String,
        /// Name of its gate.
        gate: String,
    },
    /// The gate file or a template holds what nobody else is to read.
    #[error("{file} holds {what}, and whoever gets the evidence would read it")]
    Private {
        /// The gate file, or which template.
        file: String,
        /// What stands for it in the evidence.
        what: String,
    },
    /// The journal refuses.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The world refuses.
    #[error(transparent)]
    World(#[from] WorldError),
    /// The gate file kept with a run cannot be read any more.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    /// The system does not tell the time.
    #[error("the system does not tell the time")]
    Clock,
}

impl SessionError {
    /// Whether the command line is wrong, and nothing ran.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        matches!(
            self,
            Self::NoSuchRun { .. }
                | Self::Ambiguous { .. }
                | Self::Passed { .. }
                | Self::OtherGate { .. }
                | Self::Private { .. }
        )
    }

    /// What to do about it.
    #[must_use]
    pub fn remedy(&self) -> Option<&'static str> {
        match self {
            Self::Busy { .. } => Some("wait for it, or end it with Ctrl-C in its terminal"),
            Self::NoSuchRun { .. } => Some("`gate status --all` lists the runs there are"),
            Self::Ambiguous { .. } => Some("give more of the run's id"),
            Self::Passed { .. } => Some("start a new run, or read this one with `gate report`"),
            Self::OtherGate { .. } => {
                Some("leave --gate out to go on with the run's own, or start a new run")
            }
            Self::Private { .. } => Some(
                "write a parameter in its place, and give that its value with --set; a secret \
                 belongs into the environment",
            ),
            Self::StillThere { .. } => Some("end it by hand, then start again"),
            Self::File { .. } => Some("check the path and its permissions"),
            Self::Journal(_) | Self::World(_) | Self::Evidence(_) | Self::Clock => None,
        }
    }
}

/// Where a run keeps everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunDirectory {
    /// Id of the run.
    pub run: String,
    /// The directory.
    pub path: Utf8PathBuf,
}

impl RunDirectory {
    /// A directory for a new run; nothing is made yet.
    #[must_use]
    pub fn new(state: &Utf8Path) -> Self {
        let run = ulid::Ulid::generate().to_string();
        let path = state.join("runs").join(&run);
        Self { run, path }
    }

    /// Where a bundle of this run is.
    #[must_use]
    pub fn bundle(&self, bundle: &Bundled) -> Utf8PathBuf {
        self.path.join("bundle").join(&bundle.archive.path)
    }

    /// Where the bundle is that the n-th process of this run makes.
    pub(super) fn bundle_of(&self, epoch: u32) -> Utf8PathBuf {
        let name = match epoch {
            1 => "bundle.tar.gz".to_owned(),
            epoch => format!("bundle-{epoch}.tar.gz"),
        };
        self.path.join("bundle").join(name)
    }

    /// Whether its n-th process was cut off before it had made its bundle. The throwaway home
    /// goes after that: without it the bundle was made, and is somewhere else now.
    pub(super) fn lacks_its_bundle(&self, epoch: u32) -> bool {
        let bundle = self.bundle_of(epoch);
        let made = bundle.exists() && !is_unfinished(&OsDisk, bundle.as_std_path());
        !made && self.home() == Home::There
    }

    /// Whether the throwaway home is there.
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

impl super::Finished {
    /// Copies the bundle to a new file.
    ///
    /// # Errors
    /// If there is no bundle, the file is there already, or the disk refuses.
    pub fn copy_bundle(&self, to: &std::path::Path) -> Result<(), SessionError> {
        let failed = |source| SessionError::File {
            path: Utf8PathBuf::from(to.display().to_string()),
            source,
        };
        let missing = || std::io::Error::from(std::io::ErrorKind::NotFound);
        let bundle = self.bundle.as_ref().ok_or_else(missing).map_err(failed)?;
        let mut from = File::open(self.directory.bundle(bundle)).map_err(failed)?;
        let mut file = File::create_new(to).map_err(failed)?;
        std::io::copy(&mut from, &mut file).map_err(failed)?;
        file.sync_all().map_err(failed)
    }
}

/// All runs, oldest first: ids sort by time.
///
/// # Errors
/// If the directory cannot be read; one that is missing has no runs.
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

/// The run of this id, or of the only id that begins so; `latest` is the newest.
///
/// # Errors
/// If there is none.
pub fn find(state: &Utf8Path, name: &str) -> Result<RunDirectory, SessionError> {
    let runs = list(state)?;
    let newest = runs.last().cloned();
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

/// Keeps the workspace to this process until it is dropped, even by `kill -9`.
pub(super) fn lock_workspace(state: &Utf8Path, workspace: &Utf8Path) -> Result<File, SessionError> {
    let path = state
        .join("locks")
        .join(&sha256_hex(workspace.as_str().as_bytes())[..16]);
    let failed = |source| SessionError::File {
        path: path.clone(),
        source,
    };
    std::fs::create_dir_all(state.join("locks")).map_err(failed)?;
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(&path)
        .map_err(failed)?;
    if FileExt::try_lock(&file).is_err() {
        let mut holder = String::new();
        file.read_to_string(&mut holder).map_err(failed)?;
        return Err(SessionError::Busy {
            workspace: workspace.to_owned(),
            holder: holder.trim().to_owned(),
        });
    }
    file.set_len(0)
        .and_then(|()| file.rewind())
        .map_err(failed)?;
    writeln!(file, "{}", std::process::id()).map_err(failed)?;
    Ok(file)
}

/// The report of a run, from its journal and the gate file it was started with; and what was asked
/// for at last.
///
/// # Errors
/// If one of them cannot be read.
pub fn report_of(directory: &RunDirectory) -> Result<(Report, Asked), SessionError> {
    let folded = journal::read(directory.path.as_std_path())?;
    let gate = RecordedGate::of_run(&OsDisk, directory.path.as_std_path())?;
    Ok((gate.report(&folded), folded.asked().clone()))
}
