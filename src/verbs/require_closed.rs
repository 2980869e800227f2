//! `require-closed`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Declares;

/// Stops unless each issue is closed as done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RequireClosed {
    /// Facts published by `issue-state`.
    pub issues: Vec<String>,
}

impl Declares for RequireClosed {
    fn reads(&self) -> Vec<&str> {
        self.issues.iter().map(String::as_str).collect()
    }
}
