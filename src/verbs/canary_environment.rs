//! `canary-environment`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Declares, Param};

/// Builds the canary's environment and shows that the installed command answers in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CanaryEnvironment {
    /// Fact published by `install-candidate`.
    pub install: String,
    /// Variables to set.
    pub variables: BTreeMap<String, String>,
    /// Names of the operator's variables that pass through.
    pub pass: Param<Vec<String>>,
    /// The fact to publish.
    #[serde(rename = "as")]
    pub publish: String,
}

impl Declares for CanaryEnvironment {
    fn publishes(&self) -> Option<&str> {
        Some(&self.publish)
    }

    fn reads(&self) -> Vec<&str> {
        vec![&self.install]
    }
}
