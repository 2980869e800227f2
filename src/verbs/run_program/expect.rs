//! What a program must end with and print. Pure but for its report.

mod report;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::publish::{pattern_of, wrong_pattern};
use crate::model::{Condition, Finding, Outcome, is_template, read_json};
use crate::verb::programs::{did_not_succeed, with_output};
use crate::verb::{Ctx, VerbError, Wrong};
use crate::verbs::pytest::SuiteReport;
use crate::world::{Captured, Ended, FileSeen, Finished};

pub(super) use report::Report;

/// What a program must end with and print; all of it must hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// Exit codes that pass.
    #[serde(default = "zero")]
    pub exit: Vec<i32>,
    /// Exit codes that mean: waiting on an external condition.
    #[serde(default)]
    pub blocked: Vec<i32>,
    /// Regular expressions, line by line, each found in standard output.
    #[serde(default)]
    pub stdout: Vec<String>,
    /// The same for standard error.
    #[serde(default)]
    pub stderr: Vec<String>,
    /// Conditions on the JSON document that it prints: `summary.failed == 0`.
    #[serde(default)]
    pub json: Vec<String>,
    /// A report of tests.
    #[serde(default)]
    pub report: Option<Report>,
}

fn zero() -> Vec<i32> {
    vec![0]
}

impl Default for Expect {
    fn default() -> Self {
        Self {
            exit: zero(),
            blocked: Vec::new(),
            stdout: Vec::new(),
            stderr: Vec::new(),
            json: Vec::new(),
            report: None,
        }
    }
}

/// Signals that a program brings upon itself; any other came from outside.
const OWN_SIGNALS: [i32; 6] = [4, 5, 6, 7, 8, 11];

impl Expect {
    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Whether its report is a file of the run's own.
    pub(super) fn own_report(&self) -> bool {
        self.report.as_ref().is_some_and(Report::is_own)
    }

    /// The report's file before the program runs.
    pub(super) async fn before(&self, ctx: &Ctx) -> Result<Option<FileSeen>, VerbError> {
        match &self.report {
            Some(report) => report.seen(ctx).await,
            None => Ok(None),
        }
    }

    /// Judges how it ended and what it printed.
    pub(super) fn judge(
        &self,
        argv: &[String],
        finished: &Finished,
        report: Option<&Result<SuiteReport, String>>,
    ) -> Outcome {
        let passed = match self.ended(argv, finished) {
            Ok(passed) => passed,
            Err(outcome) => return outcome,
        };
        if let (Some(wanted), Some(read)) = (&self.report, report)
            && let Err(outcome) = wanted.judge(passed, read, finished)
        {
            return outcome;
        }
        if !passed {
            return Outcome::Failed(did_not_succeed(argv, finished));
        }
        for (what, patterns, output) in [
            ("standard output", &self.stdout, &finished.stdout),
            ("standard error", &self.stderr, &finished.stderr),
        ] {
            if let Some(outcome) = patterns.iter().find_map(|text| missing(what, text, output)) {
                return outcome;
            }
        }
        if let Some(outcome) = self.conditions(&finished.stdout) {
            return outcome;
        }
        Outcome::passed(note(finished, report))
    }

    /// Whether its exit code is one that passes.
    ///
    /// # Errors
    /// It says nothing of what was to be found out, or that something outside is waited for.
    fn ended(&self, argv: &[String], finished: &Finished) -> Result<bool, Outcome> {
        let undetermined = |what: &str, remedy: &str| {
            let finding = did_not_succeed(argv, finished);
            let what = format!("{}: {what}", finding.what);
            Err(Outcome::Error(Finding { what, ..finding }.remedy(remedy)))
        };
        let signal = match finished.ended {
            Ended::TimedOut => {
                return undetermined(
                    "nothing is known of what it was to show",
                    "find out what it waits for, or raise `timeout` (`within`), then resume",
                );
            }
            Ended::Signal(signal) => Some(signal),
            Ended::Code(code) if self.exit.contains(&code) => return Ok(true),
            Ended::Code(code) if self.blocked.contains(&code) => {
                let finding = did_not_succeed(argv, finished);
                let finding = finding.remedy("when what it waits for is there, resume");
                return Err(Outcome::Blocked(finding));
            }
            Ended::Code(126 | 127) => {
                return undetermined(
                    "a program that it starts is missing or cannot be started",
                    "install it, or name its toolchain in `tools`, then resume",
                );
            }
            // A shell, and a sandbox, pass a signal on so.
            Ended::Code(code @ 129..=159) => Some(code - 128),
            Ended::Code(_) => None,
        };
        match signal {
            Some(signal) if !OWN_SIGNALS.contains(&signal) => undetermined(
                "it was ended from outside",
                "find out who ended it (memory, an operator), then resume",
            ),
            _ => Ok(false),
        }
    }

