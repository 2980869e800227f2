//! `fix-behaviour`.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::Outcome;
use crate::verb::{Act, Ctx, Declares, Field, Input, VerbError};
use crate::verbs::fix;

/// Finds the change that last closed an issue and shows that it changes behaviour in scope.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FixBehaviour {
    /// The issue, `owner/repo#N`.
    pub issue: String,
    /// Directory of the checkout in the workspace.
    pub checkout: String,
    /// Files and directories (ending in `/`) in which behaviour must have changed.
    pub scope: Vec<String>,
    /// The fact to publish.
    #[serde(rename = "as")]
    pub publish: String,
}

impl Declares for FixBehaviour {
    fn inputs(&self) -> Vec<Input> {
        vec![Input::Checkout(self.checkout.clone())]
    }

    fn publishes(&self) -> Option<&str> {
        Some(&self.publish)
    }

    fn fields(&self) -> Option<Vec<Field>> {
        Some(Field::all(fix::FIELDS))
    }

    fn starts(&self) -> Vec<&'static str> {
        vec!["gh", "git"]
    }
}

#[async_trait]
impl Act for FixBehaviour {
    async fn act(&self, ctx: &Ctx) -> Result<Outcome, VerbError> {
        let fix = fix::behaviour(ctx, &self.issue, &self.checkout, &self.scope).await?;
        let note = format!("{}: {}", fix.decision.verdict.word(), fix.decision.why);
        ctx.publish(&self.publish, serde_json::json!(fix));
        Ok(Outcome::passed(note))
    }
}
