//! Reads a JUnit report: three values a test, and never console text.

use std::collections::BTreeMap;
use std::io::Cursor;

use junit_parser::{TestCase, TestStatus, TestSuite};
use serde::{Deserialize, Serialize};

/// What one run says of one test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    /// It ran, and an assertion or the code under test failed.
    Fails {
        /// First line of the message.
        message: String,
        /// Places of the traceback, outermost first.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        at: Vec<(String, u32)>,
    },
    /// It ran and passed.
    Passes,
    /// It says nothing: it did not come to run, or not to its end. Never a failure.
    Cannot {
        /// Why.
        why: String,
    },
}

impl Outcome {
    /// One word, for comparison and reports.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Fails { .. } => "fails",
            Self::Passes => "passes",
            Self::Cannot { .. } => "cannot run",
        }
    }
}

/// Outcomes by test: `classname::name` as the report spells them.
pub type Outcomes = BTreeMap<String, Outcome>;

/// Reads a report.
///
/// # Errors
/// What is wrong with it.
pub fn outcomes(xml: &str) -> Result<Outcomes, String> {
    let report = junit_parser::from_reader(Cursor::new(xml)).map_err(|error| error.to_string())?;
    let mut all = Outcomes::new();
    for suite in &report.suites {
        gather(suite, &mut all);
    }
    Ok(all)
}

fn gather(suite: &TestSuite, to: &mut Outcomes) {
    for case in &suite.cases {
        let new = outcome(case);
        // A test may be told twice, as for an error when it is torn down: the worse counts.
        let better = matches!(
            (to.get(&case.name), &new),
            (Some(Outcome::Cannot { .. }), _) | (Some(Outcome::Fails { .. }), Outcome::Passes)
        );
        if !better {
            to.insert(case.name.clone(), new);
        }
    }
    for suite in &suite.suites {
        gather(suite, to);
    }
}

fn outcome(case: &TestCase) -> Outcome {
    match &case.status {
        TestStatus::Success if case.reruns.is_empty() => Outcome::Passes,
        TestStatus::Success => Outcome::Cannot {
            why: "passed only when run again".to_owned(),
        },
        TestStatus::Skipped(skipped) => Outcome::Cannot {
            why: format!("skipped: {}", first_line(&skipped.message, &skipped.text)),
        },
        TestStatus::Error(error) => Outcome::Cannot {
            why: format!("error: {}", with_cause(&error.message, &error.text)),
        },
        TestStatus::Failure(failure) => {
            let message = first_line(&failure.message, &failure.text);
            if says_nothing(&message) {
                Outcome::Cannot { why: message }
            } else {
                Outcome::Fails {
                    message,
                    at: places(&failure.text),
                }
            }
        }
    }
}

/// Failures that are not about behaviour: what is tested could not be imported, the time was
/// up, or the test was expected to fail.
fn says_nothing(message: &str) -> bool {
    const STARTS: [&str; 6] = [
        "ImportError",
        "ModuleNotFoundError",
        "SyntaxError",
        "[XPASS(strict)]",
        "Failed: Timeout",
        "KeyboardInterrupt",
    ];
    STARTS.iter().any(|start| message.starts_with(start))
        || (message.starts_with("AttributeError: module ") && message.contains("has no attribute"))
}

fn first_line(message: &str, text: &str) -> String {
    let line = message
        .lines()
        .chain(text.lines())
        .find(|line| !line.trim().is_empty());
    super::syntax::one_line(line.unwrap_or_default())
}

/// The message of an error, and where it is pytest's own that says nothing, what was raised.
fn with_cause(message: &str, text: &str) -> String {
    let line = first_line(message, text);
    let mut raised = text.lines().filter_map(|line| line.strip_prefix("E  "));
    match raised.next_back().map(str::trim) {
        Some(raised) if line == "collection failure" => {
            super::syntax::one_line(&format!("{line}: {raised}"))
        }
        _ => line,
    }
}

/// The `path:line: …` lines of a traceback.
fn places(text: &str) -> Vec<(String, u32)> {
    text.lines()
        .filter_map(|line| {
            let (path, rest) = line.split_once(".py:")?;
            let (number, _) = rest.split_once(':')?;
            let number = number.parse().ok()?;
            (!path.contains(' ')).then(|| (format!("{path}.py"), number))
        })
        .collect()
}
