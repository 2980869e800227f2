//! `fix-proof`.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::shared::fix::{self, Fix};
use super::{Act, Ctx, Declares, Trouble};
use crate::gate::Outcome;

/// Shows that a fix is proved: a test about the rule fails without it and passes with it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FixProof {
    /// Fact published by `fix-behaviour`.
    pub fix: String,
    /// Directory of the checkout in the workspace.
    pub checkout: String,
    /// Words that the proving test must speak of, all of them.
    pub about: Vec<String>,
    /// The fact to publish.
    #[serde(rename = "as")]
    pub publish: String,
}

impl Declares for FixProof {
    fn publishes(&self) -> Option<&str> {
        Some(&self.publish)
    }

    fn reads(&self) -> Vec<&str> {
        vec![&self.fix]
    }

    fn starts(&self) -> Vec<&'static str> {
        vec!["git", "uv"]
    }
}

#[async_trait]
impl Act for FixProof {
    async fn act(&self, ctx: &Ctx) -> Result<Outcome, Trouble> {
        let fix: Fix = ctx.fact_as(&self.fix)?;
        let proof = fix::proof(ctx, &fix, &self.checkout, &self.about).await?;
        let note = format!(
            "{} tests fail without the fix and pass with it",
            proof.fail_to_pass.len()
        );
        ctx.publish(&self.publish, serde_json::json!(proof));
        Ok(Outcome::passed(note))
    }
}
