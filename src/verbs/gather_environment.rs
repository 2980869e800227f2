//! `gather-environment`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Declares;

/// Gathers what ran against what: candidate, image, commits, versions. Nothing may be unknown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GatherEnvironment {
    /// Name of the Fly app.
    pub app: String,
    /// Address of the health page.
    pub health: String,
    /// Further values, by name.
    pub values: BTreeMap<String, String>,
    /// Package and checkout of the events library, for its tag and commit.
    #[serde(default)]
    pub events: Option<EventsSource>,
    /// The fact to publish.
    #[serde(rename = "as")]
    pub publish: String,
}

/// Where the events library's tag and commit come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EventsSource {
    /// Name of the package.
    pub package: String,
    /// Directory of the checkout in the workspace.
    pub checkout: String,
}

impl Declares for GatherEnvironment {
    fn publishes(&self) -> Option<&str> {
        Some(&self.publish)
    }
}
