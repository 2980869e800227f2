//! A report of tests: it counts only with the program's exit code, and only when this very run
//! wrote it. A skipped test is not a pass.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{Finding, Outcome, is_template, matches_everything};
use crate::verb::programs::with_output;
use crate::verb::{Ctx, VerbError, Wrong};
use crate::verbs::confined::is_below;
use crate::verbs::pytest::{self, Allowed, SuiteReport};
use crate::verbs::run_program::tap;
use crate::world::{FileSeen, Finished, ListFiles, Place, WorldError};

/// Largest report that is read, in bytes.
const LIMIT: u64 = 16 * 1024 * 1024;

/// A report of tests.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// Its format.
    pub format: Format,
    /// The file in the workspace; without it, TAP is read from standard output, and JUnit from
    /// the file that `$REPORT` stands for.
    #[serde(default)]
    pub file: Option<String>,
    /// How many tests must have run at least.
    #[serde(default = "one")]
    pub at_least: usize,
    /// Reasons for which a test may be skipped: texts or regular expressions that are found in the
    /// reason. Any other skip is no pass.
    #[serde(default)]
    pub allow_skips: Vec<String>,
}

/// A report's format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// JUnit's XML.
    Junit,
    /// Test Anything Protocol.
    Tap,
}

fn one() -> usize {
    1
}

impl Report {
    /// Whether the gate makes the file that the program writes.
    pub(in crate::verbs::run_program) fn is_own(&self) -> bool {
        self.format == Format::Junit && self.file.is_none()
    }

    /// Its file as it is now; none where it is not there, or no file is read.
    pub(super) async fn seen(&self, ctx: &Ctx) -> Result<Option<FileSeen>, VerbError> {
        let Some(file) = &self.file else {
            return Ok(None);
        };
        let (root, name) = match file.rsplit_once('/') {
            Some((directory, name)) => (Place::workspace(directory), name),
            None => (Place::workspace(""), file.as_str()),
        };
        let include = vec![globset::escape(name)];
        Ok(ctx.list(ListFiles { root, include }).await?.pop())
    }

    /// Reads what the program has written; why it does not count, where it does not.
    pub(in crate::verbs::run_program) async fn read(
        &self,
        ctx: &Ctx,
        own: Option<&Place>,
        before: Option<FileSeen>,
        finished: &Finished,
    ) -> Result<Result<SuiteReport, String>, VerbError> {
        let text = match (&self.file, own) {
            (Some(file), _) => match self.seen(ctx).await? {
                None => return Ok(Err(format!("there is no file `{file}`"))),
                after if after == before => {
                    return Ok(Err(format!(
                        "`{file}` is the one that was there before: this run has not written it"
                    )));
                }
                Some(_) => text_of(ctx, &Place::workspace(file)).await?,
            },
            (None, Some(own)) => text_of(ctx, own).await?,
            (None, None) if finished.stdout.truncated => {
                Err("it printed more than is kept".to_owned())
            }
            (None, None) => Ok(finished.stdout.text.clone()),
        };
        Ok(text.and_then(|text| self.parse(&text)))
    }

    fn parse(&self, text: &str) -> Result<SuiteReport, String> {
        if text.trim().is_empty() {
            return Err("it is empty".to_owned());
        }
        match self.format {
            Format::Junit => pytest::parse(text),
            Format::Tap => tap::parse(text),
        }
    }

    /// What the report and the exit code say together.
    ///
    /// # Errors
    /// It does not pass, or the two do not say the same.
    pub(super) fn judge(
        &self,
        passed: bool,
        read: &Result<SuiteReport, String>,
        finished: &Finished,
    ) -> Result<(), Outcome> {
        let undetermined = |why: String, seen: &[String]| {
            let mut finding = Finding::new(format!("its report does not count: {why}"));
            finding.seen.extend_from_slice(seen);
            let remedy = "a report counts only with an exit code that says the same";
            Outcome::Error(with_output(finding, &finished.stdout).remedy(remedy))
        };
        let report = match read {
            Ok(report) => report,
            Err(why) => return Err(undetermined(why.clone(), &[])),
        };
        let failed = report.failed.len();
        let ended = finished.ended;
        match (passed, failed) {
            (true, 0) => {}
            (true, _) => {
                let why = format!("{ended} passes, and {failed} tests failed by it");
                return Err(undetermined(why, &report.failed));
            }
            (false, 0) => {
                let why = format!("{ended} does not pass, and no test failed by it");
                return Err(undetermined(why, &[]));
            }
            (false, _) => {
                let mut finding = Finding::new(format!("{failed} of {} tests failed", report.ran));
                finding.seen.clone_from(&report.failed);
                return Err(Outcome::Failed(with_output(finding, &finished.stdout)));
            }
        }
        let allowed = Allowed::of(&self.allow_skips).map_err(VerbError::outcome)?;
        let refused = allowed.refused(&report.skips);
        if !refused.is_empty() {
            let mut finding = Finding::new(format!(
                "{} tests were skipped, which is not a pass",
                refused.len()
            ));
            finding.seen = refused;
            let remedy = "have them run, or list the reason in `allow_skips`";
            return Err(Outcome::Error(finding.remedy(remedy)));
        }
        if report.ran < self.at_least {
            let what = format!(
                "{} tests ran, expected {} at least",
                report.ran, self.at_least
            );
            let remedy = "find out which are no longer collected";
            return Err(Outcome::Error(Finding::new(what).remedy(remedy)));
        }
        Ok(())
    }

    pub(super) fn wrong(&self, writes: &[String], project: Option<&str>) -> Vec<Wrong> {
        let mut wrong = Vec::new();
        if let Some(file) = self.file.as_deref().filter(|file| !is_template(file)) {
            let below = |directory: &String| {
                let rest = file.strip_prefix(directory.as_str());
                is_template(directory) || rest.is_some_and(|rest| rest.starts_with('/'))
            };
            if !is_below(file) || !writes.iter().any(below) {
                let directory = file.rsplit_once('/').map(|(directory, _)| directory);
                let directory = directory.or(project).unwrap_or("reports");
                let what = format!("the program may not write `{file}`");
                let help = format!("add its directory: `writes = [\"{directory}\"]`");
                wrong.push(Wrong::new("expect.report.file", what, help));
            }
        }
        if self.at_least == 0 {
            let what = "a report without a test would pass";
            wrong.push(Wrong::new(
                "expect.report.at_least",
                what,
                "write 1 or more",
            ));
        }
        let everything = |(index, text): (usize, &String)| {
            let what = format!("`{text}` would allow every skip");
            let help = "write the reason that is allowed: a skip is not a pass";
            let at = format!("expect.report.allow_skips[{index}]");
            matches_everything(text).then(|| Wrong::new(at, what, help))
        };
        wrong.extend(self.allow_skips.iter().enumerate().filter_map(everything));
        wrong
    }
}

async fn text_of(ctx: &Ctx, place: &Place) -> Result<Result<String, String>, VerbError> {
    match ctx.read(place, LIMIT).await {
        Ok(text) => Ok(Ok(text)),
        Err(WorldError::Interrupted) => Err(WorldError::Interrupted.into()),
        Err(error) => Ok(Err(error.to_string())),
    }
}
