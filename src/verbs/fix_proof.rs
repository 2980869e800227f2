//! `fix-proof`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Declares;

/// Shows that a fix is proved: a test about the rule fails without it and passes with it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FixProof {
    /// Fact published by `fix-behaviour`.
    pub fix: String,
    /// Directory of the checkout in the workspace.
    pub checkout: String,
    /// Words, one of which the proving test must speak of.
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
}
