//! `require-state`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Declares;

/// Shows that an issue is in a state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RequireState {
    /// The issue, `owner/repo#N`.
    pub issue: String,
    /// The state.
    pub state: IssueStateName,
    /// What it means when it is not.
    #[serde(default)]
    pub otherwise: Otherwise,
    /// The fact to publish.
    #[serde(rename = "as")]
    pub publish: String,
}

/// A state of an issue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum IssueStateName {
    /// Open.
    Open,
    /// Closed, with a closing time.
    Closed,
}

/// What another state means.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Otherwise {
    /// The outside must change first.
    #[default]
    Blocked,
    /// A law was found broken; the operator is told loudly and nothing is repaired.
    Critical,
}

impl Declares for RequireState {
    fn publishes(&self) -> Option<&str> {
        Some(&self.publish)
    }
}
