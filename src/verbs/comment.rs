//! `comment`.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::shared::github::{self, IssueRef};
use super::shared::github_write::comment_once;
use super::{Act, Ctx, Declares, Trouble, Write};
use crate::gate::{self, Finding, Outcome};

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
    fn publishes(&self) -> Option<&str> {
        Some(&self.publish)
    }

    fn fields(&self) -> Option<Vec<&str>> {
        Some(vec!["url", "body", "was_there"])
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
    async fn act(&self, ctx: &Ctx) -> Result<Outcome, Trouble> {
        let issue = IssueRef::parse(&self.issue)?;
        let body = self.body(ctx)?;
        if let Some(required) = &self.requires_closed {
            let other = github::issue(ctx, &IssueRef::parse(required)?).await?;
            if !other.is_closed() {
                return Err(Trouble::error(Finding::new(format!(
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
        Ok(Outcome::passed(note))
    }
}

impl Comment {
    /// Made of facts only; a missing one is an error before anything is posted.
    fn body(&self, ctx: &Ctx) -> Result<String, Trouble> {
        let setting = ctx.setting();
        let text = setting.templates.get(&self.template).ok_or_else(|| {
            Trouble::error(Finding::new(format!("no template `{}`", self.template)))
        })?;
        let context = gate::context(&setting.parameters, ctx.facts())
            .map_err(|error| Trouble::error(Finding::new(error.to_string())))?;
        let body = gate::render(text, &context).map_err(|error| {
            Trouble::error(Finding::new(format!(
                "template `{}`: {error}",
                self.template
            )))
        })?;
        if body.chars().count() > MOST {
            return Err(Trouble::error(Finding::new(format!(
                "the comment on {} has {} characters, GitHub takes {MOST}",
                self.issue,
                body.chars().count()
            ))));
        }
        Ok(body)
    }
}
