//! Why evidence could not be stored or trusted.

use std::path::PathBuf;

use crate::journal::JournalError;
use crate::store::StoreError;

/// An error in storing or reading evidence.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// Files could not be stored, packed or read back.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The journal cannot be used.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The run has not ended.
    #[error("run `{run}` is not finalized; resume it, then bundle it")]
    NotSealed {
        /// Its id.
        run: String,
    },
    /// The input belongs to another run.
    #[error("{what} does not belong to this run: {why}")]
    Foreign {
        /// What.
        what: &'static str,
        /// What does not hold.
        why: String,
    },
}

impl EvidenceError {
    pub(crate) fn disk(
        operation: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let disk = StoreError::disk(operation, path);
        move |source| Self::Store(disk(source))
    }

    pub(crate) fn format(why: impl Into<String>) -> Self {
        Self::Store(StoreError::format(why))
    }
}
