//! `remote-count`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Declares, Param};

/// Reads a count on the service's machine through flyctl, and compares it with another source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RemoteCount {
    /// Name of the Fly app.
    pub app: String,
    /// Command that prints `name=value` lines; must only read.
    pub command: String,
    /// Which of them.
    pub name: String,
    /// Dotted path of the fact that must say the same.
    pub also: String,
    /// What both must say.
    pub equals: Param<i64>,
    /// The fact to publish.
    #[serde(rename = "as")]
    pub publish: String,
}

impl Declares for RemoteCount {
    fn publishes(&self) -> Option<&str> {
        Some(&self.publish)
    }

    fn reads(&self) -> Vec<&str> {
        vec![&self.also]
    }
}
