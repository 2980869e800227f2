//! What a gate declares about its candidate: the package, its command, required imports. Pure.

use crate::model::TemplateError;

/// A gate's candidate, whichever version of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// Name of the package.
    pub package: String,
    /// The command it must bring.
    pub command: String,
    /// Modules that must import.
    pub modules: Vec<String>,
    /// The time that the gate's parameters say dependencies are resolved as of.
    pub as_of: Option<String>,
}

/// Why a gate says nothing usable of a candidate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SubjectError {
    /// It installs none.
    #[error("the gate `{0}` has no subtask with `uses = \"install-candidate\"`")]
    None(String),
    /// A value depends on what an earlier subtask finds out.
    #[error("what the gate installs is not known before it runs: {0}")]
    Fact(#[from] TemplateError),
}
