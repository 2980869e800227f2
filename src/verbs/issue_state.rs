//! `issue-state`.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::Outcome;
use crate::verb::{Act, Ctx, Declares, Field, Input, VerbError};
use crate::verbs::github::{self, IssueRef};

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
    fn inputs(&self) -> Vec<Input> {
        vec![Input::Again]
    }

    fn idle_fields(&self) -> &[&str] {
        &github::Issue::IDLE
    }

    fn publishes(&self) -> Option<&str> {
        Some(&self.publish)
    }

    fn fields(&self) -> Option<Vec<Field>> {
        Some(Field::all(github::Issue::FIELDS))
    }

    fn starts(&self) -> Vec<&'static str> {
        vec!["gh"]
    }
}

#[async_trait]
impl Act for IssueState {
    async fn act(&self, ctx: &Ctx) -> Result<Outcome, VerbError> {
        let issue = github::issue(ctx, &IssueRef::parse(&self.issue)?).await?;
        let note = match (&issue.closed_at, &issue.state_reason) {
            (Some(at), Some(reason)) => format!("{} {} {at} ({reason})", self.issue, issue.state),
            (Some(at), None) => format!("{} {} {at}", self.issue, issue.state),
            (None, _) => format!("{} {}", self.issue, issue.state),
        };
        let origins = github::origins_of_issue(ctx);
        ctx.publish_from(&self.publish, serde_json::json!(issue), origins);
        Ok(Outcome::passed(note))
    }
}
