//! Attempt directories `<rc-tag>-attempt<N>`: the number is taken atomically, the content is
//! written beside and renamed, and afterwards nothing in it can be changed. Earlier ones are
//! never touched.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use sha2::{Digest, Sha256};

use super::manifest::{MANIFEST, Summed, json_text};
use super::names::{checked, checked_part};
use super::{Content, EvidenceError};
use crate::journal::disk::{Disk, Kind, append_all};
use crate::journal::{JournalError, hex};

/// Attempts are few; a directory with more is not one of ours.
const MOST: u32 = 100_000;

/// An attempt directory whose number is taken and whose content is being written.
pub struct Attempt<'a> {
    disk: &'a dyn Disk,
    dir: PathBuf,
    beside: PathBuf,
    files: Vec<Summed>,
}

impl<'a> Attempt<'a> {
    /// Takes the first free number: makes the empty directory, which only one can.
    ///
    /// # Errors
    /// When the tag may not be part of a name, or the disk refuses.
    pub fn take(disk: &'a dyn Disk, parent: &Path, tag: &str) -> Result<Self, EvidenceError> {
        checked_part(tag)?;
        disk.make_dirs(parent)
            .map_err(EvidenceError::disk("make", parent))?;
        for number in 1..=MOST {
            let name = format!("{tag}-attempt{number}");
            let dir = parent.join(&name);
            match disk.make_dir(&dir) {
                Ok(()) => return Self::begin(disk, parent, &name),
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(EvidenceError::disk("make", dir)(error)),
            }
        }
        Err(EvidenceError::TooLarge {
            what: format!("{MOST} attempts of `{tag}`"),
        })
    }

    fn begin(disk: &'a dyn Disk, parent: &Path, name: &str) -> Result<Self, EvidenceError> {
        let beside = parent.join(format!(".{name}.partial"));
        disk.make_dir(&beside)
            .map_err(EvidenceError::disk("make", &beside))?;
        Ok(Self {
            disk,
            dir: parent.join(name),
            beside,
            files: Vec::new(),
        })
    }

    /// Where it will be.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Keeps a file under a name, synced.
    ///
    /// # Errors
    /// When the name leads elsewhere or is taken, or the disk refuses.
    pub fn keep(&mut self, name: &str, content: &Content) -> Result<&Summed, EvidenceError> {
        let to = self.beside.join(checked(name)?);
        if name == MANIFEST {
            return Err(EvidenceError::Name {
                name: name.to_owned(),
                why: "it is the manifest's own",
            });
        }
        let dir = to.parent().unwrap_or(&self.beside);
        self.disk
            .make_dirs(dir)
            .map_err(EvidenceError::disk("make", dir))?;
        let file = self
            .disk
            .create(&to)
            .map_err(EvidenceError::disk("make", &to))?;
        let write =
            |piece: &[u8]| append_all(&*file, piece).map_err(EvidenceError::disk("write", &to));
        let summed = match content {
            Content::Bytes(bytes) => summed(name, &mut bytes.as_slice(), write)?,
            Content::File(path) => {
                let mut from = self
                    .disk
                    .reader(path)
                    .map_err(EvidenceError::disk("read", path))?;
                summed(name, &mut from, write)?
            }
        };
        file.sync().map_err(EvidenceError::disk("sync", &to))?;
        self.files.push(summed);
        Ok(&self.files[self.files.len() - 1])
    }

    /// Writes the manifest, syncs, gives the directory its name and takes all write permissions.
    ///
    /// # Errors
    /// When the disk refuses; then the name stays an empty directory.
    pub fn finish(mut self) -> Result<Vec<Summed>, EvidenceError> {
        self.files.sort();
        let json = json_text(&self.files).map_err(JournalError::json("a manifest"))?;
        let path = self.beside.join(MANIFEST);
        self.disk
            .write_new(&path, json.as_bytes())
            .map_err(EvidenceError::disk("write", &path))?;
        freeze(self.disk, &self.beside)?;
        self.disk
            .rename(&self.beside, &self.dir)
            .map_err(EvidenceError::disk("give its name to", &self.dir))?;
        self.disk
            .make_read_only(&self.dir)
            .map_err(EvidenceError::disk("protect", &self.dir))?;
        let parent = self.dir.parent().unwrap_or(&self.dir);
        self.disk
            .sync_dir(parent)
            .map_err(EvidenceError::disk("sync", parent))?;
        Ok(self.files)
    }
}

/// Syncs directories and takes write permissions, the top directory's own excepted: some
/// systems do not rename what cannot be written.
fn freeze(disk: &dyn Disk, dir: &Path) -> Result<(), EvidenceError> {
    let listed = disk.list(dir).map_err(EvidenceError::disk("list", dir))?;
    for entry in listed {
        let path = dir.join(&entry.name);
        if entry.kind == Kind::Dir {
            freeze(disk, &path)?;
        }
        if entry.kind != Kind::Other {
            disk.make_read_only(&path)
                .map_err(EvidenceError::disk("protect", &path))?;
        }
    }
    disk.sync_dir(dir).map_err(EvidenceError::disk("sync", dir))
}

