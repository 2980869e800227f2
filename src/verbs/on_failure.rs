//! `on-failure`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Declares, Write};

/// Keeps the evidence of a failed canary, then re-opens the issues that the triage names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OnFailure {
    /// Fact published by `canary`.
    pub canary: String,
    /// Name of the attempt directory, before `-attempt<N>`.
    pub attempt: String,
}

impl Declares for OnFailure {
    fn reads(&self) -> Vec<&str> {
        vec![&self.canary]
    }

    fn writes(&self) -> Vec<Write<'_>> {
        vec![Write::TriagedIssues]
    }
}
