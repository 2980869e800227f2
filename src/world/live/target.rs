//! The target of a file effect: a path, and the disk below its directory, which is held open. Never
//! replaces a file without being told to.

use std::fs::File;
use std::io::Read;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::store::disk::Disk;
use crate::store::held::HeldDisk;
use crate::store::hex;
use crate::world::{FileSeen, Place};

/// Size of one read.
const PIECE: usize = 64 * 1024;

/// A path to write to, and the disk below the directory that it is in, which is held.
pub(super) struct Target {
    pub(super) disk: Arc<HeldDisk>,
    pub(super) path: Utf8PathBuf,
}

impl Target {
    /// Writes a file beside its place, syncs it and moves it there, then syncs the directory.
    pub(super) fn put(
        &self,
        replace: bool,
        fill: impl FnOnce(&mut File) -> std::io::Result<()>,
    ) -> std::io::Result<()> {
        let Self { disk, path } = self;
        let to = path.as_std_path();
        let parent = parent_of(path);
        disk.make_dirs(parent.as_std_path())?;
        if !replace && disk.is_taken(to)? {
            return Err(std::io::ErrorKind::AlreadyExists.into());
        }
        let beside = parent.join(format!(".beside-{}", ulid::Ulid::generate()));
        let beside = beside.into_std_path_buf();
        let mut written = disk.create_file(&beside)?;
        let moved = fill(&mut written)
            .and_then(|()| written.sync_all())
            .and_then(|()| {
                if replace {
                    disk.rename(&beside, to)
                } else {
                    disk.rename_new(&beside, to)
                }
            });
        if moved.is_err() {
            // The first error counts.
            let _ = disk.remove(&beside);
        }
        moved?;
        disk.sync_dir(parent.as_std_path())
    }

    /// Its current state.
    pub(super) fn look(&self, place: &Place) -> std::io::Result<FileSeen> {
        look_into(self.disk.open_file(self.path.as_std_path())?, place)
    }
}

/// The directory that it is in.
pub(super) fn parent_of(path: &Utf8Path) -> &Utf8Path {
    path.parent().unwrap_or(Utf8Path::new("/"))
}

/// Size, time and digest of an open file.
pub(super) fn look_into(mut file: File, place: &Place) -> std::io::Result<FileSeen> {
    let modified = file.metadata()?.modified()?;
    let mut digest = Sha256::new();
    let mut piece = vec![0; PIECE];
    let mut bytes = 0;
    loop {
        let count = file.read(&mut piece)?;
        if count == 0 {
            break;
        }
        digest.update(&piece[..count]);
        bytes += count as u64;
    }
    Ok(FileSeen {
        path: place.clone(),
        bytes,
        sha256: hex(&digest.finalize()),
        modified: Timestamp::try_from(modified).map_err(std::io::Error::other)?,
    })
}
