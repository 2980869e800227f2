//! `bundle`.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{Finding, Outcome};
use crate::verb::{Act, Ctx, Declares, Field, VerbError};
use crate::verbs::canary::run::CanaryRun;
use crate::verbs::evidence_directory;
use crate::world::{ListFiles, Place};

/// Keeps the evidence in the attempt directory and packs it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bundle {
    /// Name of the archive, without its ending.
    pub name: String,
    /// Name of the attempt directory.
    pub attempt: String,
    /// Whether `-attempt<N>` is added, with the first free number.
    #[serde(default = "yes")]
    pub numbered: bool,
    /// Facts published by `canary`.
    #[serde(default)]
    pub canaries: Vec<String>,
    /// Fact published by `keep-logs`.
    #[serde(default)]
    pub logs: Option<String>,
    /// The fact to publish.
    #[serde(rename = "as")]
    pub publish: String,
}

/// The directory of an attempt that holds what was kept.
const EVIDENCE: &str = "evidence";

fn yes() -> bool {
    true
}

impl Declares for Bundle {
    fn publishes(&self) -> Option<&str> {
        Some(&self.publish)
    }

    fn fields(&self) -> Option<Vec<Field>> {
        Some(Field::all([
            "attempt: text",
            "place: text",
            "name: text",
            "sha256: text",
            "bytes: integer",
            "results: list",
        ]))
    }

    fn reads(&self) -> Vec<&str> {
        self.canaries
            .iter()
            .chain(&self.logs)
            .map(String::as_str)
            .collect()
    }
}

/// What `bundle` publishes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Packed {
    attempt: String,
    place: Place,
    name: String,
    sha256: String,
    bytes: u64,
    /// The results of the canaries' runs, in their order.
    results: Vec<KeptResult>,
}

/// A run's result as it is in the evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct KeptResult {
    /// Path from the directory that holds all attempts.
    path: String,
    sha256: String,
}

#[async_trait]
impl Act for Bundle {
    async fn act(&self, ctx: &Ctx) -> Result<Outcome, VerbError> {
        let attempt = if self.numbered {
            evidence_directory::claim(ctx, &self.attempt).await?
        } else {
            evidence_directory::claim_exactly(ctx, &self.attempt).await?
        };
        let evidence = attempt.beside.join(EVIDENCE);
        let files = self.gather(ctx, &evidence).await?;
        let results = self.results(ctx, &attempt.name, &files)?;
        let name = format!("{}.tar.gz", self.name.replace('/', "-"));
        let place = attempt.place.join(&name);
        let parts = vec![(
            self.name.replace('/', "-"),
            ListFiles {
                root: evidence,
                include: Vec::new(),
            },
        )];
        let archive = ctx.pack(parts, attempt.beside.join(&name)).await?;
        attempt.finish(ctx).await?;
        let note = format!("{name} sha256:{}", archive.sha256);
        let packed = Packed {
            attempt: attempt.name,
            place,
            name,
            sha256: archive.sha256,
            bytes: archive.bytes,
            results,
        };
        ctx.publish(&self.publish, serde_json::json!(packed));
        Ok(Outcome::passed(note))
    }
}

impl Bundle {
    async fn gather(&self, ctx: &Ctx, evidence: &Place) -> Result<Vec<Kept>, VerbError> {
        let mut parts = Vec::new();
        if !self.canaries.is_empty() {
            parts.extend(["candidate", "canary", "logs"].map(str::to_owned));
        }
        if let Some(logs) = &self.logs {
            match ctx.fact(logs)?["skipped"].as_str() {
                Some(why) => {
                    ctx.write(evidence.join("skipped.md"), format!("{why}\n"))
                        .await?;
                }
                None => parts.push("teamspace".to_owned()),
            }
        }
        for part in parts {
            let from = ListFiles {
                root: Place::run(&part),
                include: Vec::new(),
            };
            ctx.keep(from, evidence.join(&part)).await?;
        }
        let facts: Vec<_> = ctx.facts().iter().collect();
        let facts = serde_json::to_string_pretty(&facts).unwrap_or_default();
        ctx.write(evidence.join("facts.json"), facts).await?;
        let files = kept(ctx, evidence).await?;
        let manifest = serde_json::to_string_pretty(&files).unwrap_or_default();
        ctx.write(evidence.join("manifest.json"), manifest).await?;
        Ok(files)
    }

    /// Where each run's result is; one that is missing is no evidence.
    fn results(
        &self,
        ctx: &Ctx,
        attempt: &str,
        files: &[Kept],
    ) -> Result<Vec<KeptResult>, VerbError> {
        let mut results = Vec::new();
        for canary in &self.canaries {
            let run: CanaryRun = ctx.fact_as(canary)?;
            for result in &run.results {
                let place = run.kept.join(&result.path);
                let below = place.as_str().strip_prefix(Place::RUN);
                let below = below.unwrap_or_default().trim_start_matches('/');
                let file = files.iter().find(|file| file.path == below);
                let file = file.ok_or_else(|| {
                    let what = format!("{canary}: {} is not in the evidence", result.path);
                    VerbError::error(Finding::new(what).remedy("run the canary again"))
                })?;
                results.push(KeptResult {
                    path: format!("{attempt}/{EVIDENCE}/{below}"),
                    sha256: file.sha256.clone(),
                });
            }
        }
        Ok(results)
    }
}

/// A file of the evidence, as the manifest lists it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Kept {
    /// Path in the evidence.
    path: String,
    bytes: u64,
    sha256: String,
}

/// What the archive holds, so that whoever unpacks it can tell whether it is all there.
async fn kept(ctx: &Ctx, evidence: &Place) -> Result<Vec<Kept>, VerbError> {
    let all = ListFiles {
        root: evidence.clone(),
        include: Vec::new(),
    };
    let below = format!("{evidence}/");
    let files = ctx.list(all).await?.into_iter().map(|file| {
        let path = file.path.as_str();
        Kept {
            path: path.strip_prefix(&below).unwrap_or(path).to_owned(),
            bytes: file.bytes,
            sha256: file.sha256,
        }
    });
    let mut files: Vec<Kept> = files.collect();
    files.sort();
    Ok(files)
}
