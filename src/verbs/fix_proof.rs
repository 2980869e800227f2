//! `fix-proof`.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::audit::TestCommand;
use crate::model::Outcome;
use crate::verb::{Act, Ctx, Declares, Input, VerbError};
use crate::verbs::fix::{self, Fix};

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
    /// Command that runs the tests; `{junit}` and `{tests}` are filled in. Empty: what the
    /// project declares decides, and the evidence says what was chosen.
    #[serde(default)]
    pub tests: String,
    /// Whether the tests may reach the network; what was in force is in the evidence.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub network: bool,
    /// The fact to publish.
    #[serde(rename = "as")]
    pub publish: String,
}

impl Declares for FixProof {
    fn inputs(&self) -> Vec<Input> {
        vec![Input::Checkout(self.checkout.clone())]
    }

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
    async fn act(&self, ctx: &Ctx) -> Result<Outcome, VerbError> {
        let fix: Fix = ctx.fact_as(&self.fix)?;
        let tests = TestCommand::from_line(&self.tests).with_network(self.network);
        let proof = fix::proof(ctx, &fix, &self.checkout, &self.about, tests).await?;
        let note = format!(
            "{} tests fail without the fix and pass with it{}",
            proof.fail_to_pass.len(),
            fix::chosen(&proof)
        );
        ctx.publish(&self.publish, serde_json::json!(proof));
        Ok(Outcome::passed(note))
    }
}
