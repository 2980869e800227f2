//! `assert-canary`.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{Finding, Origin, Outcome};
use crate::verb::{Act, Ctx, Declares, Field, VerbError};
use crate::verbs::canary::contradiction::coarse;
use crate::verbs::canary::run::{CanaryRun, ReadBack};
use crate::verbs::canary::shape::{CanaryResult, Scenario};
use crate::world::Ended;

/// Shows that each result of a canary is complete, fresh, of this candidate, and passes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AssertCanary {
    /// Fact published by `canary`.
    pub canary: String,
    /// The candidate's version.
    pub version: String,
    /// The fact to publish.
    #[serde(rename = "as")]
    pub publish: String,
}

impl Declares for AssertCanary {
    fn publishes(&self) -> Option<&str> {
        Some(&self.publish)
    }

    fn fields(&self) -> Option<Vec<Field>> {
        Some(Field::all(["runs: list", "problems: list"]))
    }

    fn reads(&self) -> Vec<&str> {
        vec![&self.canary]
    }
}

#[async_trait]
impl Act for AssertCanary {
    async fn act(&self, ctx: &Ctx) -> Result<Outcome, VerbError> {
        let run: CanaryRun = ctx.fact_as(&self.canary)?;
        let mut results = Vec::new();
        let (mut problems, mut origins) = (Vec::new(), Vec::new());
        for (file, number) in run.results.iter().zip(0..) {
            match run.read(ctx, file).await? {
                ReadBack::Result(result) => {
                    let part = format!("runs[{}]", results.len());
                    let path = format!("{}.results[{number}].path", self.canary);
                    origins.push(Origin::fact(format!("{part}.path"), path));
                    origins.push(Origin::answer(part, ctx.latest(), "/value", ""));
                    results.push((file.path.clone(), *result));
                }
                ReadBack::Refused(reason) => problems.push(format!("{} {reason}", file.path)),
            }
        }
        for (path, result) in &results {
            problems.extend(
                self.problems_of(result, &run)
                    .into_iter()
                    .map(|problem| format!("{path}: {problem}")),
            );
        }
        problems.extend(problems_between(&results));
        problems.extend(exit_code_problem(&run, &results));
        let documents: Vec<_> = results
            .iter()
            .map(|(path, result)| Document { path, result })
            .collect();
        let fact = serde_json::json!({ "runs": documents, "problems": problems });
        ctx.publish_from(&self.publish, fact, origins);
        Ok(verdict(&run, results.len(), problems))
    }
}

/// A result as a fact.
#[derive(Serialize)]
struct Document<'a> {
    path: &'a str,
    #[serde(flatten)]
    result: &'a CanaryResult,
}

fn verdict(run: &CanaryRun, results: usize, problems: Vec<String>) -> Outcome {
    if problems.is_empty() && results == run.results.len() && results > 0 {
        return Outcome::passed(format!(
            "{results} of {results} runs pass, 4 of 4 scenarios each"
        ));
    }
    let mut finding = Finding::new(format!(
        "the canary did not pass: {} problems",
        problems.len()
    ));
    finding.seen = problems;
    Outcome::Failed(finding)
}

impl AssertCanary {
    fn problems_of(&self, result: &CanaryResult, run: &CanaryRun) -> Vec<String> {
        let mut problems = Vec::new();
        if result.outcome != "pass" {
            let why = result
                .skip_reason
                .as_deref()
                .map(|why| format!(" ({why})"))
                .unwrap_or_default();
            problems.push(format!("outcome is `{}`{why}", result.outcome));
        }
        problems.extend(
            result
                .scenarios
                .iter()
                .filter(|scenario| !scenario.passes())
                .map(told),
        );
        problems.extend(self.version_problem(result));
        problems.extend(time_problem(result, run));
        problems
    }

    /// `cli_version` is the whole line that the command prints, or the version alone.
    fn version_problem(&self, result: &CanaryResult) -> Option<String> {
        let Some(line) = &result.cli_version else {
            return Some("does not say which CLI version ran".to_owned());
        };
        let Some(version) = version_in(line) else {
            let shown: String = line.escape_debug().take(160).collect();
            return Some(format!(
                "says `{shown}` of its CLI version, expected one line such as `spec-kitty-cli \
                 version {}`",
                self.version
            ));
        };
        (version != self.version)
            .then(|| format!("ran CLI version `{version}` instead of `{}`", self.version))
    }
}

