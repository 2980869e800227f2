//! The sandbox mechanism of this machine, or why there is none.

use camino::Utf8PathBuf;

use crate::world::Confinement;

/// The sandbox mechanism of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enforcer {
    /// Its kind.
    pub kind: Confinement,
    /// Its program.
    pub program: Utf8PathBuf,
    /// The version it reports.
    pub version: String,
}

/// Why this machine has no sandbox.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no sandbox for the code that is judged: {reason}")]
pub struct NoSandbox {
    /// A description.
    pub reason: String,
    /// What the operator can do about it.
    pub remedy: String,
}
