//! What one `gate audit` works with: hands, and a directory of its own that is gone afterwards.
//! An audit marks its life by a locked file; a directory whose file is there and not locked is
//! one that `kill -9` left behind, and the next audit takes it away.
#![expect(
    clippy::disallowed_methods,
    reason = "the directory comes before there is a world to ask, and goes after it"
)]

use std::fs::{File, OpenOptions};
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};

use super::{SessionError, Tools, command};
use crate::gate::Gate;
use crate::verbs::Ctx;
use crate::world::Place;
use crate::world::live::{LiveWorld, Operator};

const ALIVE: &str = ".alive";

/// One audit's hands and directory.
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
    /// Hands for `gate audit`: the test command is the operator's own, so no policy stands
    /// before it. Directories that killed audits left are taken away.
    ///
    /// # Errors
    /// A directory or file that cannot be used.
    pub fn open(
        operator: &Operator,
        gate: &Gate,
        cache: &Utf8Path,
        repo: &Utf8Path,
        tools: &Tools,
    ) -> Result<Self, SessionError> {
        let all = cache.join("command/audit");
        std::fs::create_dir_all(&all).map_err(failed(&all))?;
        // Nobody may find the new directory before it is marked.
        let door = open(&all.join("lock"))?;
        door.lock().map_err(failed(&all.join("lock")))?;
        let cleared = clear(&all)?;
        let name = ulid::Ulid::generate().to_string();
        let path = all.join(format!("{name}{ALIVE}"));
        let alive = open(&path)?;
        alive.lock().map_err(failed(&path))?;
        let live = Arc::new(command::live(operator, cache, cache, repo));
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

    /// What the audit reaches out with.
    #[must_use]
    pub fn ctx(&self) -> &Ctx {
        &self.ctx
    }

    /// The directory that this audit alone uses.
    #[must_use]
    pub fn scratch(&self) -> Place {
        Place::run("audit").join(&self.name)
    }

    /// How many directories of killed audits were taken away; git may still list their worktrees.
    #[must_use]
    pub fn cleared(&self) -> usize {
        self.cleared
    }

    /// Waits until the programs of an audit that was given up have ended.
    pub async fn settle(&self) {
        self.live.settle().await;
    }

    /// Kills them at once; for the second interrupt.
    pub fn kill_all(&self) {
        self.live.kill_all();
    }
}

impl Drop for Auditing {
    fn drop(&mut self) {
        // What cannot be removed now the next audit removes.
        let _gone = take_away(&self.all, &self.name);
    }
}

fn failed(path: &Utf8Path) -> impl FnOnce(std::io::Error) -> SessionError {
    let path = path.to_owned();
    |source| SessionError::File { path, source }
}

fn open(path: &Utf8Path) -> Result<File, SessionError> {
    OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
        .map_err(failed(path))
}

/// Takes away the directories of audits that no longer live; says how many.
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
