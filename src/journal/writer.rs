//! The one writer of a journal.

use std::collections::BTreeSet;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;

use super::layout::LARGEST;
use super::scan::{Scanned, scan};
use super::{
    Blobs, Committed, FILE, Folded, Header, JournalError, NO_PREVIOUS, Record, Resumed, Said,
    Sealed, anchor, blobs, canonical, encode, fold,
};
use crate::model::{Event, EventKind, Verdict};
use crate::store::disk::{Disk, DiskFile, OsDisk, append_all};
use crate::world::Anchor;

/// When a record must be on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Written before the call returns; synced with the next record that is synced.
    Soon,
    /// Synced before the call returns, with everything before it.
    Now,
}

/// A journal that is being written. Clones write to the same one.
#[derive(Clone)]
pub struct Journal {
    inner: Arc<Inner>,
}

struct Inner {
    disk: Arc<dyn Disk>,
    file: Box<dyn DiskFile>,
    path: PathBuf,
    blobs: Blobs,
    /// A longer text goes into a blob.
    blob_limit: usize,
    state: Mutex<State>,
    /// Held while syncing, so that "synced" also means that no other thread is still syncing it.
    syncing: Mutex<()>,
}

struct State {
    seq: u64,
    prev: String,
    length: u64,
    epoch: u32,
    /// Records since the last sync.
    unsynced: u32,
    unsynced_blobs: Vec<PathBuf>,
    known_blobs: BTreeSet<String>,
    /// Why nothing more is accepted.
    closed: Option<String>,
}

impl Journal {
    /// Creates a journal in a run directory, which is created if missing.
    ///
    /// # Errors
    /// If there is one already, or a file operation fails.
    pub fn create(dir: &Path, header: Header) -> Result<Self, JournalError> {
        Self::create_on(Arc::new(OsDisk), dir, header)
    }

    /// The same on another disk.
    ///
    /// # Errors
    /// As [`Journal::create`].
    pub fn create_on(
        disk: Arc<dyn Disk>,
        dir: &Path,
        header: Header,
    ) -> Result<Self, JournalError> {
        let blobs = dir.join(super::BLOBS);
        disk.make_dirs(&blobs)
            .map_err(JournalError::disk("make", &blobs))?;
        let path = dir.join(FILE);
        let file = disk
            .create(&path)
            .map_err(JournalError::disk("make", &path))?;
        lock(&*file, &path)?;
        let journal = Self::over(disk, file, dir, header.blob_limit, State::empty());
        journal.append(&Record::Header(Box::new(header)), Durability::Now)?;
        let inner = &journal.inner;
        for dir in [Some(dir), dir.parent()].into_iter().flatten() {
            if !dir.as_os_str().is_empty() {
                inner
                    .disk
                    .sync_dir(dir)
                    .map_err(JournalError::disk("sync", dir))?;
            }
        }
        Ok(journal)
    }

    /// Resumes a journal: cuts off a torn last line, begins a new epoch, and returns the replayed
    /// content.
    ///
    /// # Errors
    /// If another process writes it, a record is damaged, or a file operation fails.
    pub fn resume(dir: &Path, resumed: Resumed) -> Result<(Self, Folded), JournalError> {
        Self::resume_on(Arc::new(OsDisk), dir, resumed)
    }

    /// The same on another disk.
    ///
    /// # Errors
    /// As [`Journal::resume`].
    pub fn resume_on(
        disk: Arc<dyn Disk>,
        dir: &Path,
        mut resumed: Resumed,
    ) -> Result<(Self, Folded), JournalError> {
        let path = dir.join(FILE);
        let file = disk
            .open(&path)
            .map_err(JournalError::disk("open", &path))?;
        lock(&*file, &path)?;
        let bytes = disk
            .read(&path, LARGEST)
            .map_err(JournalError::disk("read", &path))?;
        let scanned = scan(&bytes, &path)?;
        if scanned.torn > 0 {
            file.truncate(scanned.length)
                .map_err(JournalError::disk("cut", &path))?;
        }
        let folded = fold(scanned.lines.clone())?;
        resumed.epoch = folded.epoch + 1;
        let state = State::after(&scanned, resumed.epoch);
        let journal = Self::over(disk, file, dir, folded.header.blob_limit, state);
        journal.append(&Record::Resumed(resumed), Durability::Now)?;
        Ok((journal, folded))
    }

