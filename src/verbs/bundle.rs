//! `bundle`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Declares;

/// Keeps the evidence in the attempt directory and packs it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bundle {
    /// Name of the archive, without its ending.
    pub name: String,
    /// Name of the attempt directory, before `-attempt<N>`.
    pub attempt: String,
    /// Facts published by `canary`.
    #[serde(default)]
    pub canaries: Vec<String>,
    /// Fact published by `keep-logs`.
    #[serde(default)]
    pub logs: Option<String>,
    /// The fact to publish.
    #[serde(rename = "as")]
    pub publish: String,
}

impl Declares for Bundle {
    fn publishes(&self) -> Option<&str> {
        Some(&self.publish)
    }

    fn reads(&self) -> Vec<&str> {
        self.canaries
            .iter()
            .chain(&self.logs)
            .map(String::as_str)
            .collect()
    }
}
