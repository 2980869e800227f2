//! `health-unchanged`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Declares, Param};

/// Takes the health again and shows that the service is the same as before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HealthUnchanged {
    /// Address of the health page.
    pub health: String,
    /// Address of the readiness page.
    pub ready: String,
    /// Fact published by `health-check`.
    pub before: String,
    /// Keys of the health page that must not have changed.
    pub same: Vec<String>,
    /// Counts in the readiness page that must have these values.
    pub counts: BTreeMap<String, Param<i64>>,
    /// The fact to publish.
    #[serde(rename = "as")]
    pub publish: String,
}

impl Declares for HealthUnchanged {
    fn publishes(&self) -> Option<&str> {
        Some(&self.publish)
    }

    fn reads(&self) -> Vec<&str> {
        vec![&self.before]
    }
}
