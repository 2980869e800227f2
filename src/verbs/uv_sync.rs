//! `uv-sync`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Declares;

/// Makes a project's locked environment with `uv sync`; the lock must not change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UvSync {
    /// Directory of the project in the workspace.
    pub project: String,
    /// The fact to publish.
    #[serde(rename = "as")]
    pub publish: String,
}

impl Declares for UvSync {
    fn publishes(&self) -> Option<&str> {
        Some(&self.publish)
    }
}
