//! Files that are left for readers outside of the gate's own directories: always new, never
//! replacing a file, and never through a link that somebody else could have put there.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{Error, ErrorKind, Result};
use std::os::fd::{AsFd, OwnedFd};

use camino::Utf8Path;
use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, open, openat, readlinkat};
use nix::sys::stat::{FileStat, Mode, SFlag, fstat, fstatat};
use nix::unistd::geteuid;

use super::common::file_error;
use super::files::Desk;
use crate::store::hex;
use crate::world::{FileSeen, LeaveFile, WorldError};

/// For directories on the way; one that is a link is looked at before it is followed.
const DIRECTORY: OFlag = OFlag::O_RDONLY
    .union(OFlag::O_DIRECTORY)
    .union(OFlag::O_NOFOLLOW)
    .union(OFlag::O_CLOEXEC);
/// For the file: it must not be there, not even as a link.
const NEW: OFlag = OFlag::O_WRONLY
    .union(OFlag::O_CREAT)
    .union(OFlag::O_EXCL)
    .union(OFlag::O_NOFOLLOW)
    .union(OFlag::O_CLOEXEC);
/// As many links as the system itself follows.
const MOST_LINKS: usize = 40;

/// Leaves a copy of a file of the run, with its secrets replaced.
pub(super) fn leave(desk: &Desk, leave: &LeaveFile) -> std::result::Result<FileSeen, WorldError> {
    let copied = || {
        let from = desk.open(&leave.from)?;
        let path = desk.places.path(&leave.to);
        let (directory, name) = directory_of(&path)?;
        let mode = Mode::from_bits_truncate(0o644);
        let created = openat(&directory, name, NEW, mode).map_err(Error::from)?;
        let mut into = Digesting::new(created.into());
        std::io::copy(&mut desk.scrubbed(from), &mut into)?;
        into.file.sync_all()?;
        File::from(directory).sync_all()?;
        into.seen(leave)
    };
    copied().map_err(|error| file_error("leave", leave.to.as_str(), &error))
}

/// The directory of a file, held open, and the file's name in it. A link in the path is followed
/// only if nobody but root and this user could have created it.
fn directory_of(path: &Utf8Path) -> Result<(OwnedFd, &str)> {
    let no_name = || Error::new(ErrorKind::InvalidInput, "it names no file");
    let name = path.file_name().ok_or_else(no_name)?;
    let parent = path.parent().ok_or_else(no_name)?;
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    let root = || open("/", flags, Mode::empty()).map_err(Error::from);
    let mut directory = root()?;
    let mut parts = parts_of(parent.as_str());
    let mut links = 0;
    while let Some(part) = parts.pop_front() {
        match openat(&directory, part.as_str(), DIRECTORY, Mode::empty()) {
            Ok(next) => directory = next,
            Err(Errno::ELOOP | Errno::ENOTDIR) => {
                links += 1;
                let leads_to = trusted_link(&directory, &part)?;
                if links > MOST_LINKS {
                    return Err(Errno::ELOOP.into());
                }
                if leads_to.starts_with('/') {
                    directory = root()?;
                }
                for part in parts_of(&leads_to).into_iter().rev() {
                    parts.push_front(part);
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok((directory, name))
}

fn parts_of(path: &str) -> VecDeque<String> {
    let parts = path.split('/').filter(|part| !matches!(*part, "" | "."));
    parts.map(str::to_owned).collect()
}

/// Where a link leads that only root or this user can have put there.
fn trusted_link(directory: &OwnedFd, name: &str) -> Result<String> {
    let refused = |what: &str| Error::new(ErrorKind::PermissionDenied, format!("`{name}` {what}"));
    let above = fstat(directory).map_err(Error::from)?;
    let link = fstatat(directory.as_fd(), name, AtFlags::AT_SYMLINK_NOFOLLOW);
    let link = link.map_err(Error::from)?;
    if SFlag::from_bits_truncate(link.st_mode) & SFlag::S_IFMT != SFlag::S_IFLNK {
        return Err(refused("on the way is no directory"));
    }
    let others = Mode::S_IWGRP | Mode::S_IWOTH;
    let writable = Mode::from_bits_truncate(above.st_mode).intersects(others);
    if writable || !is_trusted(&above) || !is_trusted(&link) {
        return Err(refused(
            "on the way is a symbolic link in a directory that others can write",
        ));
    }
    let leads_to = readlinkat(directory, name).map_err(Error::from)?;
    let leads_to = leads_to.into_string();
    leads_to.map_err(|_other| refused("leads to a path that is not UTF-8"))
}

fn is_trusted(stat: &FileStat) -> bool {
    stat.st_uid == 0 || stat.st_uid == geteuid().as_raw()
}

/// Writes a file and digests what is written: the file is not read again by its name, which may
/// refer to another file by then.
struct Digesting {
    file: File,
    digest: sha2::Sha256,
    bytes: u64,
}

impl Digesting {
    fn new(file: File) -> Self {
        let digest = sha2::Digest::new();
        let bytes = 0;
        Self {
            file,
            digest,
            bytes,
        }
    }

    fn seen(self, leave: &LeaveFile) -> Result<FileSeen> {
        let modified = self.file.metadata()?.modified()?;
        Ok(FileSeen {
            path: leave.to.clone(),
            bytes: self.bytes,
            sha256: hex(&sha2::Digest::finalize(self.digest)),
            modified: jiff::Timestamp::try_from(modified).map_err(Error::other)?,
        })
    }
}

impl std::io::Write for Digesting {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        let count = self.file.write(bytes)?;
        sha2::Digest::update(&mut self.digest, &bytes[..count]);
        self.bytes += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn a_link_is_followed_only_where_nobody_else_could_have_put_it() {
        let stage = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(stage.path())
            .unwrap()
            .canonicalize_utf8();
        let root = root.unwrap();
        let mine = root.join("mine");
        let shared = root.join("shared");
        for directory in [&mine, &shared] {
            std::fs::create_dir(directory).unwrap();
        }
        std::fs::set_permissions(&mine, PermissionsExt::from_mode(0o755)).unwrap();
        std::fs::set_permissions(&shared, PermissionsExt::from_mode(0o1777)).unwrap();
        for directory in [&mine, &shared] {
            symlink(&root, directory.join("link")).unwrap();
            symlink("link", directory.join("chain")).unwrap();
            symlink("round", directory.join("round")).unwrap();
            std::fs::write(directory.join("file"), "").unwrap();
        }
        let way = |path: &Utf8Path| directory_of(&path.join("x.log")).map(|(_, name)| name.len());
        assert_eq!(way(&mine).unwrap(), 5);
        assert_eq!(way(&shared).unwrap(), 5);
        assert!(way(&mine.join("link/mine")).is_ok());
        assert!(way(&mine.join("chain/shared")).is_ok());
        for refused in [
            shared.join("link"),
            shared.join("chain"),
            mine.join("link/shared/link"),
            mine.join("file"),
            mine.join("round"),
            mine.join("missing"),
        ] {
            assert!(way(&refused).is_err(), "{refused}");
        }
    }
}
