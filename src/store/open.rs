//! Reads an archive that anyone may have made. Accepts exactly the format that this program writes,
//! in bounded memory; never extracts to a path.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::store::blocks::BlockReader;
use crate::store::disk::{Disk, append_all};
use crate::store::names::checked_part;
use crate::store::tar_header::{cut_short, padding, read_header};
use crate::store::{StoreError, Summed, hex};

/// The limits of a reader.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes of all files together.
    pub total: u64,
    /// Files.
    pub files: usize,
    /// Bytes of one file that is kept in memory.
    pub kept: u64,
}

impl Default for Limits {
    /// 1 GiB in 100,000 files, 64 MiB in memory: a run of the gates that ship has a few MiB.
    fn default() -> Self {
        Self {
            total: 1 << 30,
            files: 100_000,
            kept: 64 << 20,
        }
    }
}

impl Limits {
    /// The same limits with this total of bytes.
    #[must_use]
    pub fn of_total(total: u64) -> Self {
        Self {
            total,
            ..Self::default()
        }
    }
}

/// The content of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// The one directory that contains everything.
    pub top: String,
    /// All files below it, in order, with their computed digests.
    pub files: Vec<Summed>,
    /// Contents of the requested files.
    pub kept: BTreeMap<String, Vec<u8>>,
    /// The archive itself.
    pub archive: Summed,
}

/// Reads an archive once, digests every file, and keeps those that `keep` names.
///
/// # Errors
/// If this program did not write it, or it exceeds the limits.
pub fn open(
    disk: &dyn Disk,
    path: &Path,
    keep: impl Fn(&str) -> bool,
    limits: Limits,
) -> Result<Opened, StoreError> {
    open_with(disk, path, |name, _| keep(name), limits)
}

/// The same, where `keep` also sees the size.
pub(crate) fn open_with(
    disk: &dyn Disk,
    path: &Path,
    mut keep: impl FnMut(&str, u64) -> bool,
    limits: Limits,
) -> Result<Opened, StoreError> {
    let mut files = Vec::new();
    let mut kept = BTreeMap::new();
    let mut room = limits.kept;
    let (top, archive) = walk(disk, path, limits, |name, size, from| {
        let mut content = keep(name, size).then(Vec::new);
        if content.is_some() {
            room = room.checked_sub(size).ok_or_else(|| StoreError::TooLarge {
                what: format!("`{name}` with {size} bytes does not fit into memory"),
            })?;
        }
        let mut digest = Sha256::new();
        pieces(from, |piece| {
            digest.update(piece);
            if let Some(content) = &mut content {
                content.extend_from_slice(piece);
            }
            Ok(())
        })?;
        files.push(Summed {
            path: name.to_owned(),
            bytes: size,
            sha256: hex(&digest.finalize()),
        });
        kept.extend(content.map(|content| (name.to_owned(), content)));
        Ok(())
    })?;
    Ok(Opened {
        top,
        files,
        kept,
        archive,
    })
}

/// Unpacks the files that `take` names into a new directory. Gives the archive as it was read now:
/// whoever opened it before has to see whether it is the same still.
///
/// # Errors
/// As [`open`]; and if the directory already exists or a file operation fails.
pub fn unpack(
    disk: &dyn Disk,
    path: &Path,
    into: &Path,
    take: impl Fn(&str) -> bool,
    limits: Limits,
) -> Result<Summed, StoreError> {
    disk.make_dir(into)
        .map_err(StoreError::disk("make", into))?;
    let (_, archive) = walk(disk, path, limits, |name, _, from| {
        if !take(name) {
            return Ok(());
        }
        // The name was checked: it is relative and points nowhere else. The directory is new, and
        // only this code writes into it, so it contains no link either.
        let to = into.join(name);
        let dir = to.parent().unwrap_or(into);
        disk.make_dirs(dir).map_err(StoreError::disk("make", dir))?;
        let file = disk.create(&to).map_err(StoreError::disk("make", &to))?;
        pieces(from, |piece| {
            append_all(&*file, piece).map_err(StoreError::disk("write", &to))
        })
    })?;
    Ok(archive)
}

fn pieces(
    from: &mut dyn Read,
    mut take: impl FnMut(&[u8]) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut buffer = vec![0; 128 << 10];
    loop {
        match from.read(&mut buffer).map_err(cut_short)? {
            0 => return Ok(()),
            count => take(&buffer[..count])?,
        }
    }
}

/// Gives each file to `visit`. Names ascend, so none occurs twice.
fn walk(
    disk: &dyn Disk,
    path: &Path,
    limits: Limits,
    mut visit: impl FnMut(&str, u64, &mut dyn Read) -> Result<(), StoreError>,
) -> Result<(String, Summed), StoreError> {
    let file = disk.reader(path).map_err(StoreError::disk("read", path))?;
    let mut archive = Digested {
        from: io::BufReader::with_capacity(256 << 10, file),
        bytes: 0,
        digest: Sha256::new(),
    };
    let mut from = BlockReader::new(&mut archive);
    let (mut last, mut top) = (String::new(), None);
    let (mut count, mut total) = (0, 0u64);
    while let Some((name, size)) = read_header(&mut from)? {
        count += 1;
        total = total.saturating_add(size);
        if count > limits.files || total > limits.total {
            return Err(StoreError::TooLarge {
                what: format!("{count} files with {total} bytes"),
            });
        }
        if name <= last {
            return Err(StoreError::format(format!("`{name}` follows `{last}`")));
        }
        let below = below_top(&name, &mut top)?;
        let mut content = (&mut from).take(size);
        visit(below, size, &mut content)?;
        // What the visitor did not read, and the zeros up to the next header.
        let left = content.limit() + padding(size);
        let skipped = io::copy(&mut (&mut from).take(left), &mut io::sink()).map_err(cut_short)?;
        if skipped != left {
            return Err(StoreError::format("it is cut short"));
        }
        last = name;
    }
    drop(from);
    let archive = Summed {
        path: path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned(),
        bytes: archive.bytes,
        sha256: hex(&archive.digest.finalize()),
    };
    let top = top.ok_or_else(|| StoreError::format("it holds no files"))?;
    Ok((top, archive))
}

/// The name below the one directory that contains everything.
fn below_top<'a>(name: &'a str, top: &mut Option<String>) -> Result<&'a str, StoreError> {
    let (first, below) = name
        .split_once('/')
        .ok_or_else(|| StoreError::format(format!("`{name}` lies in no directory")))?;
    let top = top.get_or_insert_with(|| first.to_owned());
    if top != first {
        return Err(StoreError::format(format!(
            "`{name}` does not lie in `{top}`"
        )));
    }
    checked_part(first)?;
    Ok(below)
}

/// Counts and digests the bytes that are read.
struct Digested<R> {
    from: R,
    bytes: u64,
    digest: Sha256,
}

impl<R: Read> Read for Digested<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let count = self.from.read(to)?;
        self.bytes += count as u64;
        self.digest.update(&to[..count]);
        Ok(count)
    }
}
