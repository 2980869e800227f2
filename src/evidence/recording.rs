//! A recorded run, in its run directory or in a bundle.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use super::judged::{gate_of, load_gate};
use super::{EvidenceError, Texts};
use crate::gate::Gate;
use crate::journal::{Answer, BLOBS, Blobs, FILE, Folded, Said, fold, read_on, referred, scan};
use crate::store::disk::Disk;
use crate::store::open::open_with;
use crate::store::{Limits, TEMPLATES, open, sha256_hex};

/// A larger text is not compared.
const LARGEST_TEXT: u64 = 1 << 20;

/// A recorded run that can be queried.
pub struct Recording {
    /// The state that its journal gives.
    pub folded: Folded,
    disk: Arc<dyn Disk>,
    place: Place,
    limits: Limits,
}

enum Place {
    Run(PathBuf),
    Bundle(PathBuf),
}

impl Recording {
    /// Opens a run directory, or a bundle.
    ///
    /// # Errors
    /// If it is neither, or its journal is damaged.
    pub fn open(disk: Arc<dyn Disk>, path: &Path) -> Result<Self, EvidenceError> {
        Self::open_within(disk, path, Limits::default())
    }

    /// The same, with a limit on the unpacked size of a bundle.
    ///
    /// # Errors
    /// As [`Recording::open`].
    pub fn open_within(
        disk: Arc<dyn Disk>,
        path: &Path,
        limits: Limits,
    ) -> Result<Self, EvidenceError> {
        if disk.size(&path.join(FILE)).is_ok() {
            return Ok(Self {
                folded: read_on(&*disk, path)?,
                place: Place::Run(path.to_owned()),
                disk,
                limits,
            });
        }
        let name = format!("data/{FILE}");
        let mut opened = open(&*disk, path, |one| one == name, limits)?;
        let bytes = opened
            .kept
            .remove(&name)
            .ok_or_else(|| EvidenceError::format("it holds no journal"))?;
        Ok(Self {
            folded: fold(scan(&bytes, path)?.lines)?,
            place: Place::Bundle(path.to_owned()),
            disk,
            limits,
        })
    }

    /// The gate with which the run was started, from its file.
    ///
    /// # Errors
    /// If it cannot be read, or is not valid for this version of the program.
    pub fn gate(&self) -> Result<Gate, EvidenceError> {
        const NAME: &str = "gate.toml";
        match &self.place {
            Place::Bundle(path) => {
                let keep = |name: &str| name == "data/gate.toml" || name.starts_with(TEMPLATES);
                gate_of(&open(&*self.disk, path, keep, self.limits)?)
            }
            Place::Run(dir) => {
                let path = dir.join(NAME);
                let text = self.disk.read(&path, LARGEST_TEXT);
                let text = text.map_err(EvidenceError::disk("read", &path))?;
                let templates = [dir.join("templates"), dir.join("files/templates")];
                load_gate(&text, &|name| {
                    let mut paths = templates.iter().map(|templates| templates.join(name));
                    let bytes = paths.find_map(|path| self.disk.read(&path, LARGEST_TEXT).ok())?;
                    String::from_utf8(bytes).ok()
                })
            }
        }
    }

    /// The texts beside the journal: its blobs, and the run's own files that it names, in their
    /// current state. Files that are not text, or too large to compare, are left out.
    ///
    /// # Errors
    /// If the bundle or the run's directory cannot be read any more.
    pub fn texts(&self) -> Result<Texts, EvidenceError> {
        let mut wanted = Wanted::default();
        for (_, courses) in self.folded.courses() {
            let exchanges = courses.iter().flat_map(|course| course.exchanges.values());
            for exchange in exchanges {
                wanted.take(&exchange.effect.shown());
                if let Some(Answer::Ok(answer)) = &exchange.answer {
                    wanted.take(&answer.shown());
                }
            }
        }
        let names = wanted.names();
        let mut room = self.limits.kept;
        let mut fits = |size: u64| {
            let left = room.checked_sub(size).filter(|_| size <= LARGEST_TEXT);
            room = left.unwrap_or(room);
            left.is_some()
        };
        let read = match &self.place {
            Place::Run(dir) => of_run(&*self.disk, dir, names.keys(), fits),
            Place::Bundle(path) => {
                let keep = |name: &str, size| names.contains_key(name) && fits(size);
                open_with(&*self.disk, path, keep, self.limits)?.kept
            }
        };
        let mut texts = Texts::default();
        for (name, bytes) in read {
            let (Some(sha256), Ok(text)) = (names.get(&name), String::from_utf8(bytes)) else {
                continue;
            };
            let is_blob = name.starts_with(&format!("data/{BLOBS}/"));
            let whole = sha256_hex(text.as_bytes()) == *sha256;
            // Redaction leaves a mark in a file; a blob matches its name.
            if is_blob && whole {
                texts.blobs.insert(sha256.clone(), text);
            } else if !is_blob && (whole || text.contains('‹')) {
                texts.files.insert(sha256.clone(), text);
            }
        }
        Ok(texts)
    }

