//! `on-failure`.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{Finding, Outcome, Triage};
use crate::verb::{Act, Ctx, Declares, Input, VerbError, Write};
use crate::verbs::canary::run::{CanaryRun, ReadBack};
use crate::verbs::evidence_directory;
use crate::verbs::github::IssueRef;
use crate::verbs::github::write::{Change, Commented, comment_or_ask, reopen_once};
use crate::world::{ListFiles, Place};

/// Keeps the evidence of a failed canary, then re-opens the issues that the triage names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OnFailure {
    /// Fact published by `canary`.
    pub canary: String,
    /// Name of the attempt directory, before `-attempt<N>`.
    pub attempt: String,
}

impl Declares for OnFailure {
    fn inputs(&self) -> Vec<Input> {
        vec![Input::Rules]
    }

    fn reads(&self) -> Vec<&str> {
        vec![&self.canary]
    }

    fn writes(&self) -> Vec<Write<'_>> {
        vec![Write::TriagedIssues]
    }
}

#[async_trait]
impl Act for OnFailure {
    async fn act(&self, ctx: &Ctx) -> Result<Outcome, VerbError> {
        let run: CanaryRun = ctx.fact_as(&self.canary)?;
        let failures = failures(ctx, &run).await?;
        let rules = matching(&ctx.setting().triage, &failures);
        let report = report(&self.canary, &failures, &rules);
        // Evidence is on disk, synced, before GitHub is touched.
        let attempt = self.keep_evidence(ctx, &report).await?;
        let mut notes = vec![format!("evidence kept as {}", attempt.name)];
        let mut asked = Vec::new();
        for issue in rules.iter().filter_map(|rule| rule.reopen.as_deref()) {
            let (note, question) = reopen(ctx, issue, &attempt.name, &report).await?;
            notes.push(note);
            asked.extend(question);
        }
        if notes.len() == 1 {
            notes.push("unknown regression: no issue re-opened".to_owned());
        }
        let mut asked = asked.into_iter();
        let Some(mut finding) = asked.next() else {
            return Ok(Outcome::passed(notes.join("; ")));
        };
        for more in asked {
            finding.seen.push(more.what);
            finding.seen.extend(more.seen);
        }
        finding.seen.extend(notes);
        Ok(Outcome::Blocked(finding))
    }
}

impl OnFailure {
    async fn keep_evidence(
        &self,
        ctx: &Ctx,
        report: &str,
    ) -> Result<evidence_directory::Attempt, VerbError> {
        let attempt = evidence_directory::claim(ctx, &self.attempt).await?;
        for part in ["canary", "logs"] {
            let from = ListFiles {
                root: Place::run(part),
                include: Vec::new(),
            };
            ctx.keep(from, attempt.beside.join(part)).await?;
        }
        ctx.write(attempt.beside.join("failure.md"), report.to_owned())
            .await?;
        attempt.finish(ctx).await?;
        Ok(attempt)
    }
}

/// One scenario, or one whole run, that did not pass.
struct Failure {
    run: String,
    scenario: Option<u32>,
    text: String,
    first_line: String,
}

async fn failures(ctx: &Ctx, run: &CanaryRun) -> Result<Vec<Failure>, VerbError> {
    let mut failures = Vec::new();
    for file in &run.results {
        match run.read(ctx, file).await? {
            ReadBack::Refused(reason) => failures.push(Failure {
                run: file.path.clone(),
                scenario: None,
                text: String::new(),
                first_line: reason,
            }),
            ReadBack::Result(result) => {
                failures.extend(
                    result
                        .scenarios
                        .iter()
                        .filter(|scenario| !scenario.passes())
                        .map(|scenario| Failure {
                            run: file.path.clone(),
                            scenario: Some(scenario.number),
                            text: scenario.reason.clone(),
                            first_line: scenario
                                .first_error
                                .clone()
                                .unwrap_or_else(|| format!("says `{}`", scenario.status)),
                        }),
                );
            }
        }
    }
    Ok(failures)
}

/// The rules that speak of a failure, in the gate file's order. Only a scenario's own words
/// count: a document that is missing or unreadable says nothing about an issue.
fn matching<'a>(rules: &'a [Triage], failures: &[Failure]) -> Vec<&'a Triage> {
    let speaks = |rule: &&Triage| {
        failures.iter().any(|failure| {
            failure.scenario.is_some() && rule.matches(failure.scenario, &failure.text)
        })
    };
    rules.iter().filter(speaks).collect()
}

fn report(canary: &str, failures: &[Failure], rules: &[&Triage]) -> String {
    let mut lines = vec![
        format!("# {canary} failed"),
        String::new(),
        "| run | scenario | first error |".to_owned(),
        "|---|---|---|".to_owned(),
    ];
    lines.extend(failures.iter().map(row));
    lines.push(String::new());
    if rules.is_empty() {
        let text = "Unknown regression: no rule of the triage speaks of it, no issue is re-opened.";
        lines.push(text.to_owned());
    }
    lines.extend(rules.iter().map(|rule| {
        let advice = rule.advice.as_deref().unwrap_or("");
        let dash = if advice.is_empty() { "" } else { " – " };
        format!("- {}{dash}{advice}", rule.name)
    }));
    lines.join("\n") + "\n"
}

fn row(failure: &Failure) -> String {
    let scenario = failure
        .scenario
        .map_or_else(|| "–".to_owned(), |number| number.to_string());
    let line = failure.first_line.replace('|', "\\|");
    format!("| `{}` | {scenario} | {line} |", failure.run)
}

/// Comments on the issue and re-opens it, unless it is open already: then the comment is all. Where
/// another run has commented for the same candidate, whether there is to be a second comment is a
/// question; the issue is re-opened whatever the answer is.
async fn reopen(
    ctx: &Ctx,
    issue: &str,
    attempt: &str,
    report: &str,
) -> Result<(String, Option<Finding>), VerbError> {
    let reference = IssueRef::parse(issue)?;
    let body = format!(
        "The release gate found this regression again.\n\n{report}\nEvidence: `{attempt}`\n"
    );
    let commented = comment_or_ask(ctx, &reference, &body).await?;
    let change = reopen_once(ctx, &reference).await?;
    let posted = match commented {
        Commented::Is(posted) => posted,
        Commented::Asks(question) => {
            let state = match change {
                Change::Changed => "re-opened",
                Change::AlreadySo => "was open already",
            };
            return Ok((format!("{issue} {state}, not commented"), Some(question)));
        }
    };
    let done = match change {
        Change::Changed => format!("{issue} re-opened, {}", posted.url),
        Change::AlreadySo => format!("{issue} was open already, commented: {}", posted.url),
    };
    let notes = std::iter::once(done).chain(posted.notes);
    Ok((notes.collect::<Vec<_>>().join("; "), None))
}
