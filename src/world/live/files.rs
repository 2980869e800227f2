//! Files: read, listed, written beside and renamed, kept as evidence. Never follows a symbolic
//! link below a place's root, never replaces what it was not told to replace.

use std::fs::{File, FileType};
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use super::drain::hex;
use super::environment::Places;
use super::include::Include;
use super::{file_error, pack};
use crate::evidence::{EvidenceError, seal_directory};
use crate::journal::disk::OsDisk;
use crate::world::redact::{Redactor, Scope, Stream};
use crate::world::{
    Effect, FileFailure, FileSeen, KeepFiles, ListFiles, Place, ReadFile, Response, WorldError,
    WriteFile,
};

/// Size of one read.
const PIECE: usize = 64 * 1024;

/// Does the file effects of one world; owns nothing but the way from places to paths.
pub(super) struct Desk {
    pub(super) places: Places,
    pub(super) redactor: Arc<Redactor>,
}

/// A file that was found, not yet read.
pub(super) struct Found {
    pub(super) path: Utf8PathBuf,
    /// Below the listed directory, with `/`.
    pub(super) relative: String,
    pub(super) place: Place,
}

impl Desk {
    pub(super) fn perform(&self, effect: Effect) -> Result<Response, WorldError> {
        match effect {
            Effect::ReadFile(read) => self.read(&read).map(Response::Text),
            Effect::ListFiles(list) => self.list(&list).map(Response::Files),
            Effect::WriteFile(write) => self.write(&write).map(Response::Files),
            Effect::MakeDir { path } => self.make_dir(&path).map(|()| Response::Done),
            Effect::SealDir { path, to } => {
                let to = to.as_ref().unwrap_or(&path);
                self.seal(&path, to).map(|()| Response::Done)
            }
            Effect::KeepFiles(keep) => self.keep(&keep).map(Response::Files),
            Effect::Pack(pack) => pack::pack(self, &pack).map(Response::Files),
            _ => Err(WorldError::Refused {
                what: "this is no file effect".to_owned(),
            }),
        }
    }

    fn read(&self, read: &ReadFile) -> Result<String, WorldError> {
        let failed = |error: std::io::Error| file_error("read", read.path.as_str(), &error);
        let file = File::open(self.places.path(&read.path)).map_err(failed)?;
        let too_large = |bytes: u64| WorldError::File {
            operation: "read".to_owned(),
            path: read.path.to_string(),
            kind: FileFailure::TooLarge,
            reason: format!("{bytes} bytes or more, the limit is {}", read.limit),
        };
        let mut bytes = Vec::new();
        let mut limited = file.take(read.limit.saturating_add(1));
        limited.read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() as u64 > read.limit {
            return Err(too_large(bytes.len() as u64));
        }
        let text = String::from_utf8(bytes).map_err(|error| WorldError::File {
            operation: "read".to_owned(),
            path: read.path.to_string(),
            kind: FileFailure::NotText,
            reason: error.utf8_error().to_string(),
        })?;
        Ok(self.redactor.text(&text))
    }

    pub(super) fn list(&self, list: &ListFiles) -> Result<Vec<FileSeen>, WorldError> {
        let mut seen = Vec::new();
        for found in self.find(list)? {
            let looked = if found.path.is_symlink() {
                look_at_link(&found)
            } else {
                look(&found)
            };
            match looked {
                Ok(file) => seen.push(file),
                // Gone between the listing and the look.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(file_error("list", found.place.as_str(), &error)),
            }
        }
        Ok(seen)
    }

    /// The regular files that are meant, sorted by path. In the operator's own directories, which
    /// are only looked at, links are found as well: what pipx installs there are links.
    pub(super) fn find(&self, list: &ListFiles) -> Result<Vec<Found>, WorldError> {
        let include = Include::of(list)?;
        let root = self.places.path(&list.root);
        let mut all = Vec::new();
        if root.is_file() {
            all.push(Found {
                path: root,
                relative: list.root.file_name().to_owned(),
                place: list.root.clone(),
            });
            return Ok(all);
        }
        let with_links = [Place::HOME, Place::PIPX, Place::PIPX_BIN]
            .iter()
            .any(|token| list.root.as_str().starts_with(token));
        walk(&root, "", &include, &mut |path, relative, kind| {
            let counts = kind.is_file() || (with_links && kind.is_symlink());
            if counts && include.takes(relative) {
                all.push(Found {
                    path,
                    relative: relative.to_owned(),
                    place: list.root.join(relative),
                });
            }
        })
        .map_err(|error| file_error("list", list.root.as_str(), &error))?;
        all.sort_by(|one, other| one.relative.cmp(&other.relative));
        Ok(all)
    }

