//! `require-newer`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Declares;

/// Stops unless both sources agree on a candidate newer than the baseline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RequireNewer {
    /// Fact published by `find-candidate`.
    pub candidate: String,
    /// The version that is not new any more.
    pub baseline: String,
}

impl Declares for RequireNewer {
    fn reads(&self) -> Vec<&str> {
        vec![&self.candidate]
    }
}
