//! `pytest-suite`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Declares;

/// Runs a pytest suite once and reads its JUnit report; nothing ran is a failure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PytestSuite {
    /// Directory of the project in the workspace.
    pub project: String,
    /// Test files.
    pub tests: Vec<String>,
    /// Marker expression.
    pub marker: String,
    /// Fact published by `canary-environment`.
    pub environment: String,
    /// Name of the log file.
    pub log: String,
    /// The fact to publish.
    #[serde(rename = "as")]
    pub publish: String,
}

impl Declares for PytestSuite {
    fn publishes(&self) -> Option<&str> {
        Some(&self.publish)
    }

    fn reads(&self) -> Vec<&str> {
        vec![&self.environment]
    }
}
