//! What a workflow is made with. Pure data.

use super::line::UnknownSplit;

/// The runner of whatever names none.
pub(super) const RUNNER: &str = "ubuntu-24.04";
/// A job of GitHub's own runners may take six hours.
pub(super) const LONGEST: u64 = 360;
/// What a runner needs besides the subtasks: checkouts, Nix, artifacts.
pub(super) const AROUND: u64 = 30;

/// How the workflow starts this program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Started {
    /// `nix run` of this flake.
    Nix(String),
    /// As `gate`, which is on the runner's PATH.
    Installed,
}

/// What a workflow is made with, besides the gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipe {
    /// How the program is started.
    pub program: Started,
    /// The gate file, in the repository that the workflow lies in; none for the built-in gate.
    pub gate_file: Option<String>,
    /// Work packages before which the line is cut besides.
    pub split: Vec<String>,
    /// Candidates, each with a run of its own; without any, an input of the workflow says it.
    pub candidates: Vec<String>,
    /// Runners, each with a run of its own.
    pub platforms: Vec<String>,
    /// The environment whose reviewers say yes before a job that writes.
    pub environment: String,
    /// Public key, in the repository that the workflow lies in, of the secret that each job signs
    /// with; none: nothing is signed.
    pub key: Option<String>,
    /// Whether GitHub vouches for the bundle, in a job of its own.
    pub vouch: bool,
}

/// Why there is no workflow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WorkflowError {
    /// A cut before a work package that is not there.
    #[error(transparent)]
    Split(#[from] UnknownSplit),
    /// A value that could mean something else where it has to stand.
    #[error("{what}: expected letters, digits and `{marks}`, got `{got}`")]
    Odd {
        /// Which value.
        what: &'static str,
        /// The marks that may stand in it.
        marks: &'static str,
        /// The value.
        got: String,
    },
}
