//! Opens files that somebody else may have put there: regular files only, never a pipe or a device,
//! and below a run's directory never through a link, whatever changes concurrently.

use std::fs::File;
use std::io::{Error, ErrorKind, Result};
use std::os::fd::OwnedFd;

use camino::{Utf8Component, Utf8Path};
use nix::errno::Errno;
use nix::fcntl::{OFlag, open, openat};
use nix::sys::stat::{Mode, mkdirat};

/// For directories on the way; one that is a link is an error.
const DIRECTORY: OFlag = OFlag::O_RDONLY
    .union(OFlag::O_DIRECTORY)
    .union(OFlag::O_NOFOLLOW)
    .union(OFlag::O_CLOEXEC);
/// For files: without waiting for the other end of a pipe.
const FILE: OFlag = OFlag::O_RDONLY
    .union(OFlag::O_NONBLOCK)
    .union(OFlag::O_NOCTTY)
    .union(OFlag::O_CLOEXEC);

/// Opens a plain file to read; links on the way are followed.
pub(super) fn open_to_read(path: &Utf8Path) -> Result<File> {
    let file = open(path.as_std_path(), FILE, Mode::empty()).map_err(Error::from)?;
    plain(file.into())
}

/// Opens a plain file below a directory to read, following no link.
pub(super) fn open_below(root: &Utf8Path, below: &Utf8Path) -> Result<File> {
    let (directory, name) = parent_of(root, below, false)?;
    let flags = FILE.union(OFlag::O_NOFOLLOW);
    let file = openat(&directory, name, flags, Mode::empty()).map_err(told)?;
    plain(file.into())
}

/// Creates a file below a directory, and its parent directories, following no link.
pub(super) fn create_below(root: &Utf8Path, below: &Utf8Path) -> Result<File> {
    let (directory, name) = parent_of(root, below, true)?;
    let flags = OFlag::O_WRONLY
        .union(OFlag::O_CREAT)
        .union(OFlag::O_EXCL)
        .union(OFlag::O_NOFOLLOW)
        .union(OFlag::O_CLOEXEC);
    let mode = Mode::S_IRUSR | Mode::S_IWUSR;
    let file = openat(&directory, name, flags, mode).map_err(told)?;
    Ok(file.into())
}

/// A file below a directory that is empty now, new or not, following no link.
pub(super) fn empty_below(root: &Utf8Path, below: &Utf8Path) -> Result<()> {
    match create_below(root, below) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        other => return other.map(drop),
    }
    let (directory, name) = parent_of(root, below, false)?;
    let flags = OFlag::O_WRONLY | OFlag::O_NONBLOCK | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let file = openat(&directory, name, flags, Mode::empty()).map_err(told)?;
    plain(file.into())?.set_len(0)
}

/// The directory of a file, held open, and the file's name in it.
fn parent_of<'p>(root: &Utf8Path, below: &'p Utf8Path, make: bool) -> Result<(OwnedFd, &'p str)> {
    let plain_name = |part: Utf8Component<'p>| match part {
        Utf8Component::Normal(name) => Ok(name),
        _ => Err(Error::new(ErrorKind::InvalidInput, "`..` in a path")),
    };
    let mut names = below.components().map(plain_name);
    let mut name = names
        .next()
        .ok_or_else(|| Error::from(ErrorKind::IsADirectory))??;
    // The root itself is the gate's own: no program that it starts may change its parents.
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    let mut directory = open(root.as_std_path(), flags, Mode::empty()).map_err(Error::from)?;
    for next in names {
        if make {
            match mkdirat(&directory, name, Mode::S_IRWXU) {
                Ok(()) | Err(Errno::EEXIST) => {}
                Err(error) => return Err(error.into()),
            }
        }
        directory = openat(&directory, name, DIRECTORY, Mode::empty()).map_err(told)?;
        name = next?;
    }
    Ok((directory, name))
}

fn plain(file: File) -> Result<File> {
    if file.metadata()?.is_file() {
        return Ok(file);
    }
    let kind = ErrorKind::PermissionDenied;
    Err(Error::new(kind, "it is no plain file"))
}

/// Turns the refusal of a link into a clear message; `ENOTDIR` is the system's error for a link to
/// a directory.
fn told(error: Errno) -> Error {
    match error {
        Errno::ELOOP | Errno::ENOTDIR => Error::new(
            ErrorKind::PermissionDenied,
            "a symbolic link is in the way, or something that is no directory",
        ),
        other => other.into(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_link_a_pipe_and_a_way_out_are_refused_at_every_step() {
        let directory = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(directory.path()).unwrap();
        std::fs::create_dir(root.join("run")).unwrap();
        std::fs::create_dir(root.join("other")).unwrap();
        let run = root.join("run");
        let made = create_below(&run, Utf8Path::new("logs/a/x.out"));
        made.unwrap().write_all(b"x").unwrap();
        assert!(open_below(&run, Utf8Path::new("logs/a/x.out")).is_ok());
        assert_eq!(
            create_below(&run, Utf8Path::new("logs/a/x.out"))
                .unwrap_err()
                .kind(),
            ErrorKind::AlreadyExists
        );
        std::fs::rename(run.join("logs"), run.join("real")).unwrap();
        std::os::unix::fs::symlink(root.join("other"), run.join("logs")).unwrap();
        std::os::unix::fs::symlink("a/x.out", run.join("real/link")).unwrap();
        nix::unistd::mkfifo(run.join("pipe").as_std_path(), Mode::S_IRWXU).unwrap();
        for below in ["logs/y.out", "logs/a/y.out", "../other/y.out"] {
            assert!(create_below(&run, Utf8Path::new(below)).is_err(), "{below}");
        }
        for below in ["real/link", "pipe", "real"] {
            let error = open_below(&run, Utf8Path::new(below)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{below}");
        }
        assert!(empty_below(&run, Utf8Path::new("pipe")).is_err());
        assert!(empty_below(&run, Utf8Path::new("real/link")).is_err());
        empty_below(&run, Utf8Path::new("real/a/x.out")).unwrap();
        assert_eq!(std::fs::read(run.join("real/a/x.out")).unwrap(), b"");
        assert!(open_to_read(&run.join("pipe")).is_err());
        assert!(open_to_read(Utf8Path::new("/dev/null")).is_err());
        assert_eq!(std::fs::read_dir(root.join("other")).unwrap().count(), 0);
    }
}
