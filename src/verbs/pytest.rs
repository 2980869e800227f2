//! A pytest suite run once: the JUnit report decides, never the console text, and it counts only
//! together with pytest's exit code.

mod skips;

use serde::{Deserialize, Serialize};

pub(in crate::verbs) use self::skips::{Allowed, Skip};
use crate::audit::junit::{self, Recorded, What};
use crate::model::Finding;
use crate::verb::programs::{did_not_succeed, with_output};
use crate::verb::{Ctx, VerbError};
use crate::world::{Ended, Finished, Place, Program, WorldError};

/// Largest JUnit report that is read, in bytes; one of a few hundred tests has some 100 KB.
const REPORT_LIMIT: u64 = 16 * 1024 * 1024;

/// What a JUnit report says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::verbs) struct SuiteReport {
    /// Tests that ran, skipped ones left out.
    pub(in crate::verbs) ran: usize,
    /// Names of those that failed or broke, each with its first line.
    pub(in crate::verbs) failed: Vec<String>,
    /// Skipped ones, each with its reason; a test that was expected to fail is one.
    pub(in crate::verbs) skipped: Vec<String>,
    /// The same with their parts.
    #[serde(skip)]
    pub(in crate::verbs) skips: Vec<Skip>,
    /// All that the failing ones said, for the triage; not a fact.
    #[serde(skip)]
    pub(in crate::verbs) text: String,
}

/// What a report and an exit code say together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::verbs) enum Said {
    /// No test failed, and at least one ran or was skipped.
    Passed,
    Failed,
    /// No test was collected, or all were deselected.
    NoTests,
}

/// Runs pytest; the program's arguments must hold `--junitxml` for `report`. A report that is
/// missing, unreadable, or not that of this end is an error: the console text decides nothing.
pub(in crate::verbs) async fn run(
    ctx: &Ctx,
    program: Program,
    report: &Place,
) -> Result<(Finished, Result<(SuiteReport, Said), Finding>), VerbError> {
    let argv = program.argv.clone();
    let finished = ctx.run(program).await?;
    let read = match ctx.read(report, REPORT_LIMIT).await {
        Ok(xml) => parse(&xml).map_err(|error| format!("{report} is no JUnit report: {error}")),
        Err(WorldError::Interrupted) => return Err(WorldError::Interrupted.into()),
        Err(error) => Err(format!("there is no JUnit report: {error}")),
    };
    let judged = match read {
        Ok(read) => together(finished.ended, &read)
            .map_err(|why| disagreement(&why, &read, &finished))
            .map(|said| (read, said)),
        Err(why) => Err(did_not_succeed(&argv, &finished).seen(why)),
    };
    Ok((finished, judged))
}

/// That the report does not count, with what it names and what pytest printed.
fn disagreement(why: &str, report: &SuiteReport, finished: &Finished) -> Finding {
    let mut finding = Finding::new(format!("pytest's report does not count: {why}"));
    finding.seen.clone_from(&report.failed);
    with_output(finding, &finished.stdout)
        .remedy("read what pytest says; the report and its exit code must say the same")
}

/// What the report and the end of pytest say together.
///
/// # Errors
/// Why the report does not count.
pub(in crate::verbs) fn together(ended: Ended, report: &SuiteReport) -> Result<Said, String> {
    let failed = report.failed.len();
    let named = report.ran + report.skipped.len();
    match ended {
        Ended::Code(0) if failed > 0 => Err(format!(
            "it ended with exit code 0, its report holds {failed} tests that failed"
        )),
        Ended::Code(0) if named > 0 => Ok(Said::Passed),
        Ended::Code(0 | 5) if named == 0 => Ok(Said::NoTests),
        Ended::Code(1) if failed > 0 => Ok(Said::Failed),
        Ended::Code(1) => {
            Err("it ended with exit code 1, and no test failed by its report".to_owned())
        }
        Ended::Code(2) => Err(
            "it ended with exit code 2: interrupted, or tests could not be collected".to_owned(),
        ),
        Ended::Code(3) => Err("it ended with exit code 3: an error of pytest's own".to_owned()),
        Ended::Code(4) => Err("it ended with exit code 4: it was started wrongly".to_owned()),
        Ended::Code(5) => Err(format!(
            "it ended with exit code 5 (no test was collected), its report holds {named}"
        )),
        ended => Err(format!("it ended with {ended}")),
    }
}

