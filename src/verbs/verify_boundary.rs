//! `verify-boundary`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Declares;

/// Shows that modules import from inside the throwaway home, and that the status command prints the keys it must.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyBoundary {
    /// Fact published by `install-candidate`.
    pub install: String,
    /// Modules to import.
    pub modules: Vec<String>,
    /// Arguments of the status command.
    pub status_command: Vec<String>,
    /// Dotted keys that its JSON must have.
    pub status_keys: Vec<String>,
    /// The fact to publish.
    #[serde(rename = "as")]
    pub publish: String,
}

impl Declares for VerifyBoundary {
    fn publishes(&self) -> Option<&str> {
        Some(&self.publish)
    }

    fn reads(&self) -> Vec<&str> {
        vec![&self.install]
    }
}
