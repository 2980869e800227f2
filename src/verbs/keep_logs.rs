//! `keep-logs`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Declares;

/// Shows that the logs of all runs are there and show passing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeepLogs {
    /// Facts published by `pytest-suite`.
    pub runs: Vec<String>,
    /// The fact to publish.
    #[serde(rename = "as")]
    pub publish: String,
}

impl Declares for KeepLogs {
    fn publishes(&self) -> Option<&str> {
        Some(&self.publish)
    }

    fn reads(&self) -> Vec<&str> {
        self.runs.iter().map(String::as_str).collect()
    }
}
