//! `require-state`.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{Finding, Outcome};
use crate::verb::{Act, Ctx, Declares, Field, Input, VerbError};
use crate::verbs::github::{self, IssueRef};

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
    /// An invariant was violated; the report says so first, and nothing is repaired.
    Critical,
}

impl Declares for RequireState {
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
impl Act for RequireState {
    async fn act(&self, ctx: &Ctx) -> Result<Outcome, VerbError> {
        let issue = github::issue(ctx, &IssueRef::parse(&self.issue)?).await?;
        let origins = github::origins_of_issue(ctx);
        ctx.publish_from(&self.publish, serde_json::json!(issue), origins);
        let holds = match self.state {
            IssueStateName::Open => issue.state == github::State::Open,
            IssueStateName::Closed => issue.is_closed(),
        };
        if holds {
            return Ok(Outcome::passed(format!(
                "{} is {}",
                self.issue, issue.state
            )));
        }
        let finding = Finding::new(format!("{} is {}", self.issue, issue.state)).seen(issue.url);
        Ok(match self.otherwise {
            Otherwise::Blocked => {
                Outcome::Blocked(finding.remedy("look who changed it, then resume"))
            }
            Otherwise::Critical => Outcome::Critical(finding.remedy(
                "the gate did not do this and does not repair it: find out who did, and decide",
            )),
        })
    }
}
