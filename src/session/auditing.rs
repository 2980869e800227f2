//! The context of one `gate audit`, and a temporary directory of its own. A running audit holds a
//! locked file; a directory whose lock file exists but is not locked was left behind by `kill -9`,
//! and the next audit removes it.
#![expect(
    clippy::disallowed_methods,
    reason = "the directory comes before there is a world to ask, and goes after it"
)]

use std::fs::{File, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};

use super::{SessionError, Tools, command};
use crate::gate::Gate;
use crate::verb::Ctx;
use crate::world::Place;
use crate::world::live::{LiveWorld, Operator, SandboxChoice};

const ALIVE: &str = ".alive";

/// The context and directory of one audit.
pub struct Auditing {
    live: Arc<LiveWorld>,
    ctx: Ctx,
    name: String,
    /// Directory that holds the directories of all audits.
    all: Utf8PathBuf,
    cleared: usize,
    _alive: File,
}

impl Auditing {
    /// A context for `gate audit`: the test command is the operator's own, so no policy applies to
    /// it. Directories left by killed audits are removed.
    ///
    /// # Errors
    /// A directory or file that cannot be used.
    pub fn open(
        operator: &Operator,
        gate: &Gate,
        cache: &Utf8Path,
        repo: &Utf8Path,
        tools: &Tools,
        sandbox: SandboxChoice,
    ) -> Result<Self, SessionError> {
        let all = cache.join("command/audit");
        for directory in [&cache.join("command"), &all] {
            make_private(directory).map_err(failed(directory))?;
        }
        // The new directory must not be found before it is marked.
        let door = open(&all.join("lock"))?;
        door.lock().map_err(failed(&all.join("lock")))?;
        let cleared = clear(&all)?;
        let name = ulid::Ulid::generate().to_string();
        let path = all.join(format!("{name}{ALIVE}"));
        let alive = open(&path)?;
        alive.lock().map_err(failed(&path))?;
        let run = all.join(&name);
        let live = command::live_in(operator, run, cache, repo).with_sandbox(sandbox);
        let live = Arc::new(live);
        live.set_tools(tools.path.clone());
        Ok(Self {
            ctx: command::ctx(gate, Arc::<LiveWorld>::clone(&live)),
            live,
            name,
            all,
            cleared,
            _alive: alive,
        })
    }

    /// The context of the audit.
    #[must_use]
    pub fn ctx(&self) -> &Ctx {
        &self.ctx
    }

    /// The directory that only this audit uses, with a unique name, by which git distinguishes the
    /// worktrees of audits.
    #[must_use]
    pub fn scratch(&self) -> Place {
        Place::run(&self.name)
    }

    /// How many directories of killed audits were removed; git may still list their worktrees.
    #[must_use]
    pub fn cleared(&self) -> usize {
        self.cleared
    }

    /// Waits until the programs of an abandoned audit have ended.
    pub async fn settle(&self) {
        self.live.settle().await;
    }

    /// Ends the processes that the tests left behind; returns how many there were.
    pub async fn end_leftovers(&self) -> usize {
        let ended = self.live.end_leftovers(std::time::Duration::from_secs(2));
        ended.await.len()
    }

    /// Kills all running programs at once; for the second interrupt.
    pub fn kill_all(&self) {
        self.live.kill_all();
    }
}

impl Drop for Auditing {
    fn drop(&mut self) {
        // What cannot be removed now is removed by the next audit.
        let _gone = take_away(&self.all, &self.name);
    }
}

fn failed(path: &Utf8Path) -> impl FnOnce(std::io::Error) -> SessionError {
    let path = path.to_owned();
    |source| SessionError::File { path, source }
}

/// Makes the gate's cache inaccessible to other users, like a run's directory: an earlier version,
/// or the operator, may have made it accessible. Returns the previous mode if it was.
///
/// # Errors
/// If its mode can be neither read nor changed.
pub fn close_cache(cache: &Utf8Path) -> Result<Option<u32>, SessionError> {
    let mode = match std::fs::metadata(cache) {
        Ok(seen) => seen.permissions().mode() & 0o7777,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(cache)(error)),
    };
    if mode.trailing_zeros() >= 6 {
        return Ok(None);
    }
    make_private(cache).map_err(failed(cache))?;
    Ok(Some(mode))
}

/// Creates a directory that only its owner can access, like a run's: it contains logs.
fn make_private(directory: &Utf8Path) -> std::io::Result<()> {
    let private = std::fs::Permissions::from_mode(0o700);
    let mut made = std::fs::DirBuilder::new();
    made.recursive(true).mode(0o700).create(directory)?;
    std::fs::set_permissions(directory, private)
}

fn open(path: &Utf8Path) -> Result<File, SessionError> {
    OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(path)
        .map_err(failed(path))
}

/// Removes the directories of audits that no longer run; returns their number.
fn clear(all: &Utf8Path) -> Result<usize, SessionError> {
    let mut gone = 0;
    for entry in all.read_dir_utf8().map_err(failed(all))? {
        let entry = entry.map_err(failed(all))?;
        let Some(name) = entry.file_name().strip_suffix(ALIVE) else {
            continue;
        };
        if open(entry.path())?.try_lock().is_ok() {
            take_away(all, name).map_err(failed(entry.path()))?;
            gone += 1;
        }
    }
    Ok(gone)
}

/// The mark goes last: while anything is left, the next audit finds it.
fn take_away(all: &Utf8Path, name: &str) -> std::io::Result<()> {
    match std::fs::remove_dir_all(all.join(name)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    std::fs::remove_file(all.join(format!("{name}{ALIVE}")))
}
