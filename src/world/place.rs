//! Symbolic paths that mean the same on every machine: a root token and the path below it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A symbolic path as verbs, journal and evidence use it, such as `‹run›/home/bin`.
///
/// Only the live world replaces the token by this machine's directory, and replaces that directory
/// by the token in everything it reports. So no machine's paths get into the evidence, and a
/// recording can be replayed anywhere.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Place(String);

impl Place {
    /// Token of the run directory.
    pub const RUN: &str = "‹run›";
    /// Token of the directory that contains the checkouts.
    pub const WORKSPACE: &str = "‹workspace›";
    /// Token of the state directory, which contains all runs and evidence directories.
    pub const STATE: &str = "‹state›";
    /// Token of the gate's own download cache.
    pub const CACHE: &str = "‹cache›";
    /// Token of the operator's home directory; read only.
    pub const HOME: &str = "‹home›";

    /// Token of the home of the operator's own pipx, if it is not in its usual place; read only.
    pub const PIPX: &str = "‹pipx›";
    /// Token of the directory where the operator's own pipx puts commands, likewise.
    pub const PIPX_BIN: &str = "‹pipx-bin›";

    /// Token of a directory with vendored wheels, outside of a run; only `gate install` has one.
    pub const VENDORED: &str = "‹vendored›";

    /// A place from its written form.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// A place in the run directory; the empty text is the run directory itself.
    #[must_use]
    pub fn run(below: &str) -> Self {
        Self(Self::RUN.to_owned()).join(below)
    }

    /// A place in the workspace.
    #[must_use]
    pub fn workspace(below: &str) -> Self {
        Self(Self::WORKSPACE.to_owned()).join(below)
    }

    /// The place `below` this one.
    #[must_use]
    pub fn join(&self, below: &str) -> Self {
        if below.is_empty() {
            return self.clone();
        }
        Self(format!("{}/{below}", self.0.trim_end_matches('/')))
    }

    /// The written form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last part of the path.
    #[must_use]
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
