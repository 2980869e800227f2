//! Why a journal could not be written or trusted.

use std::path::PathBuf;

/// An error in a journal.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// A file operation failed.
    #[error("cannot {operation} `{path}`: {source}")]
    Disk {
        /// What was tried.
        operation: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's error.
        #[source]
        source: std::io::Error,
    },
    /// Another process is writing it.
    #[error("journal `{path}` is being written by another process")]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// Another process appended to it despite the lock.
    #[error("journal `{path}` was changed by another process: {found} bytes instead of {expected}")]
    Overtaken {
        /// The file.
        path: PathBuf,
        /// How long this process left it.
        expected: u64,
        /// How long it is.
        found: u64,
    },
    /// An earlier write failed; nothing more is accepted.
    #[error("the journal is closed, because an earlier record failed: {reason}")]
    Closed {
        /// Why.
        reason: String,
    },
    /// It contains no complete record.
    #[error("journal `{path}` holds no whole record")]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// A record was changed, removed or added.
    #[error("record {record} of the journal is damaged: {why}")]
    Damaged {
        /// Its number, from 0.
        record: u64,
        /// What does not hold.
        why: String,
    },
    /// A blob is missing or does not match its name.
    #[error("blob `{sha256}` is damaged: {why}")]
    Blob {
        /// Its digest, as the record has it.
        sha256: String,
        /// What does not hold.
        why: String,
    },
    /// It was written by a later version.
    #[error("journal format {found} is unknown; this version reads format {readable}")]
    UnknownFormat {
        /// The format of the first record.
        found: u64,
        /// What can be read.
        readable: u32,
    },
    /// The verdict to be sealed differs from the one that the records give.
    #[error("the verdict `{stated}` is not what the journal gives: `{recomputed}`")]
    VerdictDiffers {
        /// What was to be sealed.
        stated: crate::model::Verdict,
        /// What the outcomes on record give.
        recomputed: crate::model::Verdict,
    },
    /// A value could not be converted to or from JSON.
    #[error("cannot turn {what} into JSON or back: {source}")]
    Json {
        /// What.
        what: &'static str,
        /// The parser's error.
        #[source]
        source: serde_json::Error,
    },
}

impl JournalError {
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

    pub(crate) fn json(what: &'static str) -> impl FnOnce(serde_json::Error) -> Self {
        move |source| Self::Json { what, source }
    }

    pub(crate) fn damaged(record: u64, why: impl Into<String>) -> Self {
        Self::Damaged {
            record,
            why: why.into(),
        }
    }
}
