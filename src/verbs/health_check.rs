//! `health-check`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Declares;

/// Reads a health address; one retry on 503 or silence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HealthCheck {
    /// The address.
    pub url: String,
    /// Versions in the answer, with the lowest that will do.
    #[serde(default)]
    pub versions_at_least: BTreeMap<String, String>,
    /// The fact to publish.
    #[serde(rename = "as")]
    pub publish: String,
}

impl Declares for HealthCheck {
    fn publishes(&self) -> Option<&str> {
        Some(&self.publish)
    }
}
