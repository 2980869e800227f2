//! `no-interventions`.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::shared::canary_result::CanaryResult;
use super::shared::canary_run::{CanaryRun, ReadBack};
use super::shared::interventions::{self, Found, name_of, protocol};
use super::{Act, Ctx, Declares, Trouble};
use crate::gate::{Finding, Outcome};
use crate::journal::sha256_hex;

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
    /// The fact to publish.
    #[serde(rename = "as")]
    pub publish: String,
}

impl Declares for NoInterventions {
    fn publishes(&self) -> Option<&str> {
        Some(&self.publish)
    }

    fn fields(&self) -> Option<Vec<&str>> {
        Some(vec![
            "observed",
            "found",
            "within_runs",
            "not_observable",
            "unseen",
            "chain",
        ])
    }

    fn reads(&self) -> Vec<&str> {
        let before = self.before.iter().map(String::as_str);
        std::iter::once(self.canary.as_str())
            .chain(before)
            .collect()
    }
}

#[async_trait]
impl Act for NoInterventions {
    async fn act(&self, ctx: &Ctx) -> Result<Outcome, Trouble> {
        let run: CanaryRun = ctx.fact_as(&self.canary)?;
        let names: Vec<&str> = run.results.iter().map(|file| name_of(&file.path)).collect();
        let within = protocol(&run.observations, &names);
        let unseen: Vec<&&str> = names
            .iter()
            .filter(|name| !within.iter().any(|seen| seen.boundary == **name))
            .collect();
        if !unseen.is_empty() {
            return Err(Trouble::error(Finding::new(format!(
                "boundaries were not observed: {unseen:?}"
            ))));
        }
        let results = results(ctx, &run).await?;
        let before = self.before.iter().map(|name| ctx.fact(name).cloned());
        let before = before.collect::<Result<Vec<Value>, Trouble>>()?;
        let found = interventions::find(&run, &results, &self.app, &before);
        let chain = chain(&run, &names);
        ctx.publish(
            &self.publish,
            json!({
                "observed": run.observations.len(),
                "found": found.interventions,
                "within_runs": found.within_runs,
                "not_observable": found.not_observable,
                "unseen": found.unseen,
                "chain": chain,
            }),
        );
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
async fn results(ctx: &Ctx, run: &CanaryRun) -> Result<Vec<CanaryResult>, Trouble> {
    let mut results = Vec::new();
    for file in &run.results {
        match run.read(ctx, file).await? {
            ReadBack::Result(result) => results.push(*result),
            ReadBack::Refused(why) => {
                let what = format!("`{}` {why}", file.path);
                return Err(Trouble::error(Finding::new(what)));
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
