//! What a gate declares about its candidate: the package, its command, required imports. Pure.

use crate::model::TemplateError;

/// A gate's candidate, in any version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// Name of the package.
    pub package: String,
    /// The command it must provide.
    pub command: String,
    /// Modules that must import.
    pub modules: Vec<String>,
    /// The date as of which the gate's parameters resolve dependencies.
    pub as_of: Option<String>,
}

/// Why a gate does not define its candidate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SubjectError {
    /// It installs none.
    #[error("the gate `{0}` has no subtask with `uses = \"install-candidate\"`")]
    None(String),
    /// A value depends on a fact of an earlier subtask.
    #[error("what the gate installs is not known before it runs: {0}")]
    Fact(#[from] TemplateError),
}