/// Reads a JUnit report.
///
/// # Errors
/// What is wrong with it; also that it counts more failures or skips than it names.
pub(in crate::verbs) fn parse(xml: &str) -> Result<SuiteReport, String> {
    let mut report = SuiteReport::default();
    for case in junit::cases(xml)? {
        add(&case, &mut report);
    }
    report.skipped = report.skips.iter().map(Skip::to_string).collect();
    Ok(report)
}

/// Adds a test with all of its results: one that failed and was skipped is both.
fn add(case: &junit::Case, report: &mut SuiteReport) {
    let of = |what: &[What]| -> Vec<&Recorded> {
        let results = case.results.iter();
        results
            .filter(|result| what.contains(&result.what))
            .collect()
    };
    let failed = of(&[What::Failure, What::Error]);
    // Each of its failures may be of one run: it ran at least that once.
    report.ran += case.passed + usize::from(!failed.is_empty());
    for result in of(&[What::Skipped]) {
        let Recorded {
            kind,
            message,
            text,
            ..
        } = result;
        report.skips.push(Skip::of(&case.id, kind, message, text));
    }
    for result in &failed {
        fail(&case.id, &result.message, &result.text, report);
    }
    if failed.is_empty() && !of(&[What::Rerun]).is_empty() {
        report.ran += usize::from(case.passed == 0);
        fail(&case.id, "passed only when it was run again", "", report);
    }
}

fn fail(name: &str, message: &str, text: &str, report: &mut SuiteReport) {
    report
        .failed
        .push(format!("{name}: {}", first_line(message, text)));
    for part in [message, text] {
        report.text.push_str(part);
        report.text.push('\n');
    }
}

