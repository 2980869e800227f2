//! A recorded run, wherever it lies: in its run directory or in a bundle.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{EvidenceError, Limits, open};
use crate::journal::disk::Disk;
use crate::journal::{BLOBS, Blobs, FILE, Folded, Said, fold, read_on, scan};

/// A recorded run that can be asked.
pub struct Recording {
    /// What its journal gives.
    pub folded: Folded,
    disk: Arc<dyn Disk>,
    place: Place,
}

enum Place {
    Run(PathBuf),
    Bundle(PathBuf),
}

impl Recording {
    /// Opens a run directory, or a bundle.
    ///
    /// # Errors
    /// When it is neither, or its journal is damaged.
    pub fn open(disk: Arc<dyn Disk>, path: &Path) -> Result<Self, EvidenceError> {
        if disk.size(&path.join(FILE)).is_ok() {
            return Ok(Self {
                folded: read_on(&*disk, path)?,
                place: Place::Run(path.to_owned()),
                disk,
            });
        }
        let name = format!("data/{FILE}");
        let mut opened = open(&*disk, path, |one| one == name, Limits::default())?;
        let bytes = opened
            .kept
            .remove(&name)
            .ok_or_else(|| EvidenceError::format("it holds no journal"))?;
        Ok(Self {
            folded: fold(scan(&bytes, path)?.lines)?,
            place: Place::Bundle(path.to_owned()),
            disk,
        })
    }

    /// Reads what the journal says, with its long texts.
    ///
    /// # Errors
    /// When a blob is missing or damaged.
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
                let opened = open(&*self.disk, path, keep, Limits::default())?;
                let texts = opened.kept.into_iter().filter_map(|(name, bytes)| {
                    Some((name.strip_prefix(&prefix)?.to_owned(), bytes))
                });
                Ok(crate::journal::read_with_texts(said, &texts.collect())?)
            }
        }
    }
}
