//! Deterministic archives: the same files give the same bytes, on every machine.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::store::blocks::BlockWriter;
use crate::store::disk::{Disk, DiskFile, append_all, create_afresh};
use crate::store::names::checked;
use crate::store::tar_header::{UNIT, header, is_executable, padding};
use crate::store::{Scan, StoreError, Summed, hex};

/// A file that goes into an archive.
#[derive(Debug, Clone)]
pub struct Part {
    /// Its name in the archive.
    pub name: String,
    /// Where its bytes come from.
    pub content: Content,
}

/// Where bytes come from.
#[derive(Debug, Clone)]
pub enum Content {
    /// Memory.
    Bytes(Vec<u8>),
    /// A file, read in pieces.
    File(PathBuf),
}

/// Packs files into a new `tar.gz`: names sorted, owner 0, times 0, fixed modes. Written beside and
/// renamed; never replaces a file. Returns the archive's size and digest.
///
/// # Errors
/// If a name is duplicate or points elsewhere, a file changes meanwhile, the scan refuses, or a
/// file operation fails. Then there is no archive, or only one with a name that marks it as
/// unfinished.
pub fn pack(
    disk: &dyn Disk,
    mut parts: Vec<Part>,
    to: &Path,
    scan: &mut dyn Scan,
) -> Result<Summed, StoreError> {
    parts.sort_by(|a, b| a.name.cmp(&b.name));
    write_archive(disk, to, |archive| {
        for part in &parts {
            archive.add(part, scan)?;
        }
        Ok::<(), StoreError>(())
    })
}

/// Creates an archive beside `to` with what `add_parts` adds, syncs it and gives it its name.
pub(crate) fn write_archive<E: From<StoreError>>(
    disk: &dyn Disk,
    to: &Path,
    add_parts: impl FnOnce(&mut Archive<'_>) -> Result<(), E>,
) -> Result<Summed, E> {
    let name = to.file_name().unwrap_or_default().to_string_lossy();
    let beside = to.with_file_name(format!(".{name}.{}.partial", std::process::id()));
    let file = create_afresh(disk, &beside).map_err(StoreError::disk("make", &beside))?;
    let written = whole_archive(disk, &*file, &beside, add_parts);
    if written.is_err() {
        // The first error counts; the next process that uses the name starts the leftover file
        // again.
        let _ = disk.remove(&beside);
    }
    let (bytes, sha256) = written?;
    name_it(disk, &beside, to)?;
    Ok(Summed {
        path: name.into_owned(),
        bytes,
        sha256,
    })
}

/// Gives a complete archive its final name. Until that is on disk it also has its first name, which
/// [`is_unfinished`] checks for: if a step in between fails, the archive is not mistaken for a
/// complete one.
fn name_it(disk: &dyn Disk, beside: &Path, to: &Path) -> Result<(), StoreError> {
    let linked = disk.link(beside, to);
    let named = match linked {
        Err(error) if error.kind() == io::ErrorKind::Unsupported => disk.rename_new(beside, to),
        linked => linked,
    };
    if let Err(error) = named {
        let _ = disk.remove(beside);
        return Err(StoreError::disk("give its name to", to)(error));
    }
    let dir = to.parent().filter(|dir| !dir.as_os_str().is_empty());
    let synced = dir.map_or(Ok(()), |dir| {
        let synced = disk.sync_dir(dir);
        synced.map_err(StoreError::disk("sync", dir))
    });
    if synced.is_err() {
        // The first name stays as long as the second does.
        if disk.remove(to).is_ok() {
            let _ = disk.remove(beside);
        }
        return synced;
    }
    match disk.remove(beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(StoreError::disk("remove", beside)(error))
        }
        _ => Ok(()),
    }
}

/// Whether this archive was started but not completed.
pub(crate) fn is_unfinished(disk: &dyn Disk, to: &Path) -> bool {
    let name = to.file_name().unwrap_or_default().to_string_lossy();
    let beside = format!(".{name}.");
    let listed = disk.list(to.parent().unwrap_or(to)).unwrap_or_default();
    listed
        .iter()
        .any(|one| one.name.starts_with(&beside) && one.name.ends_with(".partial"))
}

