//! What two runs may want at the same time, but only one may have.

use std::fmt;

use camino::Utf8PathBuf;

/// What only one run may have at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Contended {
    /// A candidate of a gate.
    Candidate {
        /// Name of the gate.
        gate: String,
        /// The candidate.
        candidate: String,
    },
    /// A gate without a candidate.
    Gate(String),
    /// The checkouts in this workspace.
    Workspace(Utf8PathBuf),
    /// A run, by its id.
    Run(String),
}

impl fmt::Display for Contended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Candidate { gate, candidate } => write!(f, "{candidate} of gate `{gate}`"),
            Self::Gate(gate) => write!(f, "gate `{gate}`"),
            Self::Workspace(path) => write!(f, "the checkouts in `{path}`"),
            Self::Run(run) => write!(f, "run `{run}`"),
        }
    }
}

impl Contended {
    /// What to do about it.
    pub(super) fn remedy(&self) -> &'static str {
        match self {
            Self::Candidate { .. } | Self::Gate(_) => {
                "wait for it with `--wait`, or end it with Ctrl-C in its terminal"
            }
            Self::Workspace(_) => {
                "wait for it with `--wait`, or give this run checkouts of its own with \
                 `--set workspace=DIR`"
            }
            Self::Run(_) => "wait for it, or end it with Ctrl-C in its terminal",
        }
    }
}