    fn over(
        disk: Arc<dyn Disk>,
        file: Box<dyn DiskFile>,
        dir: &Path,
        blob_limit: usize,
        state: State,
    ) -> Self {
        Self {
            inner: Arc::new(Inner {
                blobs: Blobs::on(Arc::clone(&disk), dir),
                blob_limit,
                disk,
                file,
                path: dir.join(FILE),
                state: Mutex::new(state),
                syncing: Mutex::new(()),
            }),
        }
    }

    /// The directory that it is in: the run's.
    pub(super) fn directory(&self) -> &Path {
        self.inner.path.parent().unwrap_or(&self.inner.path)
    }

    /// The disk that it is written on.
    #[must_use]
    pub fn disk(&self) -> Arc<dyn Disk> {
        Arc::clone(&self.inner.disk)
    }

    /// Number of the process that writes it: 1, and one more for each resumption.
    #[must_use]
    pub fn epoch(&self) -> u32 {
        self.state().epoch
    }

    /// Appends a record.
    ///
    /// # Errors
    /// If a file operation fails or has failed before: after the first failure nothing is accepted.
    pub fn append(&self, record: &Record, durability: Durability) -> Result<(), JournalError> {
        self.append_line(record)?;
        match durability {
            Durability::Now => self.sync(),
            Durability::Soon => Ok(()),
        }
    }

    /// Appends an event that belongs in the journal: starts and ends of subtasks, facts, the
    /// interruption. Any other event is ignored.
    ///
    /// # Errors
    /// As [`Journal::append`].
    pub fn event(&self, event: &Event) -> Result<(), JournalError> {
        match event.kind {
            EventKind::SubtaskStarted { .. }
            | EventKind::SubtaskEnded { .. }
            | EventKind::FactPublished(_)
            | EventKind::Interrupted => {
                self.append(&Record::Event(event.clone()), Durability::Soon)
            }
            EventKind::RunStarted { .. }
            | EventKind::Progress { .. }
            | EventKind::RunEnded { .. } => Ok(()),
        }
    }

    /// The head over all subtasks that have ended.
    ///
    /// # Errors
    /// If a file operation fails, or the data on disk is damaged.
    pub(super) fn anchor(&self) -> Result<Anchor, JournalError> {
        let inner = &self.inner;
        let bytes = inner
            .disk
            .read(&inner.path, LARGEST)
            .map_err(JournalError::disk("read", &inner.path))?;
        anchor::anchor(&scan(&bytes, &inner.path)?.lines)
    }

    /// Commits to the content of the bundle beside the journal; only the seal may follow.
    ///
    /// # Errors
    /// As [`Journal::append`].
    pub fn commit(&self, committed: Committed) -> Result<(), JournalError> {
        self.append(&Record::Committed(committed), Durability::Soon)
    }

    /// Ends the journal with the verdict, synced.
    ///
    /// # Errors
    /// As [`Journal::append`]; and if the records on disk do not give this verdict.
    pub fn seal(&self, verdict: Verdict) -> Result<Sealed, JournalError> {
        let inner = &self.inner;
        self.sync()?;
        let bytes = inner
            .disk
            .read(&inner.path, LARGEST)
            .map_err(JournalError::disk("read", &inner.path))?;
        let lines = scan(&bytes, &inner.path)?.lines;
        let (chain, folded) = std::thread::scope(|scope| {
            let chain = scope.spawn(|| canonical(&lines));
            let folded = fold::conclusions(&lines);
            let chain = chain.join();
            (chain.unwrap_or_else(|panic| resume_unwind(panic)), folded)
        });
        let (digest, recomputed) = (chain?.head, folded?.verdict());
        if recomputed != verdict {
            return Err(JournalError::VerdictDiffers {
                stated: verdict,
                recomputed,
            });
        }
        let sealed = Sealed { verdict, digest };
        self.append(&Record::Sealed(sealed.clone()), Durability::Now)?;
        Ok(sealed)
    }

    /// Stores a long text beside the journal; synced with the next sync.
    pub(crate) fn blob(&self, sha256: &str, text: &str) -> Result<(), JournalError> {
        let mut state = self.open_state()?;
        if state.known_blobs.contains(sha256) {
            return Ok(());
        }
        match self.inner.blobs.store(sha256, text) {
            Ok(path) => {
                state.known_blobs.insert(sha256.to_owned());
                state.unsynced_blobs.push(path);
                Ok(())
            }
            Err(error) => Err(state.close(error)),
        }
    }

