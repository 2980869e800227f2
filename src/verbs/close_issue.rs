//! `close-issue`.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::Outcome;
use crate::verb::{Act, Ctx, Declares, VerbError, Write};
use crate::verbs::github::IssueRef;
use crate::verbs::github::write::{Change, close_once};

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

    fn starts(&self) -> Vec<&'static str> {
        vec!["gh"]
    }
}

#[async_trait]
impl Act for CloseIssue {
    async fn act(&self, ctx: &Ctx) -> Result<Outcome, VerbError> {
        // The comment's fact exists only when it was read back.
        let comment: super::comment::PostedComment = ctx.fact_as(&self.after_comment)?;
        let issue = IssueRef::parse(&self.issue)?;
        let note = match close_once(ctx, &issue).await? {
            Change::Changed => format!("{issue} closed after {}", comment.url),
            Change::AlreadySo => format!("{issue} was closed already"),
        };
        Ok(Outcome::passed(note))
    }
}
