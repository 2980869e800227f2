//! `verify-version`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Declares;

/// Shows that the installed command prints the candidate's version, and that the candidate's tag descends from what it must hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyVersion {
    /// Fact published by `install-candidate`.
    pub install: String,
    /// The line that `--version` must print.
    pub expect: String,
    /// Directory of the checkout in the workspace.
    pub checkout: String,
    /// The candidate's tag.
    pub tag: String,
    /// Commit that the tag must descend from.
    pub descends_from: String,
    /// Facts published by `fix-behaviour` whose commits the tag must hold.
    #[serde(default)]
    pub contains: Vec<String>,
    /// The fact to publish.
    #[serde(rename = "as")]
    pub publish: String,
}

impl Declares for VerifyVersion {
    fn publishes(&self) -> Option<&str> {
        Some(&self.publish)
    }

    fn reads(&self) -> Vec<&str> {
        std::iter::once(&self.install)
            .chain(&self.contains)
            .map(String::as_str)
            .collect()
    }
}