    fn make_dir(&self, place: &Place) -> Result<(), WorldError> {
        let path = self.target("make", place)?;
        let make = || {
            if let Some(parent) = path.parent() {
                std::fs::create_dir_all(parent)?;
            }
            std::fs::create_dir(&path)?;
            sync_parent(&path)
        };
        make().map_err(|error| file_error("make", place.as_str(), &error))
    }

    fn seal(&self, written: &Place, place: &Place) -> Result<(), WorldError> {
        let written = self.target("seal", written)?;
        let path = self.target("seal", place)?;
        let failed = |error: &EvidenceError| {
            let disk = match error {
                EvidenceError::Disk { source, .. } => Some(source),
                _ => None,
            };
            let kind = disk.map_or(std::io::ErrorKind::Other, std::io::Error::kind);
            let error = std::io::Error::new(kind, error.to_string());
            file_error("seal", place.as_str(), &error)
        };
        let sealed = seal_directory(&OsDisk, written.as_std_path(), path.as_std_path());
        sealed.map(drop).map_err(|error| failed(&error))
    }

    fn write(&self, write: &WriteFile) -> Result<Vec<FileSeen>, WorldError> {
        let path = self.target("write", &write.path)?;
        let place = &write.path;
        let put = || {
            put(&path, write.replace, |file| {
                file.write_all(write.text.as_bytes())
            })?;
            look(&Found {
                path: path.clone(),
                relative: String::new(),
                place: place.clone(),
            })
        };
        let seen = put().map_err(|error| file_error("write", place.as_str(), &error))?;
        Ok(vec![seen])
    }

    fn keep(&self, keep: &KeepFiles) -> Result<Vec<FileSeen>, WorldError> {
        let mut kept = Vec::new();
        for found in self.find(&keep.from)? {
            let place = keep.to.join(&found.relative);
            let path = self.target("copy", &place)?;
            let copy = || {
                let modified = std::fs::metadata(&found.path)?.modified()?;
                put(&path, false, |file| {
                    std::io::copy(&mut self.scrubbed(File::open(&found.path)?), file)?;
                    file.as_file().set_modified(modified)
                })?;
                look(&Found {
                    path: path.clone(),
                    relative: String::new(),
                    place: place.clone(),
                })
            };
            kept.push(copy().map_err(|error| file_error("copy", place.as_str(), &error))?);
        }
        Ok(kept)
    }

    /// A file's bytes with secrets replaced: evidence is copied, but no secret with it.
    pub(super) fn scrubbed(&self, file: File) -> Scrubbed {
        Scrubbed {
            file,
            stream: self.redactor.stream(Scope::Secrets),
            piece: vec![0; PIECE],
            ready: Vec::new(),
            given: 0,
            ended: false,
        }
    }

    /// The path to write to. No link below the place's root may lead elsewhere, and the
    /// operator's home is only ever looked at.
    pub(super) fn target(&self, operation: &str, place: &Place) -> Result<Utf8PathBuf, WorldError> {
        let refused = |reason: &str| WorldError::File {
            operation: operation.to_owned(),
            path: place.to_string(),
            kind: FileFailure::NotPermitted,
            reason: reason.to_owned(),
        };
        if place.as_str().starts_with(Place::HOME) {
            return Err(refused("the operator's home directory is only looked at"));
        }
        let path = self.places.path(place);
        if path.components().any(|part| part.as_str() == "..") {
            return Err(refused("`..` in a path"));
        }
        let roots = self
            .places
            .roots()
            .filter(|(token, _)| place.as_str().starts_with(token));
        let root = roots
            .map(|(_, root)| root)
            .next()
            .unwrap_or(Utf8Path::new("/"));
        let below = path.ancestors().take_while(|part| *part != root);
        if below.into_iter().any(Utf8Path::is_symlink) {
            return Err(refused("a symbolic link is in the way"));
        }
        Ok(path)
    }
}

