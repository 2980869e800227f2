//! `fix-audit`.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::shared::fix;
use super::{Act, Ctx, Declares, Trouble};
use crate::gate::Outcome;

/// Does what `fix-behaviour` and `fix-proof` do, for one issue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FixAudit {
    /// The issue, `owner/repo#N`.
    pub issue: String,
    /// Directory of the checkout in the workspace.
    pub checkout: String,
    /// Files and directories (ending in `/`) in which behaviour must have changed.
    pub scope: Vec<String>,
    /// Words that the proving test must speak of, all of them.
    pub about: Vec<String>,
    /// The fact to publish.
    #[serde(rename = "as")]
    pub publish: String,
}

impl Declares for FixAudit {
    fn publishes(&self) -> Option<&str> {
        Some(&self.publish)
    }

    fn fields(&self) -> Option<Vec<&str>> {
        Some(fix::FIELDS.into_iter().chain(["proof"]).collect())
    }

    fn starts(&self) -> Vec<&'static str> {
        vec!["gh", "git", "uv"]
    }
}

#[async_trait]
impl Act for FixAudit {
    async fn act(&self, ctx: &Ctx) -> Result<Outcome, Trouble> {
        let fix = fix::behaviour(ctx, &self.issue, &self.checkout, &self.scope).await?;
        let proof = fix::proof(ctx, &fix, &self.checkout, &self.about).await?;
        let note = format!(
            "{}; {} tests fail without the fix and pass with it",
            fix.decision.why,
            proof.fail_to_pass.len()
        );
        let mut fact = serde_json::json!(fix);
        fact["proof"] = serde_json::json!(proof);
        ctx.publish(&self.publish, fact);
        Ok(Outcome::passed(note))
    }
}
