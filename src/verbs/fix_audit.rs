//! `fix-audit`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Declares;

/// Does what `fix-behaviour` and `fix-proof` do, for one issue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FixAudit {
    /// The issue, `owner/repo#N`.
    pub issue: String,
    /// Directory of the checkout in the workspace.
    pub checkout: String,
    /// Files and directories (ending in `/`) in which behaviour must have changed.
    pub scope: Vec<String>,
    /// Words, one of which the proving test must speak of.
    pub about: Vec<String>,
    /// The fact to publish.
    #[serde(rename = "as")]
    pub publish: String,
}

impl Declares for FixAudit {
    fn publishes(&self) -> Option<&str> {
        Some(&self.publish)
    }
}