    /// A value as it is recorded. Stores long texts, and leaves references.
    pub(crate) fn said(&self, value: &impl Serialize) -> Result<Said, JournalError> {
        let mut found = Vec::new();
        let said = blobs::said(value, self.inner.blob_limit, &mut found)
            .map_err(JournalError::json("an exchange"))?;
        for (sha256, text) in found {
            self.blob(&sha256, &text)?;
        }
        Ok(said)
    }

    fn append_line(&self, record: &Record) -> Result<(), JournalError> {
        let mut state = self.open_state()?;
        let (mut line, sum) =
            encode(state.seq, &state.prev, record).map_err(JournalError::json("a record"))?;
        line.push('\n');
        if let Err(error) = self.write(&state, line.as_bytes()) {
            return Err(state.close(error));
        }
        state.seq += 1;
        state.prev = sum;
        state.length += line.len() as u64;
        state.unsynced = state.unsynced.saturating_add(1);
        Ok(())
    }

    fn write(&self, state: &State, bytes: &[u8]) -> Result<(), JournalError> {
        let inner = &self.inner;
        let path = || inner.path.clone();
        let found = inner
            .file
            .length()
            .map_err(JournalError::disk("look at", path()))?;
        if found != state.length {
            return Err(JournalError::Overtaken {
                path: path(),
                expected: state.length,
                found,
            });
        }
        append_all(&*inner.file, bytes).map_err(JournalError::disk("append to", path()))
    }

    /// Makes everything appended so far durable, blobs first.
    ///
    /// # Errors
    /// As [`Journal::append`].
    pub fn sync(&self) -> Result<(), JournalError> {
        let inner = &self.inner;
        let _syncing = inner.syncing.lock().unwrap_or_else(PoisonError::into_inner);
        let blobs = {
            let mut state = self.open_state()?;
            if state.unsynced == 0 {
                return Ok(());
            }
            state.unsynced = 0;
            std::mem::take(&mut state.unsynced_blobs)
        };
        self.sync_files(&blobs)
            .map_err(|error| self.state().close(error))
    }

    fn sync_files(&self, blobs: &[PathBuf]) -> Result<(), JournalError> {
        let inner = &self.inner;
        for path in blobs {
            inner
                .disk
                .open(path)
                .and_then(|file| file.sync())
                .map_err(JournalError::disk("sync", path))?;
        }
        if let Some(dir) = blobs.first().and_then(|path| path.parent()) {
            inner
                .disk
                .sync_dir(dir)
                .map_err(JournalError::disk("sync", dir))?;
        }
        inner
            .file
            .sync()
            .map_err(JournalError::disk("sync", &inner.path))
    }

    /// How many records were appended since the last sync.
    pub(crate) fn unsynced(&self) -> u32 {
        self.state().unsynced
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic while appending leaves `length` behind the file's: the next append sees it.
        self.inner
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn open_state(&self) -> Result<MutexGuard<'_, State>, JournalError> {
        let state = self.state();
        match &state.closed {
            Some(reason) => Err(JournalError::Closed {
                reason: reason.clone(),
            }),
            None => Ok(state),
        }
    }
}

impl State {
    fn empty() -> Self {
        Self {
            seq: 0,
            prev: NO_PREVIOUS.to_owned(),
            length: 0,
            epoch: 1,
            unsynced: 0,
            unsynced_blobs: Vec::new(),
            known_blobs: BTreeSet::new(),
            closed: None,
        }
    }

    fn after(scanned: &Scanned, epoch: u32) -> Self {
        Self {
            seq: scanned.lines.len() as u64,
            prev: scanned.head.clone(),
            length: scanned.length,
            epoch,
            ..Self::empty()
        }
    }

    /// Accepts nothing more: a record that may be torn must stay the last one.
    fn close(&mut self, error: JournalError) -> JournalError {
        self.closed.get_or_insert_with(|| error.to_string());
        error
    }
}

fn lock(file: &dyn DiskFile, path: &Path) -> Result<(), JournalError> {
    if file.lock().map_err(JournalError::disk("lock", path))? {
        return Ok(());
    }
    Err(JournalError::Locked {
        path: path.to_owned(),
    })
}
