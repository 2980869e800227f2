//! Why evidence could not be kept or believed.

use std::path::PathBuf;

use crate::journal::JournalError;

/// What went wrong with evidence.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// The disk refused.
    #[error("cannot {operation} `{path}`: {source}")]
    Disk {
        /// What was tried.
        operation: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's words.
        #[source]
        source: std::io::Error,
    },
    /// The journal cannot be used.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A name that may not stand in an archive or an attempt.
    #[error("`{name}` may not be the name of a file in the evidence: {why}")]
    Name {
        /// The name.
        name: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Something that may not get out would have.
    #[error(transparent)]
    Leak(#[from] super::Leak),
    /// A file changed while it was packed.
    #[error("`{name}` changed while it was packed: {found} bytes instead of {expected}")]
    Changed {
        /// The file's name in the archive.
        name: String,
        /// Its size before.
        expected: u64,
        /// What could be read.
        found: u64,
    },
    /// The archive is not one that this program writes.
    #[error("not a bundle: {why}")]
    Format {
        /// What does not hold.
        why: String,
    },
    /// The archive holds more than a reader takes.
    #[error("the bundle holds more than is read: {what}")]
    TooLarge {
        /// What there is too much of.
        what: String,
    },
    /// The run has not come to an end.
    #[error("run `{run}` is not sealed; resume it, then bundle it")]
    NotSealed {
        /// Its id.
        run: String,
    },
    /// What was handed in belongs to another run.
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
        let path = path.into();
        move |source| Self::Disk {
            operation,
            path,
            source,
        }
    }

    pub(crate) fn format(why: impl Into<String>) -> Self {
        Self::Format { why: why.into() }
    }
}