/// The version in `spec-kitty-cli version 3.2.0rc16`, `cli 3.2.0rc16` or `3.2.0rc16`. None where
/// more is said, such as that another version is to be had.
fn version_in(line: &str) -> Option<&str> {
    let line = line.trim();
    if line.contains(char::is_control) {
        return None;
    }
    let words: Vec<&str> = line.split_whitespace().collect();
    match words.as_slice() {
        [version] | ["version", version] => Some(version),
        [program, "version", version] | [program, version] if is_program(program) => Some(version),
        _ => None,
    }
}

/// A program's name, as in `spec-kitty` or `spec-kitty,`; never a version, which has dots.
fn is_program(word: &str) -> bool {
    let name = word.strip_suffix(',').unwrap_or(word);
    let part = |letter: char| letter.is_ascii_alphanumeric() || "-_".contains(letter);
    name.starts_with(|letter: char| letter.is_ascii_alphabetic()) && name.chars().all(part)
}

fn told(scenario: &Scenario) -> String {
    let error = scenario
        .first_error
        .as_deref()
        .map(|error| format!(": {error}"))
        .unwrap_or_default();
    format!(
        "scenario {} says `{}`{error}",
        scenario.number, scenario.status
    )
}

/// Result times have whole seconds; the gate's own clock reads do not.
fn time_problem(result: &CanaryResult, run: &CanaryRun) -> Option<String> {
    let slack = jiff::SignedDuration::from_secs(2);
    let (Some(started), Some(finished)) = (result.started_at, result.finished_at) else {
        return Some("does not say when it ran".to_owned());
    };
    let within = started >= run.started_at - slack
        && finished <= run.finished_at + slack
        && started <= finished;
    (!within).then(|| format!("says it ran from {started} to {finished}, which is not this run"))
}

/// Run ids are distinct, and each run begins after the one before has ended.
fn problems_between(results: &[(String, CanaryResult)]) -> Vec<String> {
    let mut problems = Vec::new();
    for (index, (path, result)) in results.iter().enumerate() {
        let earlier = &results[..index];
        match &result.run_id {
            None => problems.push(format!("{path}: does not say its run id")),
            Some(id) => problems.extend(
                earlier
                    .iter()
                    .filter(|(_, other)| other.run_id.as_ref() == Some(id))
                    .map(|(other, _)| format!("{path}: has the same run id {id} as {other}")),
            ),
        }
        let overlaps = earlier.last().is_some_and(|(_, before)| {
            match (before.finished_at, result.started_at) {
                (Some(ended), Some(started)) => started < ended - coarse(started, ended),
                _ => true,
            }
        });
        if overlaps {
            problems.push(format!(
                "{path}: does not begin after the run before it has ended"
            ));
        }
    }
    problems
}

/// Exit code and documents must tell the same story.
fn exit_code_problem(run: &CanaryRun, results: &[(String, CanaryResult)]) -> Option<String> {
    let all_pass =
        results.len() == run.results.len() && results.iter().all(|(_, result)| result.passes());
    (all_pass != (run.ended == Ended::Code(0))).then(|| {
        format!(
            "the script ended with {}, the results say otherwise",
            run.ended
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_the_whole_of_one_line_behind_the_programs_name() {
        for line in [
            "spec-kitty-cli version 3.2.0rc16",
            "spec-kitty-cli version 3.2.0rc16\n",
            "spec-kitty, version 3.2.0rc16",
            "spec-kitty-cli 3.2.0rc16",
            "cli version 3.2.0rc16",
            "version 3.2.0rc16",
            "3.2.0rc16",
        ] {
            assert_eq!(version_in(line), Some("3.2.0rc16"), "{line}");
        }
        for line in [
            "",
            "spec-kitty-cli version 3.2.0rc15\nnew release available: 3.2.0rc16",
            "spec-kitty-cli version 3.2.0rc15 (latest: 3.2.0rc16",
            "spec-kitty-cli version 3.2.0rc15 3.2.0rc16",
            "3.2.0rc15 3.2.0rc16",
            "v3.2.0rc15 version 3.2.0rc16",
            "3.2.0rc15 -> 3.2.0rc16",
            "3.2.0rc15\r3.2.0rc16",
            "not yet version 3.2.0rc16",
        ] {
            assert_eq!(version_in(line), None, "{line}");
        }
        assert_eq!(version_in("3.2.0rc16.post1"), Some("3.2.0rc16.post1"));
    }
}
