//! `harness-preflight`.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::shared::programs::{did_not_succeed, with_output};
use super::shared::suite::{self, SuiteReport};
use super::{Act, Ctx, Declares, Trouble};
use crate::gate::{Finding, Outcome};
use crate::world::{Effect, EnvBase, Finished, Place, Program, Response, WorldError};

/// A report of a few hundred tests has some 100 KB.
const LARGEST_REPORT: u64 = 16 << 20;

/// Runs the harness's own unit tests and checks its scripts' syntax, before a canary run is spent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HarnessPreflight {
    /// Directory of the project in the workspace.
    pub project: String,
    /// Test files.
    pub tests: Vec<String>,
    /// Shell scripts.
    pub scripts: Vec<String>,
}

impl Declares for HarnessPreflight {
    fn starts(&self) -> Vec<&'static str> {
        let checks = (!self.scripts.is_empty()).then_some("bash");
        checks.into_iter().chain(["uv"]).collect()
    }
}

/// What a red preflight means.
const NOT_A_CANARY_FAILURE: &str = "this is a harness issue, not a canary failure; no canary run was spent: repair the harness, then resume";

#[async_trait]
impl Act for HarnessPreflight {
    async fn act(&self, ctx: &Ctx) -> Result<Outcome, Trouble> {
        for script in &self.scripts {
            self.check_script(ctx, script).await?;
        }
        let (finished, report) = self.run_tests(ctx).await?;
        Ok(judge(&finished, &report, self.scripts.len()))
    }
}

impl HarnessPreflight {
    async fn check_script(&self, ctx: &Ctx, script: &str) -> Result<(), Trouble> {
        let mut program = Program::new(["bash", "-n", script]);
        program.cwd = Place::workspace(&self.project);
        let finished = ctx.run(program).await?;
        if finished.success() {
            return Ok(());
        }
        let finding = Finding::new(format!("`{script}` is not a valid script"));
        Err(red(with_output(finding, &finished.stderr)))
    }

    async fn run_tests(&self, ctx: &Ctx) -> Result<(Finished, SuiteReport), Trouble> {
        // A name of its own: a report that an earlier try left must not be read.
        let report = Place::run("preflight").join(&format!("{}.xml", fresh_id(ctx).await?));
        let mut argv: Vec<String> = [
            "uv",
            "run",
            "--frozen",
            "--no-sync",
            "pytest",
            "-p",
            "no:cacheprovider",
        ]
        .map(str::to_owned)
        .into();
        argv.push(format!("--junitxml={report}"));
        argv.extend(self.tests.iter().cloned());
        let mut program = Program::new(argv.clone());
        program.base = EnvBase::Installer;
        program.cwd = Place::workspace(&self.project);
        program
            .env
            .insert("PYTHONDONTWRITEBYTECODE".to_owned(), "1".to_owned());
        program.env.insert(
            "UV_PYTHON_INSTALL_DIR".to_owned(),
            format!("{}/python", Place::CACHE),
        );
        program.limit = ctx.limit();
        let finished = ctx.run(program).await?;
        let unreadable = |why: String| {
            let mut finding = did_not_succeed(&argv[..5], &finished);
            finding.what = format!("the harness's tests gave no report: {why}");
            red(finding)
        };
        let text = match ctx.read(&report, LARGEST_REPORT).await {
            Ok(text) => text,
            Err(WorldError::Interrupted) => return Err(WorldError::Interrupted.into()),
            Err(error) => return Err(unreadable(error.to_string())),
        };
        let report = suite::parse(&text).map_err(unreadable)?;
        Ok((finished, report))
    }
}

