//! `find-candidate`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Declares;

/// Finds the newest candidate of a line, on the package index and among GitHub's releases.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FindCandidate {
    /// Name of the package.
    pub package: String,
    /// The release line, such as `3.2.0`.
    pub line: String,
    /// The repository whose releases count, `owner/repo`.
    pub repository: String,
    /// The fact to publish.
    #[serde(rename = "as")]
    pub publish: String,
}

impl Declares for FindCandidate {
    fn publishes(&self) -> Option<&str> {
        Some(&self.publish)
    }
}
