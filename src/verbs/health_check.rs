//! `health-check`.

use std::collections::BTreeMap;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{Finding, Outcome};
use crate::verb::durations::duration;
use crate::verb::{Act, Ask, Ctx, Declares, VerbError};
use crate::verbs::health::{self, read_health};

/// Reads a health address; one retry on 503 or silence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HealthCheck {
    /// The address.
    pub url: String,
    /// Time within which it must answer.
    pub within: String,
    /// Wait before the one retry.
    pub retry_after: String,
    /// Versions in the answer, with the lowest that will do.
    #[serde(default)]
    pub versions_at_least: BTreeMap<String, String>,
    /// The fact to publish.
    #[serde(rename = "as")]
    pub publish: String,
}

impl Declares for HealthCheck {
    fn publishes(&self) -> Option<&str> {
        Some(&self.publish)
    }

    fn asks(&self) -> Vec<Ask> {
        vec![Ask::read("url", &self.url)]
    }
}

#[async_trait]
impl Act for HealthCheck {
    async fn act(&self, ctx: &Ctx) -> Result<Outcome, VerbError> {
        let page = read_health(
            ctx,
            &self.url,
            duration(&self.within)?,
            duration(&self.retry_after)?,
        )
        .await?;
        let origin = health::origin("", ctx);
        ctx.publish_from(&self.publish, page.clone(), vec![origin]);
        let too_old: Vec<String> = self
            .versions_at_least
            .iter()
            .filter_map(|(name, lowest)| health::too_old(&page, name, lowest))
            .collect();
        if too_old.is_empty() {
            return Ok(Outcome::passed(format!("{} answers 200", self.url)));
        }
        let mut finding = Finding::new(format!("{} reports a version that is too old", self.url))
            .remedy("have the service deployed with it, then resume");
        finding.seen = too_old;
        Ok(Outcome::Blocked(finding))
    }
}
