//! `no-interventions`.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::deployment::before_of;
use crate::model::{Finding, Outcome};
use crate::store::sha256_hex;
use crate::verb::{Act, Ask, Ctx, Declares, Field, VerbError};
use crate::verbs::canary::found::Found;
use crate::verbs::canary::interventions::{self, name_of, protocol};
use crate::verbs::canary::run::{CanaryRun, ReadBack};
use crate::verbs::canary::shape::CanaryResult;
use crate::verbs::fly;
use crate::world::Effect;

/// Shows from what was observed that nobody intervened between the runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoInterventions {
    /// Fact published by `canary`.
    pub canary: String,
    /// The service's application; a command that names another one is no intervention.
    #[serde(default)]
    pub app: String,
    /// Facts with the service's health before the canary. With them, a change while a run is at
    /// work is left to the comparison with them that comes later; without, it is an intervention.
    #[serde(default)]
    pub before: Vec<String>,
    /// Fact published by `remote-count`, with what the service's machines ran before. What they run
    /// now must be the same.
    #[serde(default)]
    pub deployed: Option<String>,
    /// The fact to publish.
    #[serde(rename = "as")]
    pub publish: String,
}

impl Declares for NoInterventions {
    fn publishes(&self) -> Option<&str> {
        Some(&self.publish)
    }

    fn fields(&self) -> Option<Vec<Field>> {
        Some(Field::all([
            "observed: integer",
            "found: list",
            "within_runs: list",
            "not_observable: list",
            "unseen: list",
            "deployed: list",
            "chain: list",
        ]))
    }

    fn reads(&self) -> Vec<&str> {
        let before = self.before.iter().map(String::as_str);
        std::iter::once(self.canary.as_str())
            .chain(before)
            .chain(self.deployed.as_deref())
            .collect()
    }

    fn asks(&self) -> Vec<Ask> {
        let status = self.deployed.iter().map(|_| Ask {
            field: "deployed",
            effect: Effect::Run(fly::status_of(&self.app)),
        });
        status.collect()
    }
}

#[async_trait]
impl Act for NoInterventions {
    async fn act(&self, ctx: &Ctx) -> Result<Outcome, VerbError> {
        let run: CanaryRun = ctx.fact_as(&self.canary)?;
        let names: Vec<&str> = run.results.iter().map(|file| name_of(&file.path)).collect();
        let within = protocol(&run.observations, &names);
        let unseen: Vec<&&str> = names
            .iter()
            .filter(|name| !within.iter().any(|seen| seen.boundary == **name))
            .collect();
        if !unseen.is_empty() {
            return Err(VerbError::error(Finding::new(format!(
                "boundaries were not observed: {unseen:?}"
            ))));
        }
        let results = results(ctx, &run).await?;
        let before = self.before.iter().map(|name| ctx.fact(name).cloned());
        let before = before.collect::<Result<Vec<Value>, VerbError>>()?;
        let mut found = interventions::find(&run, &results, &self.app, &before);
        if let Some(before) = &self.deployed {
            let now = fly::deployment(ctx, &self.app).await?;
            let before = before_of(ctx, before)?;
            found.deployed = now.changes_since(&before);
        }
        let chain = chain(&run, &names);
        ctx.publish(
            &self.publish,
            json!({
                "observed": run.observations.len(),
                "found": found.interventions,
                "within_runs": found.within_runs,
                "not_observable": found.not_observable,
                "unseen": found.unseen,
                "deployed": found.deployed,
                "chain": chain,
            }),
        );
        if !found.deployed.is_empty() && found.interventions.is_empty() {
            let mut finding = Finding::new("the service was deployed anew since it was looked at")
                .remedy("the runs do not count for what is deployed now: run the gate again");
            finding.seen = found.deployed;
            return Ok(Outcome::Blocked(finding));
        }
        if found.interventions.is_empty() && !found.unknown.is_empty() {
            let mut finding = Finding::new("it cannot be told whether somebody intervened");
            finding.seen = found.unknown;
            return Ok(Outcome::Error(finding.remedy(
                "see why the addresses to observe did not answer, then run again",
            )));
        }
        if found.interventions.is_empty() {
            return Ok(Outcome::Passed {
                note: format!(
                    "none in {} observations of {} runs; not observable here: {}",
                    run.observations.len(),
                    names.len(),
                    found.not_observable.join("; ")
                ),
                warnings: warnings(&found),
            });
        }
        let mut finding = Finding::new(format!(
            "{} interventions between the runs",
            found.interventions.len()
        ))
        .remedy("an intervention voids the protocol even if all runs passed: run the gate again and touch nothing");
        finding.seen = found
            .interventions
            .iter()
            .map(ToString::to_string)
            .chain(found.deployed)
            .collect();
        Ok(Outcome::Blocked(finding))
    }
}

/// What whoever reads the verdict should know all the same.
fn warnings(found: &Found) -> Vec<String> {
    let unseen = found
        .unseen
        .iter()
        .map(|what| format!("not observed: {what}"));
    let within = found.within_runs.iter().map(ToString::to_string);
    unseen.chain(within).collect()
}

/// The runs' documents, in order.
async fn results(ctx: &Ctx, run: &CanaryRun) -> Result<Vec<CanaryResult>, VerbError> {
    let mut results = Vec::new();
    for file in &run.results {
        match run.read(ctx, file).await? {
            ReadBack::Result(result) => results.push(*result),
            ReadBack::Refused(why) => {
                let what = format!("`{}` {why}", file.path);
                return Err(VerbError::error(Finding::new(what)));
            }
        }
    }
    Ok(results)
}

/// The runs as a chain: each link holds the digest of the one before, of the document, and of
/// what the run was made with; so none can be exchanged later.
fn chain(run: &CanaryRun, names: &[&str]) -> Vec<Value> {
    let mut previous = String::new();
    let mut links = Vec::new();
    for name in names {
        let Some(seen) = run.observations.iter().find(|seen| seen.boundary == *name) else {
            continue;
        };
        let mut link = json!({
            "run": name,
            "at": seen.at,
            "document": seen.document,
            "made_with": seen.fixed.iter().map(|one| (one.name.clone(), json!(one.sha256))).collect::<serde_json::Map<_, _>>(),
            "pinned": run.pinned,
            "previous": previous,
        });
        previous = sha256_hex(link.to_string().as_bytes());
        link["digest"] = json!(previous);
        links.push(link);
    }
    links
}
