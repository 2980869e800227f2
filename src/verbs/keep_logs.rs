//! `keep-logs`.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::pytest_suite::SuiteRun;
use crate::model::{Finding, Outcome, numbered_paths};
use crate::verb::{Act, Ctx, Declares, Field, Leaves, VerbError};
use crate::world::{FileFailure, ListFiles, Place, WorldError};

/// More files of one name than this mean that something else is wrong.
const MOST: u32 = 999;

/// Shows that the logs of all runs are there and show passing, and leaves copies where readers look.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeepLogs {
    /// Facts published by `pytest-suite`.
    pub runs: Vec<String>,
    /// Where readers look for the logs, such as `/tmp/run-{1..4}.log`, one path for each run: each
    /// gets a copy, made new. Where something stands already, a number goes behind the name.
    /// Without it, or empty, none is left.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub readers: String,
    /// The fact to publish.
    #[serde(rename = "as")]
    pub publish: String,
}

impl Declares for KeepLogs {
    fn publishes(&self) -> Option<&str> {
        Some(&self.publish)
    }

    fn fields(&self) -> Option<Vec<Field>> {
        Some(Field::all(["root: text", "names: list", "readers: list"]))
    }

    fn leaves(&self) -> Option<Leaves<'_>> {
        (!self.readers.is_empty()).then_some(Leaves {
            field: "readers",
            pattern: &self.readers,
            count: self.runs.len(),
        })
    }

    fn reads(&self) -> Vec<&str> {
        self.runs.iter().map(String::as_str).collect()
    }
}

#[async_trait]
impl Act for KeepLogs {
    async fn act(&self, ctx: &Ctx) -> Result<Outcome, VerbError> {
        let root = Place::run("teamspace");
        let files = ctx
            .list(ListFiles {
                root: root.clone(),
                include: vec!["*.log".to_owned()],
            })
            .await?;
        let mut runs: Vec<SuiteRun> = Vec::new();
        let mut problems = Vec::new();
        for fact in &self.runs {
            let run: SuiteRun = ctx.fact_as(fact)?;
            let kept = files
                .iter()
                .any(|file| file.path == run.log && file.sha256 == run.log_sha256);
            if !kept {
                problems.push(format!(
                    "{fact}: log {} is missing or was changed",
                    run.log.file_name()
                ));
            }
            if !run.passed || run.report.ran == 0 {
                problems.push(format!("{fact}: its log does not show passing"));
            }
            runs.push(run);
        }
        if !problems.is_empty() {
            let mut finding = Finding::new("the logs of the Teamspace runs are not complete");
            finding.seen = problems;
            return Ok(Outcome::Blocked(finding));
        }
        let left = self.leave_all(ctx, &runs).await?;
        let names: Vec<&str> = files.iter().map(|file| file.path.file_name()).collect();
        ctx.publish(
            &self.publish,
            serde_json::json!({ "root": root, "names": names, "readers": left.paths }),
        );
        let note = format!("{} logs kept, all show passing", runs.len());
        let note = match left.paths.as_slice() {
            [] => note,
            paths => format!("{note}; copies at {}", paths.join(", ")),
        };
        Ok(Outcome::Passed {
            note,
            warnings: left.taken,
        })
    }
}

/// Where copies were left.
#[derive(Debug, Default)]
struct Left {
    paths: Vec<String>,
    /// Names that were taken, and which one was used instead.
    taken: Vec<String>,
}

impl KeepLogs {
    /// Leaves a copy of each log where readers look.
    async fn leave_all(&self, ctx: &Ctx, runs: &[SuiteRun]) -> Result<Left, VerbError> {
        let wanted = numbered_paths(&self.readers)
            .ok()
            .filter(|paths| paths.is_empty() || paths.len() == runs.len())
            .ok_or_else(|| {
                let what = format!("`{}` is no path for each log", self.readers);
                VerbError::error(Finding::new(what).remedy("correct `readers`"))
            })?;
        let mut left = Left::default();
        for (run, path) in runs.iter().zip(&wanted) {
            let at = leave(ctx, &run.log, path).await?;
            if at != *path {
                left.taken.push(format!(
                    "something stands at {path} already; the log is {at}"
                ));
            }
            left.paths.push(at);
        }
        Ok(left)
    }
}

/// Leaves a log under the first of `path`, `path.2`, `path.3`, … that is free.
async fn leave(ctx: &Ctx, log: &Place, path: &str) -> Result<String, VerbError> {
    for number in 1..=MOST {
        let name = match number {
            1 => path.to_owned(),
            _ => format!("{path}.{number}"),
        };
        match ctx.leave(log.clone(), Place::new(name.as_str())).await {
            Ok(_) => return Ok(name),
            Err(WorldError::File {
                kind: FileFailure::AlreadyExists,
                ..
            }) => {}
            Err(error @ WorldError::File { .. }) => return Err(not_left(path, &error)),
            Err(error) => return Err(error.into()),
        }
    }
    let what = format!("{MOST} files named as {path} are there already");
    Err(VerbError::error(
        Finding::new(what).remedy("move old ones away"),
    ))
}

fn not_left(path: &str, error: &WorldError) -> VerbError {
    let finding = Finding::new(format!("the log for readers cannot be left at {path}"))
        .seen(error.to_string())
        .remedy("make its directory one that can be written; or set `readers` of the subtask (in the built-in gate the parameter `teamspace.readers_logs`) to other paths, or to nothing to leave none");
    VerbError::error(finding)
}
