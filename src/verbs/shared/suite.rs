//! A pytest suite run once: the JUnit report decides, never the console text.

use serde::{Deserialize, Serialize};

use super::programs::did_not_succeed;
use crate::verbs::{Ctx, Trouble};
use crate::world::{Finished, Place, Program};

/// Largest JUnit report that is read, in bytes.
const REPORT_LIMIT: u64 = 16 * 1024 * 1024;

/// What a JUnit report says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::verbs) struct SuiteReport {
    /// Tests that ran, skipped ones left out.
    pub(in crate::verbs) ran: usize,
    /// Names of those that failed or broke, each with its first line.
    pub(in crate::verbs) failed: Vec<String>,
    /// Skipped ones, each with its reason.
    pub(in crate::verbs) skipped: Vec<String>,
    /// All that the failing ones said, for the triage; not a fact.
    #[serde(skip)]
    pub(in crate::verbs) text: String,
}

/// Runs pytest; the program's arguments must hold `--junitxml` for `report`. A report that
/// is missing or unreadable is an error: the console text decides nothing.
pub(in crate::verbs) async fn run(
    ctx: &Ctx,
    program: Program,
    report: &Place,
) -> Result<(Finished, SuiteReport), Trouble> {
    let argv = program.argv.clone();
    let finished = ctx.run(program).await?;
    let Ok(xml) = ctx.read(report, REPORT_LIMIT).await else {
        return Err(Trouble::error(
            did_not_succeed(&argv, &finished).seen(format!("no JUnit report at {report}")),
        ));
    };
    let parsed = parse(&xml).map_err(|error| {
        Trouble::error(
            did_not_succeed(&argv, &finished).seen(format!("{report} is no JUnit report: {error}")),
        )
    })?;
    Ok((finished, parsed))
}

/// Reads a JUnit report.
pub(in crate::verbs) fn parse(xml: &str) -> Result<SuiteReport, String> {
    let suites =
        junit_parser::from_reader(std::io::Cursor::new(xml)).map_err(|error| error.to_string())?;
    let mut report = SuiteReport::default();
    for case in suites.suites.iter().flat_map(|suite| &suite.cases) {
        // It holds the class already: `class::test`.
        let name = &case.name;
        let told = match &case.status {
            junit_parser::TestStatus::Success => {
                report.ran += 1;
                continue;
            }
            junit_parser::TestStatus::Skipped(skipped) => {
                report.skipped.push(format!("{name}: {}", skipped.message));
                continue;
            }
            junit_parser::TestStatus::Failure(failure) => {
                format!("{}\n{}", failure.message, failure.text)
            }
            junit_parser::TestStatus::Error(error) => format!("{}\n{}", error.message, error.text),
        };
        report.ran += 1;
        report.failed.push(format!(
            "{name}: {}",
            told.lines().next().unwrap_or_default()
        ));
        report.text.push_str(&told);
        report.text.push('\n');
    }
    Ok(report)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_errors_and_skips_are_told_apart() {
        let xml = r#"<?xml version="1.0"?><testsuites><testsuite name="pytest" tests="4">
            <testcase classname="a" name="ok" time="0.1"/>
            <testcase classname="a" name="bad" time="0.1"><failure message="assert 1">E 1</failure></testcase>
            <testcase classname="a" name="broken" time="0.1"><error message="boom">trace</error></testcase>
            <testcase classname="a" name="skipped" time="0"><skipped type="pytest.skip" message="SPEC is not set"/></testcase>
            </testsuite></testsuites>"#;
        let report = parse(xml).unwrap();
        assert_eq!((report.ran, report.failed.len()), (3, 2));
        assert_eq!(report.skipped, ["a::skipped: SPEC is not set"]);
        assert!(report.text.contains("trace"));
    }

    #[test]
    fn text_that_is_no_report_is_refused() {
        assert!(parse("5 passed in 0.1s").is_err() || parse("5 passed in 0.1s").unwrap().ran == 0);
    }
}