/// Reads a file with its secrets replaced.
pub(super) struct Scrubbed {
    file: File,
    stream: Stream,
    piece: Vec<u8>,
    ready: Vec<u8>,
    given: usize,
    ended: bool,
}

impl Read for Scrubbed {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        while self.given == self.ready.len() && !self.ended {
            self.ready.clear();
            self.given = 0;
            let count = self.file.read(&mut self.piece)?;
            if count == 0 {
                self.ended = true;
                self.stream.finish(&mut self.ready);
            } else {
                self.stream.push(&self.piece[..count], &mut self.ready);
            }
        }
        let rest = &self.ready[self.given..];
        let count = rest.len().min(into.len());
        into[..count].copy_from_slice(&rest[..count]);
        self.given += count;
        Ok(count)
    }
}

/// Visits what is no directory below a directory, in directories that may hold what is meant.
/// Links are not followed. A directory that is not there has no files.
fn walk(
    directory: &Utf8Path,
    relative: &str,
    include: &Include,
    visit: &mut dyn FnMut(Utf8PathBuf, &str, FileType),
) -> std::io::Result<()> {
    let entries = match std::fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let Some(name) = name.to_str() else {
            return Err(std::io::Error::other(format!(
                "the name {} is not text",
                name.display()
            )));
        };
        let below = if relative.is_empty() {
            name.to_owned()
        } else {
            format!("{relative}/{name}")
        };
        let kind = entry.file_type()?;
        if kind.is_dir() {
            if include.enters(&below) {
                walk(&directory.join(name), &below, include, visit)?;
            }
        } else {
            visit(directory.join(name), &below, kind);
        }
    }
    Ok(())
}

/// The same of a link: what it holds is where it leads.
fn look_at_link(found: &Found) -> std::io::Result<FileSeen> {
    let leads_to = std::fs::read_link(&found.path)?;
    let leads_to = leads_to.as_os_str().as_encoded_bytes();
    let modified = found.path.symlink_metadata()?.modified()?;
    Ok(FileSeen {
        path: found.place.clone(),
        bytes: leads_to.len() as u64,
        sha256: hex(&Sha256::digest(leads_to)),
        modified: Timestamp::try_from(modified).map_err(std::io::Error::other)?,
    })
}

/// Size, time and digest of a file.
pub(super) fn look(found: &Found) -> std::io::Result<FileSeen> {
    let mut file = File::open(&found.path)?;
    let modified = file.metadata()?.modified()?;
    let mut digest = Sha256::new();
    let mut piece = vec![0; PIECE];
    let mut bytes = 0;
    loop {
        let count = file.read(&mut piece)?;
        if count == 0 {
            break;
        }
        digest.update(&piece[..count]);
        bytes += count as u64;
    }
    Ok(FileSeen {
        path: found.place.clone(),
        bytes,
        sha256: hex(&digest.finalize()),
        modified: Timestamp::try_from(modified).map_err(std::io::Error::other)?,
    })
}

/// Writes a file beside its place, syncs it and moves it there, then syncs the directory.
pub(super) fn put(
    path: &Utf8Path,
    replace: bool,
    fill: impl FnOnce(&mut NamedTempFile) -> std::io::Result<()>,
) -> std::io::Result<()> {
    let directory = path.parent().unwrap_or(Utf8Path::new("/"));
    std::fs::create_dir_all(directory)?;
    if !replace && path.symlink_metadata().is_ok() {
        return Err(std::io::ErrorKind::AlreadyExists.into());
    }
    let mut beside = tempfile::Builder::new()
        .prefix(".beside-")
        .permissions(std::fs::Permissions::from_mode(0o644))
        .tempfile_in(directory)?;
    fill(&mut beside)?;
    beside.as_file().sync_all()?;
    let moved = if replace {
        beside.persist(path)
    } else {
        beside.persist_noclobber(path)
    };
    moved.map_err(|error| error.error)?;
    sync_parent(path)
}

fn sync_parent(path: &Utf8Path) -> std::io::Result<()> {
    File::open(path.parent().unwrap_or(Utf8Path::new("/")))?.sync_all()
}
