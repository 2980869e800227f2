//! Evidence directories `<rc-tag>-attempt<N>`: whoever creates the empty directory owns the name;
//! the content is written beside it and renamed when it is complete. Afterwards nothing in it can
//! be changed. Earlier ones are never touched.

use std::io::Read;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::store::disk::{Disk, Kind};
use crate::store::manifest::{MANIFEST, Summed, json_text};
use crate::store::{StoreError, hex};

/// Syncs directories and removes write permissions, except those of the top directory: some systems
/// do not rename what is not writable.
fn freeze(disk: &dyn Disk, dir: &Path) -> Result<(), StoreError> {
    let listed = disk.list(dir).map_err(StoreError::disk("list", dir))?;
    for entry in listed {
        let path = dir.join(&entry.name);
        if entry.kind == Kind::Dir {
            freeze(disk, &path)?;
        }
        if entry.kind != Kind::Other {
            disk.make_read_only(&path)
                .map_err(StoreError::disk("protect", &path))?;
        }
    }
    disk.sync_dir(dir).map_err(StoreError::disk("sync", dir))
}

/// Gives a directory its synced manifest, then the name `dir`, which an empty directory reserves
/// for it, and removes all write permissions.
///
/// # Errors
/// If it has a manifest already, or a file operation fails; then the name stays an empty directory.
pub fn seal_directory(
    disk: &dyn Disk,
    written: &Path,
    dir: &Path,
) -> Result<Vec<Summed>, StoreError> {
    let mut names = Vec::new();
    walk(disk, written, "", &mut names)?;
    names.sort();
    let mut files = Vec::new();
    for name in &names {
        let path = written.join(name);
        let mut from = disk
            .reader(&path)
            .map_err(StoreError::disk("read", &path))?;
        files.push(summed(name, &mut from)?);
    }
    let json = json_text(&files).map_err(StoreError::json("a manifest"))?;
    let path = written.join(MANIFEST);
    disk.write_new(&path, json.as_bytes())
        .map_err(StoreError::disk("write", &path))?;
    freeze(disk, written)?;
    disk.rename(written, dir)
        .map_err(StoreError::disk("give its name to", dir))?;
    disk.make_read_only(dir)
        .map_err(StoreError::disk("protect", dir))?;
    let parent = dir.parent().unwrap_or(dir);
    disk.sync_dir(parent)
        .map_err(StoreError::disk("sync", parent))?;
    Ok(files)
}

fn summed(name: &str, from: &mut dyn Read) -> Result<Summed, StoreError> {
    let (mut bytes, mut digest) = (0, Sha256::new());
    let mut buffer = vec![0; 256 << 10];
    loop {
        let count = from
            .read(&mut buffer)
            .map_err(StoreError::disk("read", name))?;
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

fn walk(
    disk: &dyn Disk,
    dir: &Path,
    prefix: &str,
    found: &mut Vec<String>,
) -> Result<(), StoreError> {
    for entry in disk.list(dir).map_err(StoreError::disk("list", dir))? {
        let name = format!("{prefix}{}", entry.name);
        match entry.kind {
            Kind::Dir => walk(disk, &dir.join(&entry.name), &format!("{name}/"), found)?,
            Kind::File | Kind::Other => found.push(name),
        }
    }
    Ok(())
}
