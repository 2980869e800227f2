//! `pytest-suite`.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::shared::canary_run::CanaryVariables;
use super::shared::suite::{self, SuiteReport};
use super::{Act, Ctx, Declares, Trouble};
use crate::gate::{Finding, Outcome, Triage};
use crate::world::{Finished, Place, Program};

/// Runs a pytest suite once and reads its JUnit report; nothing ran is a failure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PytestSuite {
    /// Directory of the project in the workspace.
    pub project: String,
    /// Test files.
    pub tests: Vec<String>,
    /// Marker expression.
    pub marker: String,
    /// Fact published by `canary-environment`.
    pub environment: String,
    /// Name of the log file.
    pub log: String,
    /// The fact to publish.
    #[serde(rename = "as")]
    pub publish: String,
}

impl Declares for PytestSuite {
    fn spends_a_run(&self) -> bool {
        true
    }

    fn publishes(&self) -> Option<&str> {
        Some(&self.publish)
    }

    fn fields(&self) -> Option<Vec<&str>> {
        Some(vec![
            "log",
            "log_sha256",
            "passed",
            "ran",
            "failed",
            "skipped",
        ])
    }

    fn reads(&self) -> Vec<&str> {
        vec![&self.environment]
    }

    fn starts(&self) -> Vec<&'static str> {
        vec!["uv"]
    }
}

/// What `pytest-suite` publishes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SuiteRun {
    pub(super) log: Place,
    pub(super) log_sha256: String,
    pub(super) passed: bool,
    #[serde(flatten)]
    pub(super) report: SuiteReport,
}

#[async_trait]
impl Act for PytestSuite {
    async fn act(&self, ctx: &Ctx) -> Result<Outcome, Trouble> {
        let report = Place::run("teamspace").join(&format!("{}.xml", self.log));
        let (finished, suite) = suite::run(ctx, self.program(ctx, &report)?, &report).await?;
        let problems = problems(&finished, &suite);
        let log = ctx
            .write(Place::run("teamspace").join(&self.log), log_text(&finished))
            .await?;
        let note = format!("{} tests passed", suite.ran);
        let outcome = if problems.is_empty() {
            Outcome::Passed {
                note,
                warnings: suite.skipped.clone(),
            }
        } else {
            failed(&problems, &suite, &finished, &ctx.setting().triage)
        };
        let run = SuiteRun {
            log: log.path,
            log_sha256: log.sha256,
            passed: problems.is_empty(),
            report: suite,
        };
        ctx.publish(&self.publish, serde_json::json!(run));
        Ok(outcome)
    }
}

impl PytestSuite {
    fn program(&self, ctx: &Ctx, report: &Place) -> Result<Program, Trouble> {
        let environment: CanaryVariables = ctx.fact_as(&self.environment)?;
        let fixed = ["uv", "run", "--frozen", "pytest", "-m", &self.marker].map(str::to_owned);
        let report = format!("--junitxml={report}");
        let mut program = Program::new(
            fixed
                .into_iter()
                .chain([report])
                .chain(self.tests.iter().cloned()),
        );
        program.cwd = Place::workspace(&self.project);
        program.base = crate::world::EnvBase::Installer;
        program.limit = ctx.limit();
        program.env = environment.variables;
        program.pass = environment.pass;
        Ok(program)
    }
}

/// pytest's own code for "no tests collected" and a report without tests are the same finding.
fn problems(finished: &Finished, suite: &SuiteReport) -> Vec<String> {
    let mut problems = suite.failed.clone();
    if suite.ran == 0 {
        problems.push("no test ran".to_owned());
    }
    problems.extend(
        suite
            .skipped
            .iter()
            .filter(|reason| for_missing_environment(reason))
            .cloned(),
    );
    if problems.is_empty() && !finished.success() {
        problems.push(format!(
            "pytest ended with {} although its report shows no failure",
            finished.ended
        ));
    }
    problems
}

fn for_missing_environment(reason: &str) -> bool {
    let reason = reason.to_lowercase();
    [
        "environ",
        "env var",
        "not set",
        "missing",
        "sk_e2e_",
        "spec_kitty_",
    ]
    .iter()
    .any(|word| reason.contains(word))
}

fn failed(
    problems: &[String],
    suite: &SuiteReport,
    finished: &Finished,
    triage: &[Triage],
) -> Outcome {
    let text = format!("{}\n{}", suite.text, finished.stdout.text);
    let known = triage
        .iter()
        .filter(|rule| rule.scenarios.is_empty() && rule.matches(None, &text));
    let mut finding = Finding::new(format!(
        "the suite did not pass: {} problems",
        problems.len()
    ));
    finding.seen = problems.to_vec();
    let mut advice = Vec::new();
    for rule in known {
        finding.seen.push(rule.name.clone());
        advice.extend(rule.advice.clone());
    }
    // What the drain wrote down about a rejected event belongs into the report.
    finding.seen.extend(
        text.lines()
            .find(|line| line.contains("last_failure_class"))
            .map(|line| line.trim().to_owned()),
    );
    finding.remedy = (!advice.is_empty()).then(|| advice.join("; "));
    Outcome::Failed(finding)
}

fn log_text(finished: &Finished) -> String {
    let part = |name: &str, captured: &crate::world::Captured| {
        let cut = captured.log.as_ref().filter(|_| captured.truncated);
        let cut = cut
            .map(|log| format!("[the beginning is in {log}]\n"))
            .unwrap_or_default();
        format!("== {name} ==\n{cut}{}\n", captured.text)
    };
    format!(
        "{}{}== {} ==\n",
        part("stdout", &finished.stdout),
        part("stderr", &finished.stderr),
        finished.ended
    )
}
