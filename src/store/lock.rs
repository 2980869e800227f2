//! Locks between processes: a file that its holder keeps locked and that names the holder. The
//! system releases the lock when a process dies, so the content of an unlocked file names a holder
//! that did not end normally.
#![expect(
    clippy::disallowed_methods,
    reason = "a lock is taken before there is a world to ask, and by the world itself"
)]

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use fs4::{FileExt, TryLockError};

use crate::model::Holder;

/// The longest that is read of a file, in bytes.
const LONGEST: u64 = 4096;

/// Whether other holders are allowed at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sharing {
    /// Only one may hold it.
    Alone,
    /// Those who share it may hold it together.
    Together,
}

/// A lock that is held until it is dropped, or until the process ends, even by `kill -9`.
#[derive(Debug)]
pub struct Held {
    file: File,
    sharing: Sharing,
}

/// The result of requesting a lock.
#[derive(Debug)]
pub enum Asked {
    /// It is held now; with the previous holder, if that process ended without releasing it.
    Held(Held, Option<Holder>),
    /// Somebody else holds it, and who if that is recorded.
    Taken(Option<Holder>),
}

/// Takes a lock, or reports who holds it. The file and its directory are created if missing.
///
/// # Errors
/// Those of the system.
pub fn take(path: &Path, sharing: Sharing, holder: &Holder) -> io::Result<Asked> {
    if let Some(directory) = path.parent() {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)?;
    }
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).read(true).write(true);
    let mut file = options.mode(0o600).open(path)?;
    let locked = match sharing {
        Sharing::Alone => FileExt::try_lock(&file),
        Sharing::Together => FileExt::try_lock_shared(&file),
    };
    let before = written(&mut file)?;
    match locked {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(Asked::Taken(before)),
        Err(TryLockError::Error(error)) => return Err(error),
    }
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(serde_json::to_string(holder)?.as_bytes())?;
    let gone = before.filter(|_| sharing == Sharing::Alone);
    Ok(Asked::Held(Held { file, sharing }, gone))
}

/// The holder that wrote the file; none if it is empty or, from an earlier version, contains only a
/// pid.
fn written(file: &mut File) -> io::Result<Option<Holder>> {
    let mut text = Vec::new();
    file.rewind()?;
    file.take(LONGEST).read_to_end(&mut text)?;
    Ok(serde_json::from_slice(&text).ok())
}

impl Drop for Held {
    fn drop(&mut self) {
        // Others who share it may be named in the file. A stale name only makes the next process
        // report that this one is gone.
        if self.sharing == Sharing::Alone {
            let _emptied = self.file.set_len(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holder(run: &str) -> Holder {
        Holder {
            run: run.to_owned(),
            pid: 7,
            since: jiff::Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn one_holds_it_and_the_other_learns_who() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("locks/one");
        let take = |run: &str| take(&path, Sharing::Alone, &holder(run)).unwrap();
        let Asked::Held(held, None) = take("01A") else {
            panic!("nobody holds it");
        };
        let Asked::Taken(Some(by)) = take("01B") else {
            panic!("it is held");
        };
        assert_eq!(
            by.to_string(),
            "run 01A, process 7, since 1970-01-01T00:00:00Z"
        );
        drop(held);
        assert!(matches!(take("01B"), Asked::Held(_, None)));
    }

    #[test]
    fn who_is_gone_without_letting_it_go_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("one");
        // As a killed process leaves it: written, but not locked.
        std::fs::write(&path, serde_json::to_string(&holder("01A")).unwrap()).unwrap();
        let taken = take(&path, Sharing::Alone, &holder("01B")).unwrap();
        assert!(matches!(taken, Asked::Held(_, Some(gone)) if gone.run == "01A"));
    }

    #[test]
    fn those_who_share_it_hold_it_together_and_keep_out_who_does_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("one");
        let take = |sharing, run: &str| take(&path, sharing, &holder(run)).unwrap();
        let one = take(Sharing::Together, "01A");
        let other = take(Sharing::Together, "01B");
        assert!(matches!((&one, &other), (Asked::Held(..), Asked::Held(..))));
        assert!(matches!(take(Sharing::Alone, "01C"), Asked::Taken(Some(_))));
        drop((one, other));
        assert!(matches!(take(Sharing::Alone, "01C"), Asked::Held(..)));
    }
}
