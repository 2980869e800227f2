//! Watched files with their digests, each read again only when the system reports a change.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, SystemTime};

use camino::{Utf8Path, Utf8PathBuf};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::store::hex;
use crate::world::live::files::{self, Desk, Found};
use crate::world::{FileSeen, FixedSeen, Incident, ListFiles, Noticed, Place, WorldError};

/// How many changes of one file are recorded between two observations: the first ones show whether
/// it changed between two runs.
const CHANGES: usize = 20;
/// How many changed files are named.
const NAMED: usize = 10;

/// What distinguishes one state of a file from another. The time of an inode's last change cannot
/// be set except through the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Version {
    pub(super) inode: u64,
    bytes: u64,
    modified: (i64, i64),
    changed: (i64, i64),
    /// An inode's number may be reused at once; its creation time, if stored, distinguishes them.
    made: Option<SystemTime>,
}

/// The granularity of inode times: at most ten milliseconds on the supported systems; some file
/// systems store whole milliseconds.
const STEP: Duration = Duration::from_millis(50);

impl Version {
    /// The state of a regular file; none if it does not exist.
    pub(super) fn of(path: &Utf8Path) -> Option<Self> {
        let metadata = std::fs::metadata(path)
            .ok()
            .filter(std::fs::Metadata::is_file)?;
        Some(Self {
            inode: metadata.ino(),
            bytes: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
            made: metadata.created().ok(),
        })
    }

    /// Whether any later change would show in it. One in the same step of the clock, and of the
    /// same length, would not.
    fn is_settled(&self, at: SystemTime) -> bool {
        let (seconds, nanoseconds) = self.changed;
        let seconds = u64::try_from(seconds).map(Duration::from_secs);
        let nanoseconds = u64::try_from(nanoseconds).map(Duration::from_nanos);
        let (Ok(seconds), Ok(nanoseconds)) = (seconds, nanoseconds) else {
            return false;
        };
        let changed = SystemTime::UNIX_EPOCH + seconds + nanoseconds;
        at.duration_since(changed).is_ok_and(|since| since > STEP)
    }

    /// Whether this is another file than that one was.
    fn replaces(&self, before: &Self) -> bool {
        (self.inode, self.made) != (before.inode, before.made)
    }
}

struct Known {
    version: Version,
    /// Whether the version would show every change since the file was read.
    settled: bool,
    seen: FileSeen,
    told: usize,
}

/// Files that were listed once.
#[derive(Default)]
pub(super) struct Shelf {
    known: BTreeMap<Utf8PathBuf, Known>,
    listed: bool,
}

impl Shelf {
    /// Lists the files again, and what changed since the last look.
    pub(super) fn list(
        &mut self,
        desk: &Desk,
        lists: &[ListFiles],
        now: Timestamp,
    ) -> Result<(Vec<FileSeen>, Vec<Noticed>), WorldError> {
        let mut noticed = self.changes(now);
        let mut seen = Vec::new();
        for list in lists {
            for found in desk.find(list)? {
                if let Some(known) = self.known.get(&found.path) {
                    seen.push(known.seen.clone());
                    continue;
                }
                let Some(fresh) = read(&found) else {
                    continue;
                };
                if self.listed {
                    noticed.push(changed(None, Some(&fresh.seen), false, now));
                }
                seen.push(fresh.seen.clone());
                self.known.insert(found.path, fresh);
            }
        }
        for known in self.known.values_mut() {
            known.told = 0;
        }
        self.listed = true;
        Ok((seen, noticed))
    }

    /// What changed of the known files since the last look.
    pub(super) fn changes(&mut self, now: Timestamp) -> Vec<Noticed> {
        let mut noticed = Vec::new();
        let mut gone = Vec::new();
        for (path, known) in &mut self.known {
            let version = Version::of(path);
            if version == Some(known.version) && known.settled {
                continue;
            }
            let fresh = version.and_then(|_| {
                read(&Found {
                    path: path.clone(),
                    relative: String::new(),
                    place: known.seen.path.clone(),
                })
            });
            let after = fresh.as_ref().map(|fresh| &fresh.seen);
            let same = after.is_some_and(|after| after.sha256 == known.seen.sha256);
            let replaced = fresh
                .as_ref()
                .is_some_and(|fresh| fresh.version.replaces(&known.version));
            if (!same || replaced) && known.told < CHANGES {
                noticed.push(changed(Some(&known.seen), after, replaced, now));
                known.told += 1;
            }
            match fresh {
                Some(fresh) => {
                    known.version = fresh.version;
                    known.settled = fresh.settled;
                    known.seen = fresh.seen;
                }
                None => gone.push(path.clone()),
            }
        }
        for path in gone {
            self.known.remove(&path);
        }
        noticed
    }

