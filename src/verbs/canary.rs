//! `canary`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Declares;

/// Runs the canary script to its end and keeps what it wrote; another subtask decides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Canary {
    /// Directory of the project in the workspace.
    pub project: String,
    /// The script, in the project.
    pub script: String,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Result files, one a run, in order, in the project.
    pub results: Vec<String>,
    /// Fact published by `canary-environment`.
    pub environment: String,
    /// Name of the process rule to observe.
    pub process: String,
    /// Addresses to read at each boundary between runs.
    #[serde(default)]
    pub observe: Vec<String>,
    /// The fact to publish.
    #[serde(rename = "as")]
    pub publish: String,
}

impl Declares for Canary {
    fn publishes(&self) -> Option<&str> {
        Some(&self.publish)
    }

    fn reads(&self) -> Vec<&str> {
        vec![&self.environment]
    }
}
