//! `gather-environment`.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::deployment::{Deployment, before_of};
use crate::model::{Finding, Origin, Outcome, Shape};
use crate::verb::programs::must_succeed;
use crate::verb::{Act, Ask, Ctx, Declares, Field, Input, VerbError};
use crate::verbs::github::STDOUT;
use crate::verbs::{fly, health};
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
    /// Fact published by `remote-count`, with what the app's machines ran before. What they run now
    /// must be the same.
    #[serde(default)]
    pub deployed: Option<String>,
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
    fn inputs(&self) -> Vec<Input> {
        let events = self.events.iter();
        events
            .map(|events| Input::Tags(events.checkout.clone()))
            .collect()
    }

    fn publishes(&self) -> Option<&str> {
        Some(&self.publish)
    }

    fn fields(&self) -> Option<Vec<Field>> {
        let given = self.values.keys().map(|name| format!("{name}: any"));
        let found = [
            "fly_image: text",
            "saas_commit: text",
            "events_version: text",
        ];
        let events = [
            "events_package: text",
            "events_tag: text",
            "events_commit: text",
        ];
        let events = events.into_iter().filter(|_| self.events.is_some());
        let found = found.into_iter().chain(events).map(str::to_owned);
        Some(Field::all(given.chain(found)))
    }

    fn reads(&self) -> Vec<&str> {
        self.deployed.as_deref().into_iter().collect()
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
    async fn act(&self, ctx: &Ctx) -> Result<Outcome, VerbError> {
        let page = health::read_health(ctx, &self.health, HEALTH_WITHIN, HEALTH_RETRY).await?;
        let page_at = ctx.latest();
        let mut values = self.values.clone();
        let deployment = fly::deployment(ctx, &self.app).await?;
        let mut origins = vec![Origin::answer("fly_image", ctx.latest(), STDOUT, "")];
        if let Some(before) = &self.deployed {
            same_deployment(&deployment, &before_of(ctx, before)?)?;
        }
        values.insert("fly_image".to_owned(), deployment.image);
        for (name, key) in [
            ("saas_commit", "git_sha"),
            ("events_version", "spec_kitty_events"),
        ] {
            let inside = format!("/{key}");
            origins.push(Origin::answer(name, page_at, "/value/body", &inside));
            let value = page[key].as_str().unwrap_or_default();
            values.insert(name.to_owned(), value.to_owned());
        }
        if let Some(events) = &self.events {
            let (tag, commit) = events_tag(ctx, events, &values["events_version"]).await?;
            values.insert("events_package".to_owned(), events.package.clone());
            values.insert("events_tag".to_owned(), tag);
            values.insert("events_commit".to_owned(), commit);
        }
        fits(&values)?;
        ctx.publish_from(&self.publish, serde_json::json!(values), origins);
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

/// Each value is what its name says, or unknown: comments quote them.
fn fits(values: &BTreeMap<String, String>) -> Result<(), VerbError> {
    let fault = |(name, value): (&String, &String)| {
        let fault = Shape::of_name(name)
            .fault(value)
            .filter(|_| !is_unknown(value))?;
        Some(format!("{name}: {fault}"))
    };
    let faults: Vec<String> = values.iter().filter_map(fault).collect();
    if faults.is_empty() {
        return Ok(());
    }
    let mut finding = Finding::new(format!(
        "{} values are not what they should be",
        faults.len()
    ))
    .remedy("look what the service, flyctl and the tags say of themselves, then resume");
    finding.seen = faults;
    Err(VerbError::error(finding))
}

/// What is deployed must be what the runs were made with.
fn same_deployment(now: &Deployment, before: &Deployment) -> Result<(), VerbError> {
    let changes = now.changes_since(before);
    if changes.is_empty() {
        return Ok(());
    }
    let mut finding = Finding::new("the service was deployed anew since the runs began")
        .remedy("the runs do not count for what is deployed now: run the gate again");
    finding.seen = changes;
    Err(VerbError::blocked(finding))
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
) -> Result<(String, String), VerbError> {
    let tag = format!("v{version}");
    let commit = format!("refs/tags/{tag}^{{commit}}");
    let mut program = Program::new(["git", "rev-parse", "--verify", "--end-of-options", &commit]);
    program.cwd = Place::workspace(&events.checkout);
    let finished = must_succeed(ctx, program).await?;
    Ok((tag, finished.stdout.text.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_of_another_kind_is_refused_and_an_unknown_one_is_not() {
        let values = |commit: &str| {
            [
                ("saas_commit", commit),
                ("fly_image", "registry.fly.io/app:x"),
                ("cli", "3.2.0rc16"),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into()
        };
        for known in ["5b1f0a7c93d24e86a0c7f1d2b3e4958671a2c3d4", "unknown", ""] {
            assert!(fits(&values(known)).is_ok(), "{known}");
        }
        for hostile in ["x` | @all", "[a](https://evil.example)", "main"] {
            let outcome = fits(&values(hostile)).unwrap_err().outcome();
            let seen = &outcome.finding().unwrap().seen;
            assert!(seen[0].starts_with("saas_commit: "), "{seen:?}");
        }
    }
}
