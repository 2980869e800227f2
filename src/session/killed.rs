//! Runs that were killed, and what they left behind: found by the next start, and cleared when the
//! operator agrees. A running gate holds a locked file; a file that exists but is not locked was
//! left by a run that did not end normally.
#![expect(
    clippy::disallowed_methods,
    reason = "what is left is looked for before there is a world to ask"
)]

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use fs4::FileExt;

use super::{Contended, SessionError};
use crate::store::disk::{Disk, OsDisk};
use crate::world::live::{end_by_identity, processes_of_run};
use crate::world::{Fate, ProcessIdentity, ProcessSeen};

/// Parts of a run directory that are not evidence: the throwaway home and temporary files; and the
/// worktrees of an audit, which are beside its reports.
const THROWAWAY: [&str; 2] = ["home", "tmp"];
const WORKTREE: &str = "gate-audit-";
const GRACE: Duration = Duration::from_secs(2);
const PREFIX: &str = "run-";

/// The lock file of an active run; removed at its end, but not by `kill -9`.
pub(super) struct Alive {
    path: Utf8PathBuf,
    _locked: File,
}

impl Alive {
    /// Marks a run as living.
    pub(super) fn mark(state: &Utf8Path, run: &str) -> Result<Self, SessionError> {
        let path = state.join("locks").join(format!("{PREFIX}{run}"));
        let failed = |source| SessionError::File {
            path: path.clone(),
            source,
        };
        let locks = state.join("locks");
        OsDisk.make_dirs(locks.as_std_path()).map_err(failed)?;
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&path)
            .map_err(failed)?;
        FileExt::try_lock(&file).map_err(|_| SessionError::Busy {
            what: Contended::Run(run.to_owned()),
            holder: "a process of it is alive".to_owned(),
        })?;
        Ok(Self {
            path,
            _locked: file,
        })
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        // If it is left behind, the next start merely finds nothing to clear.
        let _gone = std::fs::remove_file(&self.path);
    }
}

/// What a killed run left behind.
#[derive(Debug)]
pub struct Killed {
    /// Id of the run.
    pub run: String,
    /// Its processes that still run, never another user's.
    pub processes: Vec<ProcessSeen>,
    /// Its throwaway directories that still exist.
    pub directories: Vec<Utf8PathBuf>,
    mark: Utf8PathBuf,
}

/// The runs in this state directory that were killed and left something behind. The run to be
/// resumed keeps its directories.
///
/// # Errors
/// If the directory cannot be read, or the processes cannot be listed.
pub fn killed(state: &Utf8Path, resume: Option<&str>) -> Result<Vec<Killed>, SessionError> {
    let locks = state.join("locks");
    let entries = match std::fs::read_dir(&locks) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(|source| SessionError::File {
            path: locks.clone(),
            source,
        })?,
    };
    let resumed = resume
        .map(|name| super::find_run(state, name))
        .transpose()?
        .map(|directory| directory.run);
    let mut found = Vec::new();
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let mark = locks.join(&name);
        let Some(run) = name.strip_prefix(PREFIX).filter(|_| is_free(&mark)) else {
            continue;
        };
        let directory = state.join("runs").join(run);
        let killed = Killed {
            run: run.to_owned(),
            directories: if resumed.as_deref() == Some(run) {
                Vec::new()
            } else {
                throwaway(&directory)
            },
            // As the system reports it, without links.
            processes: processes_of_run(&directory.canonicalize_utf8().unwrap_or(directory))?,
            mark,
        };
        if killed.is_empty() {
            let _gone = std::fs::remove_file(&killed.mark);
        } else {
            found.push(killed);
        }
    }
    found.sort_by(|a, b| a.run.cmp(&b.run));
    Ok(found)
}

fn throwaway(run: &Utf8Path) -> Vec<Utf8PathBuf> {
    let below = |path: Utf8PathBuf| {
        let entries = path.read_dir_utf8().into_iter().flatten().flatten();
        entries.map(|entry| entry.path().to_owned())
    };
    let worktree = |path: &Utf8PathBuf| {
        path.file_name()
            .is_some_and(|name| name.starts_with(WORKTREE))
    };
    let worktrees = below(run.join("audit")).flat_map(below).filter(worktree);
    let named = THROWAWAY.map(|name| run.join(name)).into_iter();
    named
        .chain(worktrees)
        .filter(|path| path.is_dir() && !path.is_symlink())
        .collect()
}

/// Whether a process is working on a run.
#[must_use]
pub fn lives(state: &Utf8Path, run: &str) -> bool {
    let mark = state.join("locks").join(format!("{PREFIX}{run}"));
    mark.exists() && !is_free(&mark)
}

fn is_free(mark: &Utf8Path) -> bool {
    File::open(mark).is_ok_and(|file| FileExt::try_lock(&file).is_ok())
}

impl Killed {
    fn is_empty(&self) -> bool {
        self.processes.is_empty() && self.directories.is_empty()
    }

    /// What is to be cleared, one line each.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        // Without arguments: those of a daemon contain its token.
        let process =
            |seen: &ProcessSeen| format!("end process {} ({})", seen.identity.pid, seen.program);
        let directory = |path: &Utf8PathBuf| format!("remove {path}");
        let processes = self.processes.iter().map(process);
        processes
            .chain(self.directories.iter().map(directory))
            .collect()
    }

    /// Ends the processes, by identity, then those that appeared in the meantime; removes the
    /// directories.
    ///
    /// # Errors
    /// If something remains.
    pub async fn clear(self, state: &Utf8Path) -> Result<usize, SessionError> {
        let directory = state.join("runs").join(&self.run);
        let directory = directory.canonicalize_utf8().unwrap_or(directory);
        let mut left = self.processes;
        let mut ended = 0;
        let mut rounds = 0;
        while !left.is_empty() && rounds < 5 {
            let targets: Vec<ProcessIdentity> = left.iter().map(|seen| seen.identity).collect();
            // After the first round there is no more TERM: a handler could start new processes
            // again.
            let grace = if rounds == 0 { GRACE } else { Duration::ZERO };
            let receipts = end_by_identity(&targets, grace).await?;
            ended += receipts
                .iter()
                .filter(|receipt| matches!(receipt.fate, Fate::Terminated | Fate::Killed))
                .count();
            left = processes_of_run(&directory)?;
            rounds += 1;
        }
        if let Some(stays) = left.first() {
            return Err(SessionError::StillThere {
                run: self.run,
                pid: stays.identity.pid,
            });
        }
        for path in self.directories {
            std::fs::remove_dir_all(&path).map_err(|source| SessionError::File { path, source })?;
        }
        let _gone = std::fs::remove_file(&self.mark);
        Ok(ended)
    }
}
