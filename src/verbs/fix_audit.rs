//! `fix-audit`.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::audit::TestCommand;
use crate::model::Outcome;
use crate::verb::{Act, Ctx, Declares, Field, Input, VerbError};
use crate::verbs::fix;

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

impl Declares for FixAudit {
    fn inputs(&self) -> Vec<Input> {
        vec![Input::Checkout(self.checkout.clone())]
    }

    fn publishes(&self) -> Option<&str> {
        Some(&self.publish)
    }

    fn fields(&self) -> Option<Vec<Field>> {
        Some(Field::all(fix::FIELDS.into_iter().chain(["proof: table"])))
    }

    fn starts(&self) -> Vec<&'static str> {
        vec!["gh", "git", "uv"]
    }
}

#[async_trait]
impl Act for FixAudit {
    async fn act(&self, ctx: &Ctx) -> Result<Outcome, VerbError> {
        let fix = fix::behaviour(ctx, &self.issue, &self.checkout, &self.scope).await?;
        let tests = TestCommand::from_line(&self.tests).with_network(self.network);
        let proof = fix::proof(ctx, &fix, &self.checkout, &self.about, tests).await?;
        let note = format!(
            "{}; {} tests fail without the fix and pass with it{}",
            fix.decision.why,
            proof.fail_to_pass.len(),
            fix::chosen(&proof)
        );
        let mut fact = serde_json::json!(fix);
        fact["proof"] = serde_json::json!(proof);
        ctx.publish(&self.publish, fact);
        Ok(Outcome::passed(note))
    }
}