/// The line that says what went wrong: pytest's own message, or where that only says when it
/// happened, what was raised.
fn first_line(message: &str, text: &str) -> String {
    const SAYS_NOTHING: [&str; 3] = [
        "collection failure",
        "failed on setup with",
        "failed on teardown with",
    ];
    let not_blank = |line: &&str| !line.trim().is_empty();
    let line = message.lines().chain(text.lines()).find(not_blank);
    let line = line.unwrap_or_default().trim();
    let own = SAYS_NOTHING.iter().any(|start| line.starts_with(start));
    let raised = text.lines().filter_map(|line| line.strip_prefix("E "));
    let raised = raised.map(str::trim).find(|line| !line.is_empty());
    let line = match raised.filter(|_| own) {
        Some(raised) => format!("{line}: {raised}"),
        None => line.to_owned(),
    };
    line.chars().take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIXED: &str = r#"<?xml version="1.0"?><testsuites><testsuite name="pytest" tests="4">
        <testcase classname="a" name="ok" time="0.1"/>
        <testcase classname="a" name="bad" time="0.1"><failure message="assert 1">E 1</failure></testcase>
        <testcase classname="a" name="broken" time="0.1"><error message="boom">trace</error></testcase>
        <testcase classname="a" name="skipped" time="0"><skipped type="pytest.skip" message="SPEC is not set"/></testcase>
        </testsuite></testsuites>"#;

    fn one(inner: &str, attributes: &str) -> String {
        format!(
            r#"<testsuite name="pytest" {attributes}><testcase classname="a" name="t" time="0">{inner}</testcase></testsuite>"#
        )
    }

    #[test]
    fn failures_errors_and_skips_are_told_apart() {
        let report = parse(MIXED).unwrap();
        assert_eq!((report.ran, report.failed.len()), (3, 2));
        assert_eq!(report.skipped, ["a::skipped: SPEC is not set"]);
        assert!(report.text.contains("trace"));
    }

    #[test]
    fn an_expected_failure_is_a_skip_and_a_strict_pass_a_failure() {
        let expected = one(r#"<skipped type="pytest.xfail" message="not yet"/>"#, "");
        let report = parse(&expected).unwrap();
        assert_eq!(
            (report.ran, report.skipped),
            (0, vec!["a::t: xfail: not yet".to_owned()])
        );
        let strict = one(
            r#"<failure message="[XPASS(strict)] not yet">[XPASS(strict)] not yet</failure>"#,
            "",
        );
        assert_eq!(
            parse(&strict).unwrap().failed,
            ["a::t: [XPASS(strict)] not yet"]
        );
        let again = one(r#"<flakyFailure message="once"/>"#, "");
        assert!(parse(&again).is_err() || parse(&again).unwrap().failed.len() == 1);
    }

    #[test]
    fn what_is_counted_is_named() {
        let both = one(
            r#"<failure message="x"/><skipped message="y"/>"#,
            r#"failures="1" skipped="1""#,
        );
        let both = parse(&both).unwrap();
        assert_eq!((both.ran, both.failed), (1, vec!["a::t: x".to_owned()]));
        assert_eq!(both.skipped, ["a::t: y"]);
        let hidden = one("", r#"skipped="1""#);
        assert!(
            parse(&hidden)
                .unwrap_err()
                .contains("counts 1 tests that were skipped")
        );
        let errors = one("", r#"errors="2""#);
        assert!(
            parse(&errors)
                .unwrap_err()
                .contains("counts 2 tests that failed or broke")
        );
    }

    #[test]
    fn the_first_line_says_what_was_raised() {
        let collected = one(
            "<error message=\"collection failure\">a.py:1: in &lt;module&gt;\nE   ModuleNotFoundError: No module named 'x'</error>",
            "",
        );
        assert_eq!(
            parse(&collected).unwrap().failed,
            ["a::t: collection failure: ModuleNotFoundError: No module named 'x'"]
        );
        let plain = one("<failure message=\"\">\n  assert 1\n</failure>", "");
        assert_eq!(parse(&plain).unwrap().failed, ["a::t: assert 1"]);
    }

    #[test]
    fn a_report_counts_only_with_its_exit_code() {
        let report = |ran: usize, failed: usize, skipped: usize| SuiteReport {
            ran,
            failed: vec![String::new(); failed],
            skipped: vec![String::new(); skipped],
            ..SuiteReport::default()
        };
        let code = |code, report: &SuiteReport| together(Ended::Code(code), report);
        assert_eq!(code(0, &report(3, 0, 1)), Ok(Said::Passed));
        assert_eq!(code(0, &report(0, 0, 2)), Ok(Said::Passed));
        assert_eq!(code(1, &report(3, 1, 0)), Ok(Said::Failed));
        assert_eq!(code(5, &report(0, 0, 0)), Ok(Said::NoTests));
        assert_eq!(code(0, &report(0, 0, 0)), Ok(Said::NoTests));
        for (ended, report) in [
            (Ended::Code(0), report(3, 1, 0)),
            (Ended::Code(1), report(3, 0, 0)),
            (Ended::Code(1), report(0, 0, 0)),
            (Ended::Code(2), report(1, 1, 0)),
            (Ended::Code(2), report(3, 0, 0)),
            (Ended::Code(3), report(3, 0, 0)),
            (Ended::Code(4), report(0, 0, 0)),
            (Ended::Code(5), report(3, 0, 0)),
            (Ended::Code(137), report(3, 0, 0)),
            (Ended::Signal(9), report(3, 0, 0)),
            (Ended::TimedOut, report(3, 0, 0)),
        ] {
            assert!(together(ended, &report).is_err(), "{ended} {report:?}");
        }
    }

    #[test]
    fn text_that_is_no_report_is_refused() {
        assert!(parse("5 passed in 0.1s").is_err() || parse("5 passed in 0.1s").unwrap().ran == 0);
    }
}
