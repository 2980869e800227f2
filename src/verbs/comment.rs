//! `comment`.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{Finding, Outcome};
use crate::verb::{Act, Ctx, Declares, Field, Input, VerbError, Write};
use crate::verbs::github::write::comment_once;
use crate::verbs::github::{self, IssueRef};
use crate::verbs::texts;

/// Posts a comment made of facts, once, and reads it back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Comment {
    /// The issue, `owner/repo#N`.
    pub issue: String,
    /// Name of the template.
    pub template: String,
    /// An issue that must be closed before.
    #[serde(default)]
    pub requires_closed: Option<String>,
    /// The fact to publish.
    #[serde(rename = "as")]
    pub publish: String,
}

impl Declares for Comment {
    fn inputs(&self) -> Vec<Input> {
        vec![Input::Template(self.template.clone())]
    }

    fn publishes(&self) -> Option<&str> {
        Some(&self.publish)
    }

    fn fields(&self) -> Option<Vec<Field>> {
        Some(Field::all([
            "url: text",
            "body: text",
            "was_there: boolean",
        ]))
    }

    fn template(&self) -> Option<&str> {
        Some(&self.template)
    }

    fn writes(&self) -> Vec<Write<'_>> {
        vec![Write::Comment(&self.issue)]
    }

    fn starts(&self) -> Vec<&'static str> {
        vec!["gh"]
    }
}

/// GitHub's limit for a comment, in characters; the marker needs some of them.
const MOST: usize = 65_536 - 512;

/// A comment that was posted and read back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PostedComment {
    pub(super) url: String,
    pub(super) body: String,
    pub(super) was_there: bool,
}

#[async_trait]
impl Act for Comment {
    async fn act(&self, ctx: &Ctx) -> Result<Outcome, VerbError> {
        let issue = IssueRef::parse(&self.issue)?;
        let body = self.body(ctx)?;
        if let Some(required) = &self.requires_closed {
            let other = github::issue(ctx, &IssueRef::parse(required)?).await?;
            if !other.is_closed() {
                return Err(VerbError::error(Finding::new(format!(
                    "{required} is {}, it must be closed before",
                    other.state
                ))));
            }
        }
        let posted = comment_once(ctx, &issue, &body).await?;
        let note = format!(
            "{}: {}",
            if posted.was_there {
                "was there already"
            } else {
                "posted, read back"
            },
            posted.url
        );
        let comment = PostedComment {
            url: posted.url,
            body,
            was_there: posted.was_there,
        };
        ctx.publish(&self.publish, serde_json::json!(comment));
        Ok(Outcome::Passed {
            note,
            warnings: posted.notes,
        })
    }
}

impl Comment {
    /// Made of facts only; a missing one is an error before anything is posted.
    fn body(&self, ctx: &Ctx) -> Result<String, VerbError> {
        let body = texts::rendered(ctx, &self.template)?;
        if body.chars().count() > MOST {
            return Err(VerbError::error(Finding::new(format!(
                "the comment on {} has {} characters, GitHub takes {MOST}",
                self.issue,
                body.chars().count()
            ))));
        }
        Ok(body)
    }
}
