//! `issue-state`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Declares;

/// Reads an issue's state; whether it blocks is another subtask's question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IssueState {
    /// The issue, `owner/repo#N`.
    pub issue: String,
    /// The fact to publish.
    #[serde(rename = "as")]
    pub publish: String,
}

impl Declares for IssueState {
    fn publishes(&self) -> Option<&str> {
        Some(&self.publish)
    }
}