    fn conditions(&self, output: &Captured) -> Option<Outcome> {
        if self.json.is_empty() {
            return None;
        }
        let undetermined = |what: String| {
            let remedy = "have it print one JSON document on standard output, and nothing else";
            Some(Outcome::Error(
                with_output(Finding::new(what), output).remedy(remedy),
            ))
        };
        if output.truncated {
            return undetermined("it printed more than is kept, which is no JSON".to_owned());
        }
        let document = match read_json(&output.text) {
            Ok(document) => document,
            Err(error) => return undetermined(format!("its standard output: {error}")),
        };
        self.json.iter().find_map(|text| {
            let holds = Condition::parse(text).and_then(|condition| condition.holds_in(&document));
            match holds {
                Ok(true) => None,
                Ok(false) => {
                    let finding = Finding::new(format!("`{text}` does not hold"));
                    Some(Outcome::Failed(with_output(finding, output)))
                }
                Err(why) => undetermined(format!("`{text}` cannot be told: {why}")),
            }
        })
    }

    pub(super) fn wrong(&self, writes: &[String], project: Option<&str>) -> Vec<Wrong> {
        let mut wrong = Vec::new();
        for (name, patterns) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            let each = patterns.iter().enumerate();
            wrong.extend(each.filter_map(|(index, pattern)| {
                wrong_pattern(format!("expect.{name}[{index}]"), pattern)
            }));
        }
        let conditions = self
            .json
            .iter()
            .enumerate()
            .filter(|(_, text)| !is_template(text));
        wrong.extend(conditions.filter_map(|(index, text)| {
            let why = Condition::parse(text).err()?;
            let help = "write `summary.failed == 0`";
            Some(Wrong::new(format!("expect.json[{index}]"), why, help))
        }));
        if self.exit.is_empty() {
            let what = "no exit code passes";
            wrong.push(Wrong::new("expect.exit", what, "write `exit = [0]`"));
        }
        if let Some(code) = self.blocked.iter().find(|code| self.exit.contains(code)) {
            let what = format!("exit code {code} passes, and is waited at");
            wrong.push(Wrong::new(
                "expect.blocked",
                what,
                "take it out of one of them",
            ));
        }
        wrong.extend(
            self.report
                .iter()
                .flat_map(|report| report.wrong(writes, project)),
        );
        wrong
    }
}

/// What passes, in one line.
fn note(finished: &Finished, report: Option<&Result<SuiteReport, String>>) -> String {
    if let Some(Ok(report)) = report {
        return format!("{} tests passed", report.ran);
    }
    let last = finished.stdout.last_lines(1);
    if last.is_empty() {
        return finished.ended.to_string();
    }
    last
}

/// That a pattern is not found; an error where it may stand in what was not kept.
fn missing(what: &str, pattern: &str, output: &Captured) -> Option<Outcome> {
    let regex = match pattern_of(pattern) {
        Ok(regex) => regex,
        Err(error) => {
            let finding = Finding::new(format!("`{pattern}` is no pattern: {error}"));
            return Some(Outcome::Error(finding));
        }
    };
    if regex.is_match(&output.text) {
        return None;
    }
    let finding = Finding::new(format!("nothing in its {what} matches `{pattern}`"));
    let finding = with_output(finding, output);
    Some(if output.truncated {
        let remedy = "let it print less: only the end of its output is kept";
        Outcome::Error(finding.remedy(remedy))
    } else {
        Outcome::Failed(finding)
    })
}