/// The size and digest of the archive that [`write_archive`] would create; nothing is stored.
pub(crate) fn sum_archive<E: From<StoreError>>(
    disk: &dyn Disk,
    name: &str,
    add_parts: impl FnOnce(&mut Archive<'_>) -> Result<(), E>,
) -> Result<Summed, E> {
    let (bytes, sha256) = all_parts(disk, None, Path::new(name), add_parts)?;
    Ok(Summed {
        path: name.to_owned(),
        bytes,
        sha256,
    })
}

fn whole_archive<E: From<StoreError>>(
    disk: &dyn Disk,
    file: &dyn DiskFile,
    path: &Path,
    add_parts: impl FnOnce(&mut Archive<'_>) -> Result<(), E>,
) -> Result<(u64, String), E> {
    let summed = all_parts(disk, Some(file), path, add_parts)?;
    file.sync().map_err(StoreError::disk("sync", path))?;
    Ok(summed)
}

fn all_parts<E: From<StoreError>>(
    disk: &dyn Disk,
    file: Option<&dyn DiskFile>,
    path: &Path,
    add_parts: impl FnOnce(&mut Archive<'_>) -> Result<(), E>,
) -> Result<(u64, String), E> {
    let out = Out {
        file,
        bytes: 0,
        digest: Sha256::new(),
    };
    let mut archive = Archive {
        disk,
        path,
        to: BlockWriter::new(out),
        last: None,
    };
    add_parts(&mut archive)?;
    archive.zeros(2 * UNIT)?;
    let finished = archive.to.finish();
    let out = finished.map_err(StoreError::disk("write", path))?;
    Ok((out.bytes, hex(&out.digest.finalize())))
}

/// An archive that is being written.
pub(crate) struct Archive<'a> {
    disk: &'a dyn Disk,
    path: &'a Path,
    to: BlockWriter<Out<'a>>,
    last: Option<String>,
}

impl Archive<'_> {
    /// Adds a file behind the one before; names ascend.
    pub(crate) fn add(&mut self, part: &Part, scan: &mut dyn Scan) -> Result<Summed, StoreError> {
        let executable = is_executable(&part.name);
        match &part.content {
            Content::Bytes(bytes) => self.add_from(
                &part.name,
                executable,
                bytes.len() as u64,
                &mut &bytes[..],
                scan,
            ),
            Content::File(path) => {
                let read = || StoreError::disk("read", path);
                let size = self.disk.size(path).map_err(read())?;
                let mut from = self.disk.reader(path).map_err(read())?;
                self.add_from(&part.name, executable, size, &mut from, scan)
            }
        }
    }

    /// Adds a file of exactly `size` bytes that are read from somewhere; names ascend.
    pub(crate) fn add_from(
        &mut self,
        name: &str,
        executable: bool,
        size: u64,
        from: &mut dyn Read,
        scan: &mut dyn Scan,
    ) -> Result<Summed, StoreError> {
        let name = checked(name)?;
        if self.last.as_deref().is_some_and(|last| last >= name) {
            return Err(StoreError::Name {
                name: name.to_owned(),
                why: "it is there already, or stands after one that sorts behind it",
            });
        }
        self.last = Some(name.to_owned());
        scan.begin(name)?;
        self.write(&header(name, size, executable)?)?;
        self.content(name, size, from, scan)
    }

    fn content(
        &mut self,
        name: &str,
        size: u64,
        from: &mut dyn Read,
        scan: &mut dyn Scan,
    ) -> Result<Summed, StoreError> {
        let mut buffer = vec![0; 256 << 10];
        let (mut found, mut digest) = (0, Sha256::new());
        loop {
            let count = read_some(from, &mut buffer).map_err(StoreError::disk("read", name))?;
            let piece = &buffer[..count];
            found += count as u64;
            if found > size || (count == 0 && found < size) {
                return Err(StoreError::Changed {
                    name: name.to_owned(),
                    expected: size,
                    found,
                });
            }
            if count == 0 {
                break;
            }
            scan.feed(piece)?;
            digest.update(piece);
            self.write(piece)?;
        }
        scan.end()?;
        self.zeros(padding(size))?;
        Ok(Summed {
            path: name.to_owned(),
            bytes: size,
            sha256: hex(&digest.finalize()),
        })
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.to
            .write_all(bytes)
            .map_err(StoreError::disk("write", self.path))
    }

    fn zeros(&mut self, count: u64) -> Result<(), StoreError> {
        let zeros = io::repeat(0).take(count);
        io::copy(&mut { zeros }, &mut self.to)
            .map(drop)
            .map_err(StoreError::disk("write", self.path))
    }
}

fn read_some(from: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match from.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

/// The archive's file, when there is to be one, its size and digest so far.
struct Out<'a> {
    file: Option<&'a dyn DiskFile>,
    bytes: u64,
    digest: Sha256,
}

impl Write for Out<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(file) = self.file {
            append_all(file, bytes)?;
        }
        self.bytes += bytes.len() as u64;
        self.digest.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
