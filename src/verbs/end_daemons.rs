//! `end-daemons`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Declares;

/// Ends orphan daemons that match a process rule of the gate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EndDaemons {
    /// Name of the process rule.
    pub process: String,
    /// The fact to publish.
    #[serde(rename = "as")]
    pub publish: String,
}

impl Declares for EndDaemons {
    fn publishes(&self) -> Option<&str> {
        Some(&self.publish)
    }

    fn ends(&self) -> Option<&str> {
        Some(&self.process)
    }
}
