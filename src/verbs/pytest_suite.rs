//! `pytest-suite`.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{Finding, Outcome, Triage};
use crate::verb::{Act, Ctx, Declares, Field, Input, VerbError};
use crate::verbs::canary::harness;
use crate::verbs::canary::run::CanaryVariables;
use crate::verbs::pytest::{self, Allowed, Said, SuiteReport};
use crate::world::{Finished, FreshId, Place, Program};

/// Runs a pytest suite once and reads its JUnit report; a test that did not run is no pass.
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
    /// Reasons for which a test may be skipped, or be expected to fail: texts or regular
    /// expressions that are found in the reason. Any other skip is no pass.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allow_skips: Vec<String>,
    /// Name of the log file.
    pub log: String,
    /// The fact to publish.
    #[serde(rename = "as")]
    pub publish: String,
}

impl Declares for PytestSuite {
    fn inputs(&self) -> Vec<Input> {
        vec![Input::Checkout(self.project.clone())]
    }

    fn spends_a_run(&self) -> bool {
        true
    }

    fn publishes(&self) -> Option<&str> {
        Some(&self.publish)
    }

    fn fields(&self) -> Option<Vec<Field>> {
        Some(Field::all([
            "log: text",
            "log_sha256: text",
            "passed: boolean",
            "ran: integer",
            "failed: list",
            "skipped: list",
        ]))
    }

    fn reads(&self) -> Vec<&str> {
        vec![&self.environment]
    }

    fn changes_machine(&self) -> Option<String> {
        Some(format!("run the tests of `{}`", self.project))
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
    async fn act(&self, ctx: &Ctx) -> Result<Outcome, VerbError> {
        let allowed = Allowed::of(&self.allow_skips)?;
        // A name of its own: a report that an earlier try left must not be read.
        let id = ctx.ask(FreshId).await?;
        let report = Place::run("teamspace").join(&format!("{}.{id}.xml", self.log));
        let (finished, judged) = pytest::run(ctx, self.program(ctx, &report)?, &report).await?;
        let log = ctx
            .write(Place::run("teamspace").join(&self.log), log_text(&finished))
            .await?;
        let (suite, said) = judged.map_err(VerbError::error)?;
        let problems = problems(said, &suite, &allowed);
        let note = format!("{} tests passed", suite.ran);
        let outcome = if problems.is_empty() {
            let skipped = suite.skipped.iter();
            Outcome::Passed {
                note,
                warnings: skipped
                    .map(|skip| format!("skipped, allowed: {skip}"))
                    .collect(),
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
    fn program(&self, ctx: &Ctx, report: &Place) -> Result<Program, VerbError> {
        let environment: CanaryVariables = ctx.fact_as(&self.environment)?;
        let fixed = ["uv", "run", "--frozen", "pytest", "-m", &self.marker].map(str::to_owned);
        let written = format!("--junitxml={report}");
        let mut program = Program::new(
            fixed
                .into_iter()
                .chain([written])
                .chain(self.tests.iter().cloned()),
        );
        program.cwd = Place::workspace(&self.project);
        program.base = crate::world::EnvBase::Installer;
        program.limit = ctx.limit();
        program.env = environment.variables;
        program.pass = environment.pass;
        let sandbox = harness::sandbox(&program, &program.cwd, Some(report));
        program.sandbox = Some(Box::new(sandbox));
        Ok(program)
    }
}

/// What keeps a suite from having passed: failures, skips that are not allowed, nothing at all.
fn problems(said: Said, suite: &SuiteReport, allowed: &Allowed<'_>) -> Vec<String> {
    let mut problems = suite.failed.clone();
    if said == Said::NoTests {
        problems.push("no test ran: none was collected, or all were deselected".to_owned());
    } else if suite.ran == 0 {
        problems.push("no test ran: all were skipped".to_owned());
    }
    problems.extend(allowed.refused(&suite.skips));
    problems
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
