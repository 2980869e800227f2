//! `require-equal`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Declares;

/// Stops unless a fact has exactly this value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RequireEqual {
    /// Dotted path.
    pub fact: String,
    /// The value.
    pub equals: serde_json::Value,
}

impl Declares for RequireEqual {
    fn reads(&self) -> Vec<&str> {
        vec![&self.fact]
    }
}
