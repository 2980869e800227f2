//! A disk below a directory that is held open. Each path component is opened relative to the
//! previous one, and no link is followed: replacing a directory by a link, at any moment, makes an
//! operation fail, and never lets it happen elsewhere.

use std::ffi::{OsStr, OsString};
use std::fs::{File, Permissions};
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Component, Path, PathBuf};

use nix::dir::{Dir, Type};
use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, AtFlags, OFlag, open, openat, renameat};
use nix::sys::stat::{FileStat, Mode, SFlag, fstatat, mkdirat};
use nix::unistd::{LinkatFlags, UnlinkatFlags, linkat, unlinkat};

use super::disk::{Disk, DiskFile, Kind, Listed, OsDisk};

const DIRECTORY: OFlag = OFlag::O_RDONLY
    .union(OFlag::O_DIRECTORY)
    .union(OFlag::O_NOFOLLOW)
    .union(OFlag::O_CLOEXEC);

/// A directory of the gate's own, and its contents. Any other path is handled as on [`OsDisk`].
#[derive(Debug)]
pub struct HeldDisk {
    root: PathBuf,
    held: OwnedFd,
}

/// Where a name is: in a directory that is held, or anywhere.
struct At {
    directory: Option<OwnedFd>,
    name: OsString,
}

impl At {
    fn directory(&self) -> BorrowedFd<'_> {
        self.directory.as_ref().map_or(AT_FDCWD, AsFd::as_fd)
    }

    fn name(&self) -> &OsStr {
        &self.name
    }

    fn open(&self, flags: OFlag) -> io::Result<File> {
        let flags = flags | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC | OFlag::O_NOCTTY;
        let mode = Mode::S_IRUSR | Mode::S_IWUSR;
        let file = openat(self.directory(), self.name(), flags, mode).map_err(refused)?;
        Ok(file.into())
    }
}

/// Turns the refusal of a link into a clear message; `ENOTDIR` is the system's error for a link to
/// a directory.
fn refused(error: Errno) -> io::Error {
    match error {
        Errno::ELOOP | Errno::ENOTDIR => io::Error::new(
            io::ErrorKind::PermissionDenied,
            "a symbolic link is in the way, or something that is no directory",
        ),
        other => other.into(),
    }
}

fn plain(file: File) -> io::Result<File> {
    if file.metadata()?.is_file() {
        return Ok(file);
    }
    let kind = io::ErrorKind::PermissionDenied;
    Err(io::Error::new(kind, "it is no plain file"))
}

impl HeldDisk {
    /// Holds a directory open, which is created if missing. The path to it is the operator's: links
    /// in it are followed, once, now.
    ///
    /// # Errors
    /// Those of the system.
    pub fn open(root: &Path) -> io::Result<Self> {
        OsDisk.make_dirs(root)?;
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        Ok(Self {
            held: open(root, flags, Mode::empty())?,
            root: root.to_owned(),
        })
    }

