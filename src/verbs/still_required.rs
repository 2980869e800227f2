//! `still-required`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Declares;

/// Reads an issue's comments: is something still required? Only a member's word counts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StillRequired {
    /// The issue, `owner/repo#N`.
    pub issue: String,
    /// The word the comment must speak of.
    pub about: String,
    /// The fact to publish.
    #[serde(rename = "as")]
    pub publish: String,
}

impl Declares for StillRequired {
    fn publishes(&self) -> Option<&str> {
        Some(&self.publish)
    }
}
