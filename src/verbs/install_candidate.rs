//! `install-candidate`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Declares;

/// Installs the candidate with pipx into the run's throwaway home.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InstallCandidate {
    /// Name of the package.
    pub package: String,
    /// Its exact version.
    pub version: String,
    /// Resolve dependencies as of this time, RFC 3339; empty means now.
    #[serde(default)]
    pub as_of: Option<String>,
    /// The command it must bring.
    pub command: String,
    /// The fact to publish.
    #[serde(rename = "as")]
    pub publish: String,
}

impl Declares for InstallCandidate {
    fn publishes(&self) -> Option<&str> {
        Some(&self.publish)
    }
}