    /// The names below the root; none for a path that is elsewhere.
    fn below<'p>(&self, path: &'p Path) -> io::Result<Option<Vec<&'p OsStr>>> {
        let Ok(below) = path.strip_prefix(&self.root) else {
            return Ok(None);
        };
        let name = |part| match part {
            Component::Normal(name) => Ok(name),
            _ => Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "`..` in a path",
            )),
        };
        below
            .components()
            .map(name)
            .collect::<Result<_, _>>()
            .map(Some)
    }

    fn walk(&self, names: &[&OsStr], make: bool) -> io::Result<OwnedFd> {
        let mut directory = self.held.try_clone()?;
        for name in names {
            if make {
                match mkdirat(&directory, *name, Mode::S_IRWXU) {
                    Ok(()) | Err(Errno::EEXIST) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            directory = openat(&directory, *name, DIRECTORY, Mode::empty()).map_err(refused)?;
        }
        Ok(directory)
    }

    /// Where a path's last name is; none for one that is not below the root.
    fn held_at(&self, path: &Path) -> io::Result<Option<At>> {
        let Some(names) = self.below(path)? else {
            return Ok(None);
        };
        let Some((name, above)) = names.split_last() else {
            let kind = io::ErrorKind::IsADirectory;
            return Err(io::Error::new(kind, "it is the directory itself"));
        };
        Ok(Some(At {
            directory: Some(self.walk(above, false)?),
            name: (*name).to_owned(),
        }))
    }

    fn at(&self, path: &Path) -> io::Result<At> {
        Ok(self.held_at(path)?.unwrap_or_else(|| At {
            directory: None,
            name: path.as_os_str().to_owned(),
        }))
    }

    fn directory(&self, path: &Path) -> io::Result<Option<OwnedFd>> {
        let names = self.below(path)?;
        names.map(|names| self.walk(&names, false)).transpose()
    }

    /// Opens a regular file for reading.
    ///
    /// # Errors
    /// Those of the system; a link, a pipe or a device is refused.
    pub fn open_file(&self, path: &Path) -> io::Result<File> {
        plain(self.at(path)?.open(OFlag::O_RDONLY | OFlag::O_NONBLOCK)?)
    }

    /// Creates a new file, and the directories above it.
    ///
    /// # Errors
    /// Those of the system; `AlreadyExists` if it exists.
    pub fn create_file(&self, path: &Path) -> io::Result<File> {
        if let Some(above) = path.parent() {
            self.make_dirs(above)?;
        }
        let flags = OFlag::O_RDWR | OFlag::O_CREAT | OFlag::O_EXCL;
        self.at(path)?.open(flags)
    }

    /// Whether anything has this name, even a dangling link.
    ///
    /// # Errors
    /// Those of the system.
    pub fn is_taken(&self, path: &Path) -> io::Result<bool> {
        match self.stat(path) {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn stat(&self, path: &Path) -> io::Result<FileStat> {
        let at = self.at(path)?;
        Ok(fstatat(
            at.directory(),
            at.name(),
            AtFlags::AT_SYMLINK_NOFOLLOW,
        )?)
    }

    /// Removes a directory with all its contents, even if it is not writable; a link in it is
    /// removed, not followed. A missing directory is not an error.
    ///
    /// # Errors
    /// Those of the system.
    pub fn remove_dir_all(&self, path: &Path) -> io::Result<()> {
        let at = match self.at(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            at => at?,
        };
        match openat(at.directory(), at.name(), DIRECTORY, Mode::empty()) {
            Ok(directory) => empty(&directory)?,
            Err(Errno::ENOENT) => return Ok(()),
            Err(Errno::EACCES) => {
                // A test may have removed its own read permission.
                let mode = Mode::S_IRWXU;
                let flag = nix::sys::stat::FchmodatFlags::NoFollowSymlink;
                nix::sys::stat::fchmodat(at.directory(), at.name(), mode, flag)?;
                empty(&openat(
                    at.directory(),
                    at.name(),
                    DIRECTORY,
                    Mode::empty(),
                )?)?;
            }
            Err(error) => return Err(refused(error)),
        }
        Ok(unlinkat(
            at.directory(),
            at.name(),
            UnlinkatFlags::RemoveDir,
        )?)
    }
}

/// Removes all that is in a directory.
fn empty(directory: &OwnedFd) -> io::Result<()> {
    File::from(directory.try_clone()?).set_permissions(Permissions::from_mode(0o700))?;
    let listing = openat(directory, ".", DIRECTORY, Mode::empty())?;
    let mut names = Vec::new();
    for entry in Dir::from_fd(listing)?.iter() {
        let entry = entry?;
        let name = OsStr::from_bytes(entry.file_name().to_bytes()).to_owned();
        if name != "." && name != ".." {
            names.push((name, entry.file_type()));
        }
    }
    for (name, kind) in names {
        if kind != Some(Type::Directory) {
            match unlinkat(directory, name.as_os_str(), UnlinkatFlags::NoRemoveDir) {
                // Treat it as a directory: the file system does not report kinds.
                Err(Errno::EISDIR | Errno::EPERM) if kind.is_none() => {}
                Err(Errno::ENOENT) => continue,
                other => {
                    other?;
                    continue;
                }
            }
        }
        let inner = match openat(directory, name.as_os_str(), DIRECTORY, Mode::empty()) {
            Err(Errno::EACCES) => {
                let flag = nix::sys::stat::FchmodatFlags::NoFollowSymlink;
                let mode = Mode::S_IRWXU;
                nix::sys::stat::fchmodat(directory, name.as_os_str(), mode, flag)?;
                openat(directory, name.as_os_str(), DIRECTORY, Mode::empty())?
            }
            other => other?,
        };
        empty(&inner)?;
        unlinkat(directory, name.as_os_str(), UnlinkatFlags::RemoveDir)?;
    }
    Ok(())
}

impl Disk for HeldDisk {
    fn make_dirs(&self, path: &Path) -> io::Result<()> {
        match self.below(path)? {
            Some(names) => self.walk(&names, true).map(drop),
            None => OsDisk.make_dirs(path),
        }
    }

    fn make_dir(&self, path: &Path) -> io::Result<()> {
        let at = self.at(path)?;
        Ok(mkdirat(at.directory(), at.name(), Mode::S_IRWXU)?)
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let flags = OFlag::O_RDWR | OFlag::O_APPEND | OFlag::O_CREAT | OFlag::O_EXCL;
        Ok(Box::new(self.at(path)?.open(flags)?))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let flags = OFlag::O_RDWR | OFlag::O_APPEND | OFlag::O_NONBLOCK;
        Ok(Box::new(plain(self.at(path)?.open(flags)?)?))
    }

    fn reader(&self, path: &Path) -> io::Result<Box<dyn Read + Send>> {
        Ok(Box::new(self.open_file(path)?))
    }

    fn list(&self, path: &Path) -> io::Result<Vec<Listed>> {
        let Some(directory) = self.directory(path)? else {
            return OsDisk.list(path);
        };
        let mut found = Vec::new();
        let listing = directory.try_clone()?;
        for entry in Dir::from_fd(listing)?.iter() {
            let entry = entry?;
            let name = OsStr::from_bytes(entry.file_name().to_bytes());
            if name == "." || name == ".." {
                continue;
            }
            let stat = fstatat(&directory, name, AtFlags::AT_SYMLINK_NOFOLLOW)?;
            found.push(Listed {
                name: name.to_string_lossy().into_owned(),
                kind: kind_of(&stat),
                bytes: u64::try_from(stat.st_size).unwrap_or(0),
            });
        }
        found.sort();
        Ok(found)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let (from, to) = (self.at(from)?, self.at(to)?);
        Ok(renameat(
            from.directory(),
            from.name(),
            to.directory(),
            to.name(),
        )?)
    }

    fn rename_new(&self, from: &Path, to: &Path) -> io::Result<()> {
        use rustix::fs::{RenameFlags, renameat_with};
        use rustix::io::Errno;
        let (old, new) = (self.at(from)?, self.at(to)?);
        let flags = RenameFlags::NOREPLACE;
        match renameat_with(
            old.directory(),
            old.name(),
            new.directory(),
            new.name(),
            flags,
        ) {
            // A file system without this: a hard link, which never replaces a file.
            Err(Errno::INVAL | Errno::NOSYS) => {
                self.link(from, to)?;
                self.remove(from)
            }
            other => Ok(other?),
        }
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        let (from, to) = (self.at(from)?, self.at(to)?);
        let flags = LinkatFlags::empty();
        let linked = linkat(
            from.directory(),
            from.name(),
            to.directory(),
            to.name(),
            flags,
        );
        linked.map_err(|error| match error {
            // The error of a file system without it.
            Errno::EPERM | Errno::EOPNOTSUPP | Errno::ENOSYS => io::ErrorKind::Unsupported.into(),
            other => other.into(),
        })
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let at = self.at(path)?;
        Ok(unlinkat(
            at.directory(),
            at.name(),
            UnlinkatFlags::NoRemoveDir,
        )?)
    }

    fn size(&self, path: &Path) -> io::Result<u64> {
        let stat = self.stat(path)?;
        match kind_of(&stat) {
            Kind::File => Ok(u64::try_from(stat.st_size).unwrap_or(0)),
            _ => Err(io::Error::other("not a plain file")),
        }
    }

    fn make_read_only(&self, path: &Path) -> io::Result<()> {
        let file = match self.held_at(path)? {
            Some(at) => at.open(OFlag::O_RDONLY | OFlag::O_NONBLOCK)?,
            None => return OsDisk.make_read_only(path),
        };
        let mode = file.metadata()?.permissions().mode();
        file.set_permissions(Permissions::from_mode(mode & 0o7555))
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        match self.directory(path)? {
            Some(directory) => File::from(directory).sync_all(),
            None => OsDisk.sync_dir(path),
        }
    }
}

fn kind_of(stat: &FileStat) -> Kind {
    match SFlag::from_bits_truncate(stat.st_mode) & SFlag::S_IFMT {
        SFlag::S_IFREG => Kind::File,
        SFlag::S_IFDIR => Kind::Dir,
        _ => Kind::Other,
    }
}

#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "a test makes the outside that it looks at"
)]
mod tests;
