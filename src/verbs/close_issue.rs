//! `close-issue`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Declares, Write};

/// Closes an issue after its evidence comment was read back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CloseIssue {
    /// The issue, `owner/repo#N`.
    pub issue: String,
    /// Fact published by `comment`.
    pub after_comment: String,
}

impl Declares for CloseIssue {
    fn reads(&self) -> Vec<&str> {
        vec![&self.after_comment]
    }

    fn writes(&self) -> Vec<Write<'_>> {
        vec![Write::Close(&self.issue)]
    }
}
