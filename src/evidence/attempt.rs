//! Attempt directories `<rc-tag>-attempt<N>`: whoever makes the empty directory has the name; the
//! content is written beside it, and gets the name when it is whole. Afterwards nothing in it can
//! be changed. Earlier ones are never touched.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use sha2::{Digest, Sha256};

use super::EvidenceError;
use super::manifest::{MANIFEST, Summed, json_text};
use super::names::checked;
use crate::journal::disk::{Disk, Kind};
use crate::journal::{JournalError, hex};

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

/// Gives a directory its manifest, synced, then the name `dir`, which an empty directory holds for
/// it, and takes all write permissions. [`check_directory`] holds it beside its manifest.
///
/// # Errors
/// When it has a manifest already, or the disk refuses; then the name stays an empty directory.
pub fn seal_directory(
    disk: &dyn Disk,
    written: &Path,
    dir: &Path,
) -> Result<Vec<Summed>, EvidenceError> {
    let mut names = Vec::new();
    walk(disk, written, "", &mut names)?;
    names.sort();
    let mut files = Vec::new();
    for name in &names {
        let path = written.join(name);
        let mut from = disk
            .reader(&path)
            .map_err(EvidenceError::disk("read", &path))?;
        files.push(summed(name, &mut from)?);
    }
    let json = json_text(&files).map_err(JournalError::json("a manifest"))?;
    let path = written.join(MANIFEST);
    disk.write_new(&path, json.as_bytes())
        .map_err(EvidenceError::disk("write", &path))?;
    freeze(disk, written)?;
    disk.rename(written, dir)
        .map_err(EvidenceError::disk("give its name to", dir))?;
    disk.make_read_only(dir)
        .map_err(EvidenceError::disk("protect", dir))?;
    let parent = dir.parent().unwrap_or(dir);
    disk.sync_dir(parent)
        .map_err(EvidenceError::disk("sync", parent))?;
    Ok(files)
}

fn summed(name: &str, from: &mut dyn Read) -> Result<Summed, EvidenceError> {
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
        .and_then(|mut from| summed(&file.path, &mut from));
    match read {
        Ok(found) if found == *file => None,
        Ok(_) => Some(format!("`{}` was changed", file.path)),
        Err(error) => Some(format!("`{}` cannot be checked: {error}", file.path)),
    }
}
