//! Why a verb stopped early, and what that means for its subtask. Never a pass.

use crate::model::{Finding, Outcome};
use crate::world::{FileFailure, WorldError};

/// An early end of a verb, for `?`.
#[derive(Debug, Clone, PartialEq)]
pub enum VerbError {
    /// A request to the outside failed.
    World(WorldError),
    /// The verb has reached its verdict.
    Stop(Outcome),
}

impl From<WorldError> for VerbError {
    fn from(error: WorldError) -> Self {
        Self::World(error)
    }
}

impl From<Outcome> for VerbError {
    fn from(outcome: Outcome) -> Self {
        Self::Stop(outcome)
    }
}

impl VerbError {
    /// Could not be determined.
    #[must_use]
    pub fn error(finding: Finding) -> Self {
        Self::Stop(Outcome::Error(finding))
    }

    /// Waiting on an external condition.
    #[must_use]
    pub fn blocked(finding: Finding) -> Self {
        Self::Stop(Outcome::Blocked(finding))
    }

    /// The resulting outcome of the subtask.
    #[must_use]
    pub fn outcome(self) -> Outcome {
        match self {
            Self::Stop(outcome) => outcome,
            Self::World(WorldError::Interrupted) => Outcome::NotRun {
                because: crate::model::Stop::Interrupted,
            },
            Self::World(error) => {
                let mut finding = Finding::new(error.to_string());
                finding.remedy = remedy(&error).map(str::to_owned);
                Outcome::Error(finding)
            }
        }
    }
}

fn remedy(error: &WorldError) -> Option<&'static str> {
    Some(match error {
        WorldError::ProgramNotFound { .. } => {
            "install it, or run inside `nix develop`; `gate doctor` lists what is missing"
        }
        WorldError::Refused { .. } => {
            "list it in the gate file's [policy] if it is meant to happen"
        }
        WorldError::NoAnswer { .. } => "check the network and the address, then resume",
        WorldError::NotRecorded { .. }
        | WorldError::File {
            kind: FileFailure::NoSpace,
            ..
        } => "make room on the disk that holds the state directory, then resume",
        WorldError::File {
            kind: FileFailure::NotPermitted,
            ..
        } => "check the permissions, then resume",
        WorldError::File { .. }
        | WorldError::NotStarted { .. }
        | WorldError::NotInRecording { .. }
        | WorldError::Interrupted
        | WorldError::Processes { .. } => return None,
    })
}