fn judge(finished: &Finished, report: &SuiteReport, scripts: usize) -> Outcome {
    let what = if !report.failed.is_empty() {
        format!("{} of the harness's own tests fail", report.failed.len())
    } else if report.ran == 0 {
        "none of the harness's own tests ran".to_owned()
    } else if !finished.success() {
        format!(
            "pytest ended with {} although no test failed",
            finished.ended
        )
    } else {
        let note = format!("{} tests passed, {scripts} scripts are valid", report.ran);
        let skipped = report.skipped.iter().map(|test| format!("skipped: {test}"));
        return Outcome::Passed {
            note,
            warnings: skipped.collect(),
        };
    };
    let mut finding = Finding::new(what);
    finding.seen.clone_from(&report.failed);
    red(with_output(finding, &finished.stdout)).outcome()
}

fn red(finding: Finding) -> Trouble {
    Trouble::blocked(finding.remedy(NOT_A_CANARY_FAILURE))
}

async fn fresh_id(ctx: &Ctx) -> Result<String, Trouble> {
    match ctx.perform(Effect::FreshId).await? {
        Response::Id(id) => Ok(id),
        other => Err(WorldError::NotInRecording {
            what: format!("an id; got {other:?}"),
        }
        .into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::Verdict;
    use crate::world::FileFailure;
    use crate::world::scripted::{Scripted, ended};

    const GREEN: &str = r#"<?xml version="1.0" encoding="utf-8"?><testsuites><testsuite name="pytest" errors="0" failures="0" skipped="0" tests="1" time="0.01"><testcase classname="tests.a_unit_test" name="test_a" time="0.001" /></testsuite></testsuites>"#;
    const EMPTY: &str = r#"<testsuites><testsuite name="pytest" errors="0" failures="0" skipped="0" tests="0" time="0.01" /></testsuites>"#;

    fn red_report() -> String {
        GREEN.replace(" />", r#"><failure message="AssertionError: assert 1 == 2&#10;more">trace</failure></testcase>"#)
    }

    async fn outcome(script: i32, pytest: i32, xml: Option<&str>) -> Outcome {
        let mut world = Scripted::new().run(
            "bash -n canary.sh",
            ended(script, "", "line 3: syntax error"),
        );
        if script == 0 {
            world = world.answer(Response::Id("01X".into())).run(
                "uv run --frozen --no-sync pytest",
                ended(pytest, "output", ""),
            );
            world = match xml {
                Some(xml) => world.answer(Response::Text(xml.into())),
                None => world.fail(WorldError::File {
                    operation: "read".into(),
                    path: "x".into(),
                    kind: FileFailure::NotFound,
                    reason: "gone".into(),
                }),
            };
        }
        let verb = HarnessPreflight {
            project: "e2e".into(),
            tests: vec!["tests/a_unit_test.py".into()],
            scripts: vec!["canary.sh".into()],
        };
        verb.act(&world.ctx())
            .await
            .unwrap_or_else(Trouble::outcome)
    }

    #[tokio::test]
    async fn only_a_green_report_with_tests_in_it_passes() {
        assert_eq!(outcome(0, 0, Some(GREEN)).await.verdict(), Verdict::Passed);
        let cases = [
            (2, 0, None),
            (0, 1, Some(red_report())),
            (0, 0, Some(red_report())),
            (0, 5, Some(EMPTY.to_owned())),
            (0, 1, Some(GREEN.to_owned())),
            (0, 4, None),
            (0, 0, Some("1 passed in 0.01s".to_owned())),
            (0, 0, Some(GREEN[..120].to_owned())),
        ];
        for (script, pytest, xml) in cases {
            let outcome = outcome(script, pytest, xml.as_deref()).await;
            assert_eq!(
                outcome.verdict(),
                Verdict::Blocked,
                "{script} {pytest} {xml:?}: {outcome:?}"
            );
            let remedy = outcome.finding().unwrap().remedy.as_ref().unwrap();
            assert!(remedy.contains("no canary run was spent"));
        }
    }

    #[tokio::test]
    async fn the_failing_test_is_named() {
        let outcome = outcome(0, 1, Some(&red_report())).await;
        let seen = &outcome.finding().unwrap().seen[0];
        assert_eq!(
            seen,
            "tests.a_unit_test::test_a: AssertionError: assert 1 == 2"
        );
    }
}
