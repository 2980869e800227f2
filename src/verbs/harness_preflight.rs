//! `harness-preflight`.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{Finding, Outcome};
use crate::verb::programs::with_output;
use crate::verb::{Act, Ctx, Declares, Input, OnMachine, VerbError};
use crate::verbs::canary::harness;
use crate::verbs::pytest::{self, Allowed, Said, SuiteReport};
use crate::world::{EnvBase, Finished, FreshId, Place, Program, Sandbox};

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
    /// Reasons for which a test may be skipped, or be expected to fail: texts or regular
    /// expressions that are found in the reason. Any other skip is no pass.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allow_skips: Vec<String>,
}

impl Declares for HarnessPreflight {
    fn writes_checkouts(&self) -> bool {
        true
    }

    fn on_machine(&self) -> OnMachine {
        OnMachine::Used
    }

    fn inputs(&self) -> Vec<Input> {
        vec![Input::Checkout(self.project.clone())]
    }

    fn starts(&self) -> Vec<&'static str> {
        let checks = (!self.scripts.is_empty()).then_some("bash");
        checks.into_iter().chain(["uv"]).collect()
    }
}

/// What a red preflight means.
const NOT_A_CANARY_FAILURE: &str = "this is a harness issue, not a canary failure; no canary run was spent: repair the harness, then resume";

#[async_trait]
impl Act for HarnessPreflight {
    async fn act(&self, ctx: &Ctx) -> Result<Outcome, VerbError> {
        for script in &self.scripts {
            self.check_script(ctx, script).await?;
        }
        let allowed = Allowed::of(&self.allow_skips)?;
        let (finished, report, said) = self.run_tests(ctx).await?;
        Ok(self.judge(&finished, &report, said, &allowed))
    }
}

impl HarnessPreflight {
    async fn check_script(&self, ctx: &Ctx, script: &str) -> Result<(), VerbError> {
        let mut program = Program::new(["bash", "-n", script]);
        let project = Place::workspace(&self.project);
        program.sandbox = Some(Box::new(Sandbox {
            readable: vec![project.clone()],
            ..Sandbox::default()
        }));
        program.cwd = project;
        let finished = ctx.run(program).await?;
        if finished.success() {
            return Ok(());
        }
        let finding = Finding::new(format!("`{script}` is not a valid script"));
        Err(red(with_output(finding, &finished.stderr)))
    }

    async fn run_tests(&self, ctx: &Ctx) -> Result<(Finished, SuiteReport, Said), VerbError> {
        // A name of its own: a report that an earlier try left must not be read.
        let report = Place::run("preflight").join(&format!("{}.xml", ctx.ask(FreshId).await?));
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
        let mut program = Program::new(argv);
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
        let sandbox = harness::sandbox(&program, &program.cwd, Some(&report));
        program.sandbox = Some(Box::new(sandbox));
        let (finished, judged) = pytest::run(ctx, program, &report).await?;
        let (report, said) = judged.map_err(|mut finding| {
            finding.what = format!("the harness's tests could not be judged: {}", finding.what);
            VerbError::error(finding.remedy(NOT_A_CANARY_FAILURE))
        })?;
        Ok((finished, report, said))
    }

    fn judge(
        &self,
        finished: &Finished,
        report: &SuiteReport,
        said: Said,
        allowed: &Allowed<'_>,
    ) -> Outcome {
        let refused = allowed.refused(&report.skips);
        let all = report.ran + report.skips.len();
        let what = if !report.failed.is_empty() {
            let failed = report.failed.len();
            format!("{failed} of {all} of the harness's own tests fail")
        } else if said == Said::NoTests || report.ran == 0 {
            "none of the harness's own tests ran".to_owned()
        } else if !refused.is_empty() {
            let skipped = refused.len();
            format!("{skipped} of {all} of the harness's own tests were skipped, which is no pass")
        } else {
            let scripts = self.scripts.len();
            let note = format!("{} tests passed, {scripts} scripts are valid", report.ran);
            let skipped = report.skipped.iter();
            return Outcome::Passed {
                note,
                warnings: skipped
                    .map(|skip| format!("skipped, allowed: {skip}"))
                    .collect(),
            };
        };
        let mut finding = Finding::new(what);
        finding.seen.clone_from(&report.failed);
        finding.seen.extend(refused);
        red(with_output(finding, &finished.stdout)).outcome()
    }
}

