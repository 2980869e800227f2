//! The input of a comparison, and one change in its result.

use serde::{Deserialize, Serialize};

use super::diff::ChangeKind;

/// One file in both versions; a new or deleted file has only one.
#[derive(Debug, Clone, Default)]
pub struct FilePair {
    /// Path in the later version, or of the deleted file.
    pub path: String,
    /// Text before.
    pub before: Option<String>,
    /// Text after.
    pub after: Option<String>,
}

/// One change of behaviour.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// File, by its path in the later version.
    pub path: String,
    /// Qualified name of the function or class, or `<module>`.
    pub function: String,
    /// The kind of change.
    pub kind: ChangeKind,
    /// Line before.
    pub before: Option<u32>,
    /// Line after.
    pub after: Option<u32>,
    /// Whether only a wait differs: a timeout, a delay, a number of attempts.
    pub numeric: bool,
    /// The source line, after the change if it still exists.
    pub text: String,
}

/// `path:line function: kind: text`
impl std::fmt::Display for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let line = self.after.or(self.before).unwrap_or_default();
        write!(
            f,
            "{}:{line} {}: {:?}: {}",
            self.path,
            self.function,
            self.kind,
            self.text.trim()
        )
    }
}
