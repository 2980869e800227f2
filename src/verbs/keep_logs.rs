//! `keep-logs`.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::pytest_suite::SuiteRun;
use super::{Act, Ctx, Declares, Trouble};
use crate::gate::{Finding, Outcome};
use crate::world::{ListFiles, Place};

/// Shows that the logs of all runs are there and show passing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeepLogs {
    /// Facts published by `pytest-suite`.
    pub runs: Vec<String>,
    /// The fact to publish.
    #[serde(rename = "as")]
    pub publish: String,
}

impl Declares for KeepLogs {
    fn publishes(&self) -> Option<&str> {
        Some(&self.publish)
    }

    fn fields(&self) -> Option<Vec<&str>> {
        Some(vec!["root", "names"])
    }

    fn reads(&self) -> Vec<&str> {
        self.runs.iter().map(String::as_str).collect()
    }
}

#[async_trait]
impl Act for KeepLogs {
    async fn act(&self, ctx: &Ctx) -> Result<Outcome, Trouble> {
        let root = Place::run("teamspace");
        let files = ctx
            .list(ListFiles {
                root: root.clone(),
                include: vec!["*.log".to_owned()],
            })
            .await?;
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
        }
        if !problems.is_empty() {
            let mut finding = Finding::new("the logs of the Teamspace runs are not complete");
            finding.seen = problems;
            return Ok(Outcome::Blocked(finding));
        }
        let names: Vec<&str> = files.iter().map(|file| file.path.file_name()).collect();
        ctx.publish(
            &self.publish,
            serde_json::json!({ "root": root, "names": names }),
        );
        Ok(Outcome::passed(format!(
            "{} logs kept, all show passing",
            self.runs.len()
        )))
    }
}
