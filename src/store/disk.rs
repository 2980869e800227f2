//! The few file operations that the journal and the evidence need.
//!
//! The journal records all effects, so its own writes cannot be effects. Everything else goes
//! through [`crate::world::World`].
#![expect(
    clippy::disallowed_methods,
    reason = "what records the exchanges cannot be one of them; these are all its file operations"
)]

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use fs4::FileExt;
use rustix::io::Errno;

/// File operations, so that a test can make the n-th of them fail.
pub trait Disk: Send + Sync {
    /// Creates a directory and its parents; an existing one is not an error.
    ///
    /// # Errors
    /// Those of the system.
    fn make_dirs(&self, path: &Path) -> io::Result<()>;
    /// Creates a directory.
    ///
    /// # Errors
    /// Those of the system; `AlreadyExists` if it exists.
    fn make_dir(&self, path: &Path) -> io::Result<()>;
    /// Creates a file that can be appended to.
    ///
    /// # Errors
    /// Those of the system; `AlreadyExists` if it exists.
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;
    /// Opens a file to append to.
    ///
    /// # Errors
    /// The system's.
    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;
    /// Opens a file to read; a link is not followed.
    ///
    /// # Errors
    /// The system's.
    fn reader(&self, path: &Path) -> io::Result<Box<dyn Read + Send>>;
    /// Names and kinds of a directory's entries, sorted by name.
    ///
    /// # Errors
    /// Those of the system.
    fn list(&self, path: &Path) -> io::Result<Vec<Listed>>;
    /// Renames; replaces a file, and an empty directory only.
    ///
    /// # Errors
    /// The system's.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Renames, but never replaces anything.
    ///
    /// # Errors
    /// Those of the system; `AlreadyExists` if the new name exists.
    fn rename_new(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Gives a file a second name, which must not exist yet.
    ///
    /// # Errors
    /// Those of the system; `AlreadyExists` if the name exists, `Unsupported` if files can have
    /// only one name.
    fn link(&self, _from: &Path, _to: &Path) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
    /// Removes a file.
    ///
    /// # Errors
    /// The system's.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Size of a plain file in bytes.
    ///
    /// # Errors
    /// The system's.
    fn size(&self, path: &Path) -> io::Result<u64>;
    /// Removes the write permission of a file or directory.
    ///
    /// # Errors
    /// Those of the system.
    fn make_read_only(&self, path: &Path) -> io::Result<()>;
    /// Makes a directory's entries durable.
    ///
    /// # Errors
    /// Those of the system.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;

    /// Reads a file whole.
    ///
    /// # Errors
    /// The system's; `FileTooLarge` beyond `limit` bytes.
    fn read(&self, path: &Path, limit: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.reader(path)?
            .take(limit.saturating_add(1))
            .read_to_end(&mut bytes)?;
        if bytes.len() as u64 > limit {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(bytes)
    }

    /// Writes a whole new file and syncs it.
    ///
    /// # Errors
    /// Those of the system; `AlreadyExists` if it exists.
    fn write_new(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let file = self.create(path)?;
        append_all(&*file, bytes)?;
        file.sync()
    }
}

/// An entry of a directory.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listed {
    /// Its name; lossy if it is not UTF-8.
    pub name: String,
    /// Its kind.
    pub kind: Kind,
    /// Size in bytes.
    pub bytes: u64,
}

/// The kind of a directory entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A regular file.
    File,
    /// A directory.
    Dir,
    /// Anything else: a link, a pipe, a device.
    Other,
}

/// A file that is appended to.
pub trait DiskFile: Send + Sync {
    /// Appends some of the bytes and returns how many.
    ///
    /// # Errors
    /// Those of the system.
    fn write(&self, bytes: &[u8]) -> io::Result<usize>;
    /// Makes the content durable.
    ///
    /// # Errors
    /// Those of the system.
    fn sync(&self) -> io::Result<()>;
    /// Its length in bytes.
    ///
    /// # Errors
    /// The system's.
    fn length(&self) -> io::Result<u64>;
    /// Cuts it.
    ///
    /// # Errors
    /// The system's.
    fn truncate(&self, length: u64) -> io::Result<()>;
    /// Locks it until it is closed; `false` when another has it locked.
    ///
    /// # Errors
    /// The system's.
    fn lock(&self) -> io::Result<bool>;
}

