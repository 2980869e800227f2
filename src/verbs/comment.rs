//! `comment`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Declares, Write};

/// Posts a comment made of facts, once, and reads it back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Comment {
    /// The issue, `owner/repo#N`.
    pub issue: String,
    /// Name of the template.
    pub template: String,
    /// An issue that must be closed before.
    #[serde(default)]
    pub requires_closed: Option<String>,
    /// The fact to publish.
    #[serde(rename = "as")]
    pub publish: String,
}

impl Declares for Comment {
    fn publishes(&self) -> Option<&str> {
        Some(&self.publish)
    }

    fn writes(&self) -> Vec<Write<'_>> {
        vec![Write::Comment(&self.issue)]
    }
}
