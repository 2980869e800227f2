//! One deterministic archive: the same files give the same bytes, whoever packs them and when.

use std::fs::File;
use std::io::{Read, Write};

use flate2::{Compression, GzBuilder};
use tar::{Builder, EntryType, Header, HeaderMode};

use super::file_error;
use super::files::{Desk, Found, look, put};
use crate::world::{FileSeen, Pack, WorldError};

/// Time of every entry: the first moment of 1980, which every tool can show.
const MODIFIED: u64 = 315_532_800;
/// "Unknown" as the operating system in the gzip header.
const NO_SYSTEM: u8 = 255;

/// Packs files into a new archive.
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
    if let Some(pair) = entries.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        let twice = format!("`{}` would be in it twice", pair[0].0);
        return Err(failed(std::io::Error::other(twice)));
    }
    let path = desk.target("pack", &pack.to)?;
    put(&path, false, |file| {
        let zipped = GzBuilder::new()
            .operating_system(NO_SYSTEM)
            .write(file, Compression::new(6));
        let mut archive = Builder::new(zipped);
        archive.mode(HeaderMode::Deterministic);
        for (inside, found) in &entries {
            append(desk, &mut archive, inside, found)?;
        }
        archive.into_inner()?.finish()?.flush()
    })
    .map_err(failed)?;
    let archive = Found {
        path,
        relative: String::new(),
        place: pack.to.clone(),
    };
    look(&archive).map(|seen| vec![seen]).map_err(failed)
}

/// Appends one file, its secrets replaced. Read twice: the header needs the size.
fn append<W: Write>(
    desk: &Desk,
    archive: &mut Builder<W>,
    inside: &str,
    found: &Found,
) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let first = File::open(&found.path)?;
    let executable = first.metadata()?.permissions().mode() & 0o111 != 0;
    let size = std::io::copy(&mut desk.scrubbed(first), &mut std::io::sink())?;
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::Regular);
    header.set_size(size);
    header.set_mode(if executable { 0o755 } else { 0o644 });
    header.set_mtime(MODIFIED);
    header.set_uid(0);
    header.set_gid(0);
    let mut content = desk.scrubbed(File::open(&found.path)?);
    let mut counted = (&mut content).take(size);
    archive.append_data(&mut header, inside, &mut counted)?;
    let shrank = counted.limit() > 0;
    if shrank || std::io::copy(&mut content, &mut std::io::sink())? > 0 {
        let changed = format!("`{}` changed while it was packed", found.place);
        return Err(std::io::Error::other(changed));
    }
    Ok(())
}
