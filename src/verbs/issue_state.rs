//! `issue-state`.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::shared::github::{self, IssueRef};
use super::{Act, Ctx, Declares, Trouble};
use crate::gate::Outcome;

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

    fn fields(&self) -> Option<Vec<&str>> {
        Some(github::Issue::FIELDS.to_vec())
    }

    fn starts(&self) -> Vec<&'static str> {
        vec!["gh"]
    }
}

#[async_trait]
impl Act for IssueState {
    async fn act(&self, ctx: &Ctx) -> Result<Outcome, Trouble> {
        let issue = github::issue(ctx, &IssueRef::parse(&self.issue)?).await?;
        let note = match (&issue.closed_at, &issue.state_reason) {
            (Some(at), Some(reason)) => format!("{} {} {at} ({reason})", self.issue, issue.state),
            (Some(at), None) => format!("{} {} {at}", self.issue, issue.state),
            (None, _) => format!("{} {}", self.issue, issue.state),
        };
        ctx.publish(&self.publish, serde_json::json!(issue));
        Ok(Outcome::passed(note))
    }
}