/// Appends all bytes, with as many writes as necessary.
pub(crate) fn append_all(file: &dyn DiskFile, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match file.write(bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => bytes = &bytes[count.min(bytes.len())..],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Creates a file to be renamed later. A name left by a process that died is removed, and nothing
/// else: the file may have another, final name.
pub(crate) fn create_afresh(disk: &dyn Disk, path: &Path) -> io::Result<Box<dyn DiskFile>> {
    match disk.create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            disk.remove(path)?;
            disk.create(path)
        }
        other => other,
    }
}

/// The system's own disk.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsDisk;

impl Disk for OsDisk {
    fn make_dirs(&self, path: &Path) -> io::Result<()> {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
    }

    fn make_dir(&self, path: &Path) -> io::Result<()> {
        std::fs::DirBuilder::new().mode(0o700).create(path)
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let mut options = OpenOptions::new();
        options.read(true).append(true).create_new(true).mode(0o600);
        Ok(Box::new(options.open(path)?))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(
            OpenOptions::new().read(true).append(true).open(path)?,
        ))
    }

    fn reader(&self, path: &Path) -> io::Result<Box<dyn Read + Send>> {
        let mut options = OpenOptions::new();
        options
            .read(true)
            .custom_flags(nix::libc::O_NOFOLLOW | nix::libc::O_NONBLOCK);
        let file = options.open(path)?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::other("not a plain file"));
        }
        Ok(Box::new(file))
    }

    fn list(&self, path: &Path) -> io::Result<Vec<Listed>> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(path)? {
            let entry = entry?;
            let meta = entry.metadata()?;
            let kind = match meta.file_type() {
                kind if kind.is_file() => Kind::File,
                kind if kind.is_dir() => Kind::Dir,
                _ => Kind::Other,
            };
            let name = entry.file_name().to_string_lossy().into_owned();
            let bytes = meta.len();
            found.push(Listed { name, kind, bytes });
        }
        found.sort();
        Ok(found)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn rename_new(&self, from: &Path, to: &Path) -> io::Result<()> {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
            // A file system without this: a hard link, which never replaces a file.
            Err(Errno::INVAL | Errno::NOSYS) => {
                std::fs::hard_link(from, to)?;
                std::fs::remove_file(from)
            }
            other => Ok(other?),
        }
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::hard_link(from, to).map_err(|error| match Errno::from_io_error(&error) {
            // The error of a file system without it.
            Some(Errno::PERM | Errno::OPNOTSUPP | Errno::NOSYS) => {
                io::ErrorKind::Unsupported.into()
            }
            _ => error,
        })
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)
    }

    fn size(&self, path: &Path) -> io::Result<u64> {
        let meta = std::fs::symlink_metadata(path)?;
        if meta.is_file() {
            return Ok(meta.len());
        }
        Err(io::Error::other("not a plain file"))
    }

    fn make_read_only(&self, path: &Path) -> io::Result<()> {
        let file = File::open(path)?;
        let mut permissions = file.metadata()?.permissions();
        permissions.set_mode(permissions.mode() & 0o7555);
        file.set_permissions(permissions)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }
}

impl DiskFile for File {
    fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        Write::write(&mut &*self, bytes)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }

    fn lock(&self) -> io::Result<bool> {
        match FileExt::try_lock(self) {
            Ok(()) => Ok(true),
            Err(fs4::TryLockError::WouldBlock) => Ok(false),
            Err(fs4::TryLockError::Error(error)) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_begun_anew_leaves_the_file_that_has_another_name_too() {
        let dir = tempfile::tempdir().unwrap();
        let (left, made) = (dir.path().join(".b.1.partial"), dir.path().join("b"));
        std::fs::write(&left, "whole").unwrap();
        OsDisk.link(&left, &made).unwrap();
        append_all(&*create_afresh(&OsDisk, &left).unwrap(), b"new").unwrap();
        assert_eq!(std::fs::read(&made).unwrap(), b"whole");
        assert_eq!(std::fs::read(&left).unwrap(), b"new");
    }
}
