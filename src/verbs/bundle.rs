//! `bundle`.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::shared::attempt;
use super::{Act, Ctx, Declares, Trouble};
use crate::gate::Outcome;
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

fn yes() -> bool {
    true
}

impl Declares for Bundle {
    fn publishes(&self) -> Option<&str> {
        Some(&self.publish)
    }

    fn fields(&self) -> Option<Vec<&str>> {
        Some(vec!["attempt", "place", "name", "sha256", "bytes"])
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
}

#[async_trait]
impl Act for Bundle {
    async fn act(&self, ctx: &Ctx) -> Result<Outcome, Trouble> {
        let attempt = if self.numbered {
            attempt::claim(ctx, &self.attempt).await?
        } else {
            attempt::claim_exactly(ctx, &self.attempt).await?
        };
        let evidence = attempt.beside.join("evidence");
        self.gather(ctx, &evidence).await?;
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
        };
        ctx.publish(&self.publish, serde_json::json!(packed));
        Ok(Outcome::passed(note))
    }
}

impl Bundle {
    async fn gather(&self, ctx: &Ctx, evidence: &Place) -> Result<(), Trouble> {
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
        let manifest = manifest(ctx, evidence).await?;
        ctx.write(evidence.join("manifest.json"), manifest).await?;
        Ok(())
    }
}

/// What the archive holds, so that whoever unpacks it can tell whether it is all there.
async fn manifest(ctx: &Ctx, evidence: &Place) -> Result<String, Trouble> {
    let all = ListFiles {
        root: evidence.clone(),
        include: Vec::new(),
    };
    let below = format!("{evidence}/");
    let mut files: Vec<_> = ctx
        .list(all)
        .await?
        .into_iter()
        .map(|file| {
            let path = file.path.as_str();
            let path = path.strip_prefix(&below).unwrap_or(path).to_owned();
            (path, file.bytes, file.sha256)
        })
        .collect();
    files.sort();
    let files: Vec<_> = files
        .into_iter()
        .map(|(path, bytes, sha256)| {
            serde_json::json!({ "path": path, "bytes": bytes, "sha256": sha256 })
        })
        .collect();
    Ok(serde_json::to_string_pretty(&files).unwrap_or_default())
}
