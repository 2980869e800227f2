//! `harness-preflight`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Declares;

/// Runs the harness's own unit tests and checks its scripts' syntax, before a canary run is spent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HarnessPreflight {
    /// Directory of the project in the workspace.
    pub project: String,
    /// Test files.
    pub tests: Vec<String>,
    /// Shell scripts.
    pub scripts: Vec<String>,
}

impl Declares for HarnessPreflight {}
