//! `on-failure`.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::shared::attempt;
use super::shared::canary_run::{CanaryRun, ReadBack};
use super::shared::github::IssueRef;
use super::shared::github_write::{Change, comment_once, reopen_once};
use super::{Act, Ctx, Declares, Trouble, Write};
use crate::gate::{Outcome, Triage};
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
    fn reads(&self) -> Vec<&str> {
        vec![&self.canary]
    }

    fn writes(&self) -> Vec<Write<'_>> {
        vec![Write::TriagedIssues]
    }
}

#[async_trait]
impl Act for OnFailure {
    async fn act(&self, ctx: &Ctx) -> Result<Outcome, Trouble> {
        let run: CanaryRun = ctx.fact_as(&self.canary)?;
        let failures = failures(ctx, &run).await?;
        let rules = matching(&ctx.setting().triage, &failures);
        let report = report(&self.canary, &failures, &rules);
        // Evidence is on disk, synced, before GitHub is touched.
        let attempt = self.keep_evidence(ctx, &report).await?;
        let mut notes = vec![format!("evidence kept as {}", attempt.name)];
        for issue in rules.iter().filter_map(|rule| rule.reopen.as_deref()) {
            notes.push(reopen(ctx, issue, &attempt.name, &report).await?);
        }
        if notes.len() == 1 {
            notes.push("unknown regression: no issue re-opened".to_owned());
        }
        Ok(Outcome::passed(notes.join("; ")))
    }
}

impl OnFailure {
    async fn keep_evidence(&self, ctx: &Ctx, report: &str) -> Result<attempt::Attempt, Trouble> {
        let attempt = attempt::claim(ctx, &self.attempt).await?;
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

async fn failures(ctx: &Ctx, run: &CanaryRun) -> Result<Vec<Failure>, Trouble> {
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

/// Comments on the issue and re-opens it, unless it is open already: then the comment is all.
async fn reopen(ctx: &Ctx, issue: &str, attempt: &str, report: &str) -> Result<String, Trouble> {
    let reference = IssueRef::parse(issue)?;
    let body = format!(
        "The release gate found this regression again.\n\n{report}\nEvidence: `{attempt}`\n"
    );
    let posted = comment_once(ctx, &reference, &body).await?;
    Ok(match reopen_once(ctx, &reference).await? {
        Change::Changed => format!("{issue} re-opened, {}", posted.url),
        Change::AlreadySo => format!("{issue} was open already, commented: {}", posted.url),
    })
}
