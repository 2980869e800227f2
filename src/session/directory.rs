//! Run directories, finding one again, and the lock that keeps a workspace to one run.
#![expect(
    clippy::disallowed_methods,
    reason = "the lock and the listing come before there is a world to ask"
)]

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, Write};

use camino::{Utf8Path, Utf8PathBuf};
use fs4::FileExt;

use crate::gate::Gate;
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
    /// The run to resume is of another gate, or of another version of its file.
    #[error("run `{run}` is of another gate file than the one given (`{gate}`)")]
    OtherGate {
        /// The run.
        run: String,
        /// Name of its gate.
        gate: String,
    },
    /// The journal refuses.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The world refuses.
    #[error(transparent)]
    World(#[from] WorldError),
    /// The gate file kept with a run cannot be read any more.
    #[error("the gate file `{path}` has {problems} problems")]
    GateUnreadable {
        /// Where it is kept.
        path: Utf8PathBuf,
        /// How many.
        problems: usize,
    },
    /// The system does not tell the time.
    #[error("the system does not tell the time")]
    Clock,
}

impl SessionError {
    /// What to do about it.
    #[must_use]
    pub fn remedy(&self) -> Option<&'static str> {
        match self {
            Self::Busy { .. } => Some("wait for it, or end it with Ctrl-C in its terminal"),
            Self::NoSuchRun { .. } => Some("`gate status --all` lists the runs there are"),
            Self::OtherGate { .. } => {
                Some("give the gate file that the run was started with, or start a new run")
            }
            Self::StillThere { .. } => Some("end it by hand, then start again"),
            Self::File { .. } => Some("check the path and its permissions"),
            Self::Journal(_) | Self::World(_) | Self::GateUnreadable { .. } | Self::Clock => None,
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

    /// Removes the throwaway home, which is the one thing of a passed run that is no evidence.
    pub(super) fn drop_home(&self) {
        if let Err(error) = std::fs::remove_dir_all(self.path.join("home")) {
            tracing::warn!("the throwaway home of {} stays: {error}", self.run);
        }
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
    let mut matching = runs.into_iter().filter(|run| run.run.starts_with(name));
    let found = if name == "latest" {
        newest
    } else {
        matching.next().filter(|_| matching.next().is_none())
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

/// The report of a run, from its journal and the gate file it was started with.
///
/// # Errors
/// If one of them cannot be read.
pub fn report_of(directory: &RunDirectory) -> Result<Report, SessionError> {
    let folded = journal::read(directory.path.as_std_path())?;
    let gate = gate_of(directory)?;
    let mut report = Report::new(&gate);
    report.run.clone_from(&folded.header.run);
    report.started = Some(folded.header.started);
    for line in &folded.lines {
        if let journal::Record::Event(event) = &line.record {
            report.take(event);
        }
    }
    report.verdict = folded.sealed.as_ref().map(|sealed| sealed.verdict);
    Ok(report)
}

/// The gate that a run was started with, as it was kept in the run directory.
fn gate_of(directory: &RunDirectory) -> Result<Gate, SessionError> {
    let path = directory.path.join("gate.toml");
    let text = std::fs::read_to_string(&path).map_err(|source| SessionError::File {
        path: path.clone(),
        source,
    })?;
    let template =
        |name: &str| std::fs::read_to_string(directory.path.join("templates").join(name)).ok();
    Gate::load(path.as_str(), &text, &template).map_err(|problems| SessionError::GateUnreadable {
        path: path.clone(),
        problems: problems.len(),
    })
}