/// Gives a directory that was written in place its manifest, synced, and takes all write
/// permissions. [`check_directory`] holds it beside its manifest.
///
/// # Errors
/// When it has a manifest already, or the disk refuses.
pub fn seal_directory(disk: &dyn Disk, dir: &Path) -> Result<Vec<Summed>, EvidenceError> {
    let mut names = Vec::new();
    walk(disk, dir, "", &mut names)?;
    names.sort();
    let mut files = Vec::new();
    for name in &names {
        let path = dir.join(name);
        let mut from = disk
            .reader(&path)
            .map_err(EvidenceError::disk("read", &path))?;
        files.push(summed(name, &mut from, |_| Ok(()))?);
    }
    let json = json_text(&files).map_err(JournalError::json("a manifest"))?;
    let path = dir.join(MANIFEST);
    disk.write_new(&path, json.as_bytes())
        .map_err(EvidenceError::disk("write", &path))?;
    freeze(disk, dir)?;
    disk.make_read_only(dir)
        .map_err(EvidenceError::disk("protect", dir))?;
    let parent = dir.parent().unwrap_or(dir);
    disk.sync_dir(parent)
        .map_err(EvidenceError::disk("sync", parent))?;
    Ok(files)
}

/// Digests what is read, and hands it on.
fn summed(
    name: &str,
    from: &mut dyn Read,
    mut to: impl FnMut(&[u8]) -> Result<(), EvidenceError>,
) -> Result<Summed, EvidenceError> {
    let (mut bytes, mut digest) = (0, Sha256::new());
    let mut buffer = vec![0; 256 << 10];
    loop {
        let count = from
            .read(&mut buffer)
            .map_err(EvidenceError::disk("read", name))?;
        if count == 0 {
            break;
        }
        digest.update(&buffer[..count]);
        to(&buffer[..count])?;
        bytes += count as u64;
    }
    Ok(Summed {
        path: name.to_owned(),
        bytes,
        sha256: hex(&digest.finalize()),
    })
}

/// Holds a finished attempt directory beside its manifest, on all cores; gives what differs, a
/// line each. Nothing means intact.
///
/// # Errors
/// When there is no manifest that can be read.
pub fn check_directory(disk: &dyn Disk, dir: &Path) -> Result<Vec<String>, EvidenceError> {
    let path = dir.join(MANIFEST);
    let bytes = disk
        .read(&path, 64 << 20)
        .map_err(EvidenceError::disk("read", &path))?;
    let listed: Vec<Summed> =
        serde_json::from_slice(&bytes).map_err(JournalError::json("a manifest"))?;
    for file in &listed {
        checked(&file.path)?;
    }
    let mut found = Vec::new();
    walk(disk, dir, "", &mut found)?;
    let names: BTreeSet<&str> = listed.iter().map(|file| file.path.as_str()).collect();
    let mut differs: Vec<String> = found
        .iter()
        .filter(|name| *name != MANIFEST && !names.contains(name.as_str()))
        .map(|name| format!("`{name}` was added"))
        .collect();
    differs.extend(changed(disk, dir, &listed));
    differs.sort();
    Ok(differs)
}

fn walk(
    disk: &dyn Disk,
    dir: &Path,
    prefix: &str,
    found: &mut Vec<String>,
) -> Result<(), EvidenceError> {
    for entry in disk.list(dir).map_err(EvidenceError::disk("list", dir))? {
        let name = format!("{prefix}{}", entry.name);
        match entry.kind {
            Kind::Dir => walk(disk, &dir.join(&entry.name), &format!("{name}/"), found)?,
            Kind::File | Kind::Other => found.push(name),
        }
    }
    Ok(())
}

/// The listed files that are not what they were.
fn changed(disk: &dyn Disk, dir: &Path, listed: &[Summed]) -> Vec<String> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut differs = Vec::new();
        while let Some(file) = listed.get(next.fetch_add(1, Ordering::Relaxed)) {
            differs.extend(difference(disk, dir, file));
        }
        differs
    };
    let workers = std::thread::available_parallelism()
        .map_or(1, usize::from)
        .min(8);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        let died = || vec!["a worker thread died; not all files were checked".to_owned()];
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap_or_else(|_| died()))
            .collect()
    })
}

fn difference(disk: &dyn Disk, dir: &Path, file: &Summed) -> Option<String> {
    let path = dir.join(&file.path);
    let read = disk
        .reader(&path)
        .map_err(EvidenceError::disk("read", &path))
        .and_then(|mut from| summed(&file.path, &mut from, |_| Ok(())));
    match read {
        Ok(found) if found == *file => None,
        Ok(_) => Some(format!("`{}` was changed", file.path)),
        Err(error) => Some(format!("`{}` cannot be checked: {error}", file.path)),
    }
}
