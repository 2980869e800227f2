//! Archives of evidence: packed by [`crate::store`], with secrets replaced on the way.

use std::fs::File;
use std::os::unix::fs::PermissionsExt;

use super::common::file_error;
use super::files::{Desk, Found};
use crate::store::disk::Disk;
use crate::store::pack::write_archive;
use crate::store::{NoScan, StoreError};
use crate::world::{FileSeen, Pack, WorldError};

/// Packs files into a new archive: the same files give the same bytes, whoever packs them and when.
pub(super) fn pack(desk: &Desk, pack: &Pack) -> Result<Vec<FileSeen>, WorldError> {
    let mut entries: Vec<(String, Found)> = Vec::new();
    for (name, list) in &pack.parts {
        for found in desk.find(list)? {
            let name = name.trim_matches('/');
            let inside = if name.is_empty() {
                found.relative.clone()
            } else {
                format!("{name}/{}", found.relative)
            };
            entries.push((inside, found));
        }
    }
    entries.sort_by(|(one, _), (other, _)| one.cmp(other));
    let failed = |error: std::io::Error| file_error("pack", pack.to.as_str(), &error);
    let target = desk.target("pack", &pack.to)?;
    let path = target.path.as_std_path();
    let directory = path
        .parent()
        .map_or(Ok(()), |above| target.disk.make_dirs(above));
    directory.map_err(failed)?;
    let written = write_archive(&*target.disk, path, |archive| {
        for (inside, found) in &entries {
            let open = || File::open(&found.path).map_err(StoreError::disk("read", &found.path));
            // Read twice: the header needs the size after secrets are replaced.
            let mode = open()?
                .metadata()
                .map_err(StoreError::disk("read", &found.path))?;
            let executable = mode.permissions().mode() & 0o111 != 0;
            let size = std::io::copy(&mut desk.scrubbed(open()?), &mut std::io::sink());
            let size = size.map_err(StoreError::disk("read", &found.path))?;
            let mut content = desk.scrubbed(open()?);
            archive.add_from(inside, executable, size, &mut content, &mut NoScan)?;
        }
        Ok::<(), StoreError>(())
    });
    written.map_err(|error| failed(error.into()))?;
    target.look(&pack.to).map(|seen| vec![seen]).map_err(failed)
}