    /// The directories that contain the known files.
    pub(super) fn directories(&self) -> impl Iterator<Item = &Utf8Path> {
        self.known.keys().filter_map(|path| path.parent())
    }
}

fn read(found: &Found) -> Option<Known> {
    // Deleted or replaced in the meantime: the next look shows it.
    let version = Version::of(&found.path)?;
    let settled = version.is_settled(SystemTime::now());
    let seen = files::look(found).ok()?;
    Some(Known {
        version,
        settled,
        seen,
        told: 0,
    })
}

fn changed(
    before: Option<&FileSeen>,
    after: Option<&FileSeen>,
    replaced: bool,
    now: Timestamp,
) -> Noticed {
    let digest = |seen: &FileSeen| seen.sha256.clone();
    Noticed {
        at: after.map_or(now, |after| after.modified),
        what: Incident::FileChanged {
            path: before
                .or(after)
                .map_or_else(|| Place::new(""), |seen| seen.path.clone()),
            before: before.map(digest),
            after: after.map(digest),
            replaced,
        },
    }
}

/// One digest over files that have to stay the same, and which differ from those before.
pub(super) fn fixed(name: &str, now: &[FileSeen], before: Option<&Vec<FileSeen>>) -> FixedSeen {
    let mut digest = Sha256::new();
    for file in now {
        digest.update(format!("{} {}\n", file.path, file.sha256));
    }
    let same = |one: &FileSeen, all: &[FileSeen]| {
        all.iter()
            .any(|other| other.path == one.path && other.sha256 == one.sha256)
    };
    let sha256 = hex(&digest.finalize());
    let mut changed: Vec<Place> = Vec::new();
    if let Some(before) = before
        && before != now
    {
        let differ = now.iter().filter(|file| !same(file, before));
        let gone = before.iter().filter(|file| !same(file, now));
        changed = differ.chain(gone).map(|file| file.path.clone()).collect();
        changed.sort();
        changed.dedup();
        changed.truncate(NAMED);
    }
    FixedSeen {
        name: name.to_owned(),
        files: now.len(),
        sha256,
        changed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_in_the_same_step_of_the_clock_is_noticed() {
        let directory = tempfile::tempdir().unwrap();
        let path = Utf8PathBuf::try_from(directory.path().join("queue.db")).unwrap();
        let file = std::fs::File::create(&path).unwrap();
        let write = |text: &[u8]| std::os::unix::fs::FileExt::write_all_at(&file, text, 0).unwrap();
        write(b"run 1");
        let found = Found {
            path: path.clone(),
            relative: String::new(),
            place: Place::new("queue.db"),
        };
        let mut known = read(&found).unwrap();
        write(b"RUN 1");
        // A newer Linux gives every change that was observed a distinct time.
        known.version = Version::of(&path).unwrap();
        let mut shelf = Shelf::default();
        shelf.known.insert(path, known);
        let noticed = shelf.changes(Timestamp::now());
        assert!(matches!(noticed[..], [Noticed { .. }]), "{noticed:?}");
        assert_eq!(shelf.changes(Timestamp::now()), []);
    }

    #[test]
    fn a_file_that_was_left_alone_is_not_read_again() {
        let directory = tempfile::tempdir().unwrap();
        let path = Utf8PathBuf::try_from(directory.path().join("old")).unwrap();
        std::fs::File::create(&path).unwrap();
        let version = Version::of(&path).unwrap();
        let now = SystemTime::now();
        assert!(!version.is_settled(now), "just made");
        assert!(version.is_settled(now + 2 * STEP));
        assert!(
            !version.is_settled(now - 2 * STEP),
            "a clock that was set back"
        );
    }
}