    /// Reads a recorded value, with its long texts.
    ///
    /// # Errors
    /// If a blob is missing or damaged.
    pub fn read(&self, said: &Said) -> Result<serde_json::Value, EvidenceError> {
        match &self.place {
            Place::Run(dir) => Ok(Blobs::on(Arc::clone(&self.disk), dir).read(said)?),
            Place::Bundle(path) => {
                let mut wanted = BTreeSet::new();
                crate::journal::references(said, &mut wanted)?;
                if wanted.is_empty() {
                    return Ok(crate::journal::read_with_texts(said, &BTreeMap::new())?);
                }
                let prefix = format!("data/{BLOBS}/");
                let keep = |name: &str| {
                    name.strip_prefix(&prefix)
                        .is_some_and(|it| wanted.contains(it))
                };
                let opened = open(&*self.disk, path, keep, self.limits)?;
                let texts = opened.kept.into_iter().filter_map(|(name, bytes)| {
                    Some((name.strip_prefix(&prefix)?.to_owned(), bytes))
                });
                Ok(crate::journal::read_with_texts(said, &texts.collect())?)
            }
        }
    }
}

/// What a journal refers to: blobs by digest, files of the run by path, with all digests that were
/// seen of each.
#[derive(Default)]
struct Wanted {
    blobs: BTreeSet<String>,
    files: BTreeMap<String, BTreeSet<String>>,
}

impl Wanted {
    fn take(&mut self, value: &Value) {
        if let Some(sha256) = referred(value) {
            self.blobs.insert(sha256.to_owned());
            return;
        }
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.take(item)),
            Value::Object(table) => {
                let part = |name: &str| table.get(name)?.as_str();
                let path = part("path").or_else(|| part("log"));
                if let (Some(path), Some(sha256)) = (path, part("sha256"))
                    && let Some(path) = path.strip_prefix("‹run›/")
                {
                    let digests = self.files.entry(path.to_owned()).or_default();
                    digests.insert(sha256.to_owned());
                }
                table.values().for_each(|item| self.take(item));
            }
            _ => {}
        }
    }

    /// The digest that each file of a bundle has in the journal. A file with several digests was
    /// rewritten, and its current digest is unknown.
    fn names(self) -> BTreeMap<String, String> {
        let blob = |sha256: String| (format!("data/{BLOBS}/{sha256}"), sha256);
        let file = |(path, mut digests): (String, BTreeSet<String>)| {
            let only = digests.pop_first().filter(|_| digests.is_empty())?;
            Some((format!("data/files/{path}"), only))
        };
        let files = self.files.into_iter().filter_map(file);
        let all = self.blobs.into_iter().map(blob).chain(files);
        all.filter(|(name, _)| leads_below(name)).collect()
    }
}

/// The same files in a run's directory.
fn of_run<'n>(
    disk: &dyn Disk,
    run: &Path,
    names: impl Iterator<Item = &'n String>,
    mut fits: impl FnMut(u64) -> bool,
) -> BTreeMap<String, Vec<u8>> {
    let read = |name: &String| {
        let below = name.strip_prefix("data/")?;
        // Its path in an unpacked bundle, or in the run itself.
        let run_file = below.strip_prefix("files/").unwrap_or(below);
        let paths = [below, run_file].map(|below| run.join(below));
        let path = paths.into_iter().find(|path| disk.size(path).is_ok())?;
        let fits = disk.size(&path).is_ok_and(&mut fits);
        let read = fits.then(|| disk.read(&path, LARGEST_TEXT).ok());
        Some((name.clone(), read.flatten()?))
    };
    names.filter_map(read).collect()
}

/// Whether a name points below the directory in which it is looked up.
fn leads_below(name: &str) -> bool {
    name.split('/').all(|part| !["", ".", ".."].contains(&part))
}
