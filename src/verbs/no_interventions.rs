//! `no-interventions`.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::shared::canary_run::CanaryRun;
use super::{Act, Ctx, Declares, Trouble};
use crate::gate::{Finding, Outcome};
use crate::world::Observation;

/// Shows from what was observed that nobody intervened between the runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoInterventions {
    /// Fact published by `canary`.
    pub canary: String,
    /// The fact to publish.
    #[serde(rename = "as")]
    pub publish: String,
}

impl Declares for NoInterventions {
    fn publishes(&self) -> Option<&str> {
        Some(&self.publish)
    }

    fn reads(&self) -> Vec<&str> {
        vec![&self.canary]
    }
}

/// One thing that changed and should not have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Intervention {
    what: String,
    /// The two moments between which it happened.
    between: [String; 2],
    before: String,
    after: String,
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
        let found: Vec<Intervention> = within
            .windows(2)
            .flat_map(|pair| changes(&pair[0], &pair[1]))
            .collect();
        ctx.publish(
            &self.publish,
            serde_json::json!({ "observed": within.len(), "found": found }),
        );
        if found.is_empty() {
            let warnings = redeployed(within);
            return Ok(Outcome::Passed {
                note: format!("none in {} observations", within.len()),
                warnings,
            });
        }
        let mut finding = Finding::new(format!("{} interventions between the runs", found.len()))
            .remedy("an intervention voids the protocol even if all runs passed: run the gate again and touch nothing");
        finding.seen = found.iter().map(told).collect();
        Ok(Outcome::Blocked(finding))
    }
}

fn name_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// From the end of the first run to the end of the last.
fn protocol<'a>(observations: &'a [Observation], names: &[&str]) -> &'a [Observation] {
    let at = |name: &str| observations.iter().position(|seen| seen.boundary == name);
    let first = names.first().and_then(|name| at(name));
    let last = names.last().and_then(|name| at(name));
    match (first, last) {
        (Some(first), Some(last)) if first <= last => &observations[first..=last],
        _ => &[],
    }
}

/// The sync daemons live through all runs, and nothing of theirs is ever deleted by the product.
fn changes(before: &Observation, after: &Observation) -> Vec<Intervention> {
    let note = |what: String, old: String, new: String| Intervention {
        what,
        between: [
            format!("{} {}", before.boundary, before.at),
            format!("{} {}", after.boundary, after.at),
        ],
        before: old,
        after: new,
    };
    let mut found = Vec::new();
    for daemon in &before.processes {
        if !after
            .processes
            .iter()
            .any(|other| other.identity == daemon.identity)
        {
            let now: Vec<u32> = after
                .processes
                .iter()
                .map(|other| other.identity.pid)
                .collect();
            found.push(note(
                "sync daemon was ended".to_owned(),
                format!("pid {}", daemon.identity.pid),
                format!("pids {now:?}"),
            ));
        }
    }
    for daemon in &after.processes {
        if !before.processes.is_empty()
            && !before
                .processes
                .iter()
                .any(|other| other.identity == daemon.identity)
        {
            found.push(note(
                "sync daemon was started".to_owned(),
                "–".to_owned(),
                format!("pid {}", daemon.identity.pid),
            ));
        }
    }
    for file in &before.files {
        match after.files.iter().find(|other| other.path == file.path) {
            None => found.push(note(
                format!("{} was deleted", file.path),
                format!("sha256:{}", file.sha256),
                "–".to_owned(),
            )),
            Some(other) if is_owner_record(file.path.as_str()) && other.sha256 != file.sha256 => {
                found.push(note(
                    format!("{} was changed", file.path),
                    file.sha256.clone(),
                    other.sha256.clone(),
                ));
            }
            Some(_) => {}
        }
    }
    found
}

fn is_owner_record(path: &str) -> bool {
    path.ends_with("/daemon/owner.json")
}

/// A deploy while the runs went on is told here; the health snapshot afterwards judges it.
fn redeployed(observations: &[Observation]) -> Vec<String> {
    let commit = |seen: &Observation| {
        let page = seen.answers.first()?.as_ref().ok()?;
        serde_json::from_str::<serde_json::Value>(&page.body).ok()?["git_sha"]
            .as_str()
            .map(str::to_owned)
    };
    let changed = |pair: &[Observation]| match (commit(&pair[0]), commit(&pair[1])) {
        (Some(old), Some(new)) if old != new => Some(format!(
            "the service was deployed anew before {}: {old} → {new}",
            pair[1].boundary
        )),
        _ => None,
    };
    observations.windows(2).filter_map(changed).collect()
}

fn told(found: &Intervention) -> String {
    format!(
        "{}: {} → {}, between {} and {}",
        found.what, found.before, found.after, found.between[0], found.between[1]
    )
}
