//! The directories of places, each held open from its first use: what is written below one is
//! written there, even if its path changes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use camino::{Utf8Path, Utf8PathBuf};

use crate::store::held::HeldDisk;

/// Directories that are held, by their path.
#[derive(Debug, Default)]
pub(super) struct Held {
    disks: Mutex<BTreeMap<Utf8PathBuf, Arc<HeldDisk>>>,
}

impl Held {
    /// The disk below a directory.
    pub(super) fn below(&self, root: &Utf8Path) -> std::io::Result<Arc<HeldDisk>> {
        let mut disks = self.disks.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(disk) = disks.get(root) {
            return Ok(Arc::clone(disk));
        }
        let disk = Arc::new(HeldDisk::open(root.as_std_path())?);
        disks.insert(root.to_owned(), Arc::clone(&disk));
        Ok(disk)
    }
}
