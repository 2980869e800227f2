//! `gather-environment`.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::shared::programs::must_succeed;
use super::shared::{fly, health};
use super::{Act, Ask, Ctx, Declares, Trouble};
use crate::gate::{Finding, Outcome};
use crate::world::{Place, Program};

/// Gathers what ran against what: candidate, image, commits, versions. Nothing may be unknown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GatherEnvironment {
    /// Name of the Fly app.
    pub app: String,
    /// Address of the health page.
    pub health: String,
    /// Further values, by name.
    pub values: BTreeMap<String, String>,
    /// Package and checkout of the events library, for its tag and commit.
    #[serde(default)]
    pub events: Option<EventsSource>,
    /// The fact to publish.
    #[serde(rename = "as")]
    pub publish: String,
}

/// Where the events library's tag and commit come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EventsSource {
    /// Name of the package.
    pub package: String,
    /// Directory of the checkout in the workspace.
    pub checkout: String,
}

impl Declares for GatherEnvironment {
    fn publishes(&self) -> Option<&str> {
        Some(&self.publish)
    }

    fn fields(&self) -> Option<Vec<&str>> {
        let given = self.values.keys().map(String::as_str);
        let found = ["fly_image", "saas_commit", "events_version"];
        let events = ["events_package", "events_tag", "events_commit"];
        let events = events.into_iter().filter(|_| self.events.is_some());
        Some(given.chain(found).chain(events).collect())
    }

    fn asks(&self) -> Vec<Ask> {
        vec![Ask::read("health", &self.health)]
    }

    fn starts(&self) -> Vec<&'static str> {
        let tag = self.events.is_some().then_some("git");
        tag.into_iter().chain(["flyctl"]).collect()
    }
}

const HEALTH_WITHIN: Duration = Duration::from_secs(10);
const HEALTH_RETRY: Duration = Duration::from_secs(15);

#[async_trait]
impl Act for GatherEnvironment {
    async fn act(&self, ctx: &Ctx) -> Result<Outcome, Trouble> {
        let page = health::read_health(ctx, &self.health, HEALTH_WITHIN, HEALTH_RETRY).await?;
        let mut values = self.values.clone();
        values.insert("fly_image".to_owned(), fly::image(ctx, &self.app).await?);
        for (name, key) in [
            ("saas_commit", "git_sha"),
            ("events_version", "spec_kitty_events"),
        ] {
            let value = page[key].as_str().unwrap_or_default();
            values.insert(name.to_owned(), value.to_owned());
        }
        if let Some(events) = &self.events {
            let (tag, commit) = events_tag(ctx, events, &values["events_version"]).await?;
            values.insert("events_package".to_owned(), events.package.clone());
            values.insert("events_tag".to_owned(), tag);
            values.insert("events_commit".to_owned(), commit);
        }
        ctx.publish(&self.publish, serde_json::json!(values));
        let unknown: Vec<String> = values
            .iter()
            .filter(|(_, value)| is_unknown(value))
            .map(|(name, _)| name.clone())
            .collect();
        if unknown.is_empty() {
            return Ok(Outcome::passed(format!("{} values known", values.len())));
        }
        let mut finding = Finding::new(format!("{} values are unknown", unknown.len()));
        finding.seen = unknown;
        Ok(Outcome::Blocked(finding))
    }
}

fn is_unknown(value: &str) -> bool {
    matches!(
        value.trim().to_lowercase().as_str(),
        "" | "unknown" | "none" | "null" | "dirty"
    )
}

/// The tag of the deployed events version, and its commit.
async fn events_tag(
    ctx: &Ctx,
    events: &EventsSource,
    version: &str,
) -> Result<(String, String), Trouble> {
    let tag = format!("v{version}");
    let commit = format!("refs/tags/{tag}^{{commit}}");
    let mut program = Program::new(["git", "rev-parse", "--verify", "--end-of-options", &commit]);
    program.cwd = Place::workspace(&events.checkout);
    let finished = must_succeed(ctx, program).await?;
    Ok((tag, finished.stdout.text.trim().to_owned()))
}
