//! The sandbox mechanism of this machine, or why there is none.

use camino::Utf8PathBuf;

use crate::world::Confinement;

/// What keeps programs in their sandboxes on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enforcer {
    /// Which one.
    pub kind: Confinement,
    /// Its program.
    pub program: Utf8PathBuf,
    /// What it says of its version.
    pub version: String,
}

/// Why this machine has no sandbox.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no sandbox for the code that is judged: {reason}")]
pub struct NoSandbox {
    /// In words.
    pub reason: String,
    /// What the operator can do about it.
    pub remedy: String,
}
