//! File operations: read, list, write beside and rename, keep as evidence. Never follows a symbolic
//! link below a place's root, and never replaces a file without being told to.

use std::fs::{File, FileType};
use std::io::{Read, Write};
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use jiff::Timestamp;

use super::common::file_error;
use super::environment::Places;
use super::held::Held;
use super::include::Include;
use super::plain;
use super::target::{Target, look_into, parent_of};
use crate::store::disk::Disk;
use crate::store::{seal_directory, sha256_hex};
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
    pub(super) held: Arc<Held>,
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
            Effect::RemoveDir { path } => self.remove_dir(&path).map(|()| Response::Done),
            Effect::SealDir { path, to } => {
                let to = to.as_ref().unwrap_or(&path);
                self.seal(&path, to).map(|()| Response::Done)
            }
            Effect::KeepFiles(keep) => self.keep(&keep).map(Response::Files),
            _ => Err(WorldError::Refused {
                what: "this is no file effect".to_owned(),
            }),
        }
    }

    fn read(&self, read: &ReadFile) -> Result<String, WorldError> {
        let failed = |error: std::io::Error| file_error("read", read.path.as_str(), &error);
        let file = self.open(&read.path).map_err(failed)?;
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

    /// Opens a file for reading. In the run's directory no link is followed, because code under
    /// test works there.
    pub(super) fn open(&self, place: &Place) -> std::io::Result<File> {
        let below = place.as_str().strip_prefix(Place::RUN);
        match below.and_then(|below| below.strip_prefix('/')) {
            Some(below) => plain::open_below(self.places.run(), Utf8Path::new(below)),
            None => plain::open_to_read(&self.places.path(place)),
        }
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
                // Deleted between the listing and the look.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(file_error("list", found.place.as_str(), &error)),
            }
        }
        Ok(seen)
    }

    /// The regular files that match, sorted by path. In the operator's own directories, which are
    /// only read, links are included: pipx installs links there.
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
        let Target { disk, path } = self.target("make", place)?;
        let make = || {
            let parent = parent_of(&path);
            disk.make_dirs(parent.as_std_path())?;
            disk.make_dir(path.as_std_path())?;
            disk.sync_dir(parent.as_std_path())
        };
        make().map_err(|error| file_error("make", place.as_str(), &error))
    }

    fn remove_dir(&self, place: &Place) -> Result<(), WorldError> {
        let Target { disk, path } = self.target("remove", place)?;
        let removed = disk.remove_dir_all(path.as_std_path());
        removed.map_err(|error| file_error("remove", place.as_str(), &error))
    }

    fn seal(&self, written: &Place, place: &Place) -> Result<(), WorldError> {
        let written = self.target("seal", written)?;
        let Target { disk, path } = self.target("seal", place)?;
        let sealed = seal_directory(&*disk, written.path.as_std_path(), path.as_std_path());
        sealed
            .map(drop)
            .map_err(|error| file_error("seal", place.as_str(), &error.into()))
    }

    fn write(&self, write: &WriteFile) -> Result<Vec<FileSeen>, WorldError> {
        let target = self.target("write", &write.path)?;
        let place = &write.path;
        let put = || {
            target.put(write.replace, |file| file.write_all(write.text.as_bytes()))?;
            target.look(place)
        };
        let seen = put().map_err(|error| file_error("write", place.as_str(), &error))?;
        Ok(vec![seen])
    }

    fn keep(&self, keep: &KeepFiles) -> Result<Vec<FileSeen>, WorldError> {
        let mut kept = Vec::new();
        for found in self.find(&keep.from)? {
            let place = keep.to.join(&found.relative);
            let target = self.target("copy", &place)?;
            let copy = || {
                target.put(false, |file| {
                    let from = plain::open_to_read(&found.path)?;
                    let modified = from.metadata()?.modified()?;
                    std::io::copy(&mut self.scrubbed(from), file)?;
                    file.set_modified(modified)
                })?;
                target.look(&place)
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

    /// Where to write. No link below the place's root may lead elsewhere, and the operator's home
    /// is only ever looked at.
    pub(super) fn target(&self, operation: &str, place: &Place) -> Result<Target, WorldError> {
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
        let disk = self.held.below(root);
        let disk = disk.map_err(|error| file_error(operation, place.as_str(), &error))?;
        Ok(Target { disk, path })
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

/// Visits all non-directories below a directory, in directories that may contain matches. Links are
/// not followed. A missing directory has no files.
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
            let lossy = name.to_string_lossy();
            let below = match relative {
                "" => lossy.into_owned(),
                above => format!("{above}/{lossy}"),
            };
            // A file that no spelling includes may have any name.
            if !include.takes(&below) && !include.enters(&below) {
                continue;
            }
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

/// The same for a link: its content is its target.
fn look_at_link(found: &Found) -> std::io::Result<FileSeen> {
    let leads_to = std::fs::read_link(&found.path)?;
    let leads_to = leads_to.as_os_str().as_encoded_bytes();
    let modified = found.path.symlink_metadata()?.modified()?;
    Ok(FileSeen {
        path: found.place.clone(),
        bytes: leads_to.len() as u64,
        sha256: sha256_hex(leads_to),
        modified: Timestamp::try_from(modified).map_err(std::io::Error::other)?,
    })
}

/// Size, time and digest of a file.
pub(super) fn look(found: &Found) -> std::io::Result<FileSeen> {
    look_into(plain::open_to_read(&found.path)?, &found.place)
}
