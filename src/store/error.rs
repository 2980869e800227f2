//! Why files could not be stored, packed or read back.

use std::path::PathBuf;

/// An error in file storage.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
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
    /// A name that is not allowed in an archive or an evidence directory.
    #[error("`{name}` may not be the name of a file in the evidence: {why}")]
    Name {
        /// The name.
        name: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Something private would have been published.
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
    /// The archive exceeds the reader's limits.
    #[error("the bundle holds more than is read: {what}")]
    TooLarge {
        /// What there is too much of.
        what: String,
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

impl StoreError {
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

    pub(crate) fn format(why: impl Into<String>) -> Self {
        Self::Format { why: why.into() }
    }
}

/// For a world, which distinguishes file errors by the system's kinds.
impl From<StoreError> for std::io::Error {
    fn from(error: StoreError) -> Self {
        let kind = match &error {
            StoreError::Disk { source, .. } => source.kind(),
            _ => std::io::ErrorKind::Other,
        };
        Self::new(kind, error.to_string())
    }
}