fn red(finding: Finding) -> VerbError {
    VerbError::blocked(finding.remedy(NOT_A_CANARY_FAILURE))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Verdict;
    use crate::verb::scripted::{Scripted, ended};
    use crate::world::{FileFailure, Response, WorldError};

    const GREEN: &str = r#"<?xml version="1.0" encoding="utf-8"?><testsuites><testsuite name="pytest" errors="0" failures="0" skipped="0" tests="1" time="0.01"><testcase classname="tests.a_unit_test" name="test_a" time="0.001" /></testsuite></testsuites>"#;
    const EMPTY: &str = r#"<testsuites><testsuite name="pytest" errors="0" failures="0" skipped="0" tests="0" time="0.01" /></testsuites>"#;

    fn red_report() -> String {
        GREEN.replace(" />", r#"><failure message="AssertionError: assert 1 == 2&#10;more">trace</failure></testcase>"#)
    }

    fn with(inner: &str) -> String {
        GREEN.replace(" />", &format!(">{inner}</testcase>"))
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
            allow_skips: vec!["needs a browser".into()],
        };
        verb.act(&world.ctx())
            .await
            .unwrap_or_else(VerbError::outcome)
    }

    #[tokio::test]
    async fn only_a_green_report_with_tests_in_it_passes() {
        assert_eq!(outcome(0, 0, Some(GREEN)).await.verdict(), Verdict::Passed);
        let (red, undetermined) = (Verdict::Blocked, Verdict::Error);
        let cases = [
            (2, 0, None, red),
            (0, 1, Some(red_report()), red),
            (0, 5, Some(EMPTY.to_owned()), red),
            (0, 0, Some(EMPTY.to_owned()), red),
            (
                0,
                0,
                Some(with(
                    "<skipped type=\"pytest.skip\" message=\"SPEC is not set\"/>",
                )),
                red,
            ),
            (
                0,
                0,
                Some(with("<skipped type=\"pytest.xfail\" message=\"not yet\"/>")),
                red,
            ),
            // Also one that is allowed, where nothing else ran.
            (
                0,
                0,
                Some(with(
                    "<skipped type=\"pytest.skip\" message=\"needs a browser\"/>",
                )),
                red,
            ),
            (
                0,
                1,
                Some(with("<failure message=\"[XPASS(strict)] not yet\"/>")),
                red,
            ),
            (0, 0, Some(red_report()), undetermined),
            (0, 1, Some(GREEN.to_owned()), undetermined),
            (0, 2, Some(red_report()), undetermined),
            (0, 4, None, undetermined),
            (0, 0, Some("1 passed in 0.01s".to_owned()), undetermined),
            (0, 0, Some(GREEN[..120].to_owned()), undetermined),
        ];
        for (script, pytest, xml, verdict) in cases {
            let outcome = outcome(script, pytest, xml.as_deref()).await;
            assert_eq!(
                outcome.verdict(),
                verdict,
                "{script} {pytest} {xml:?}: {outcome:?}"
            );
            let remedy = outcome.finding().unwrap().remedy.as_ref().unwrap();
            assert!(remedy.contains("no canary run was spent"));
        }
    }

    /// The green report with one more test in it.
    async fn beside_a_pass(inner: &str) -> Outcome {
        let more = format!(
            "<testcase classname=\"tests.b\" name=\"test_b\" time=\"0\">{inner}</testcase></testsuite>"
        );
        outcome(0, 0, Some(&GREEN.replace("</testsuite>", &more))).await
    }

    #[tokio::test]
    async fn a_skip_beside_a_pass_is_no_pass_unless_its_reason_is_allowed() {
        let allowed =
            beside_a_pass("<skipped type=\"pytest.skip\" message=\"needs a browser\"/>").await;
        let Outcome::Passed { warnings, .. } = allowed else {
            panic!("{allowed:?}");
        };
        assert_eq!(
            warnings,
            ["skipped, allowed: tests.b::test_b: needs a browser"]
        );
        for inner in [
            "<skipped type=\"pytest.skip\" message=\"needs a terminal\"/>",
            "<skipped type=\"pytest.xfail\" message=\"#12\"/>",
            "<skipped/>",
        ] {
            let outcome = beside_a_pass(inner).await;
            assert_eq!(outcome.verdict(), Verdict::Blocked, "{inner}");
            let what = &outcome.finding().unwrap().what;
            assert!(
                what.starts_with("1 of 2 of the harness's own tests"),
                "{what}"
            );
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
        let what = &outcome.finding().unwrap().what;
        assert_eq!(what, "1 of 1 of the harness's own tests fail");
    }
}
