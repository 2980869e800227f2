//! The report as Markdown, for an issue or a wiki.

use std::fmt::Write;

use super::model::{Report, label, note};
use crate::gate::Outcome;

/// The report as Markdown.
#[must_use]
pub fn markdown(report: &Report) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = render(&mut out, report);
    out
}

fn render(out: &mut String, report: &Report) -> std::fmt::Result {
    let verdict = report.verdict_in_words();
    writeln!(out, "# {}: {verdict}\n", report.title)?;
    writeln!(out, "Mission `{}`, run `{}`", report.mission, report.run)?;
    if let (Some(started), Some(ended)) = (report.started, report.ended) {
        writeln!(out, "from {started} to {ended}")?;
    }
    for subtask in report.findings() {
        let Some(finding) = subtask.result.as_ref().and_then(|result| result.finding()) else {
            continue;
        };
        writeln!(
            out,
            "\n## {} {}: {}\n",
            subtask.id,
            label(subtask.result.as_ref()),
            subtask.title
        )?;
        writeln!(out, "{}\n", finding.what)?;
        if !finding.seen.is_empty() {
            writeln!(
                out,
                "```text\n{}\n```",
                finding.seen.join("\n").replace("```", "'''")
            )?;
        }
        if let Some(remedy) = &finding.remedy {
            writeln!(out, "\n→ {remedy}")?;
        }
    }
    for package in &report.work_packages {
        writeln!(
            out,
            "\n## {} — {}\n\n| id | subtask | result | |\n|---|---|---|---|",
            package.id, package.title
        )?;
        for subtask in &package.subtasks {
            let told = subtask.result.as_ref().map(told).unwrap_or_default();
            let cell = |text: &str| text.replace('|', "\\|").replace('\n', " ");
            let word = label(subtask.result.as_ref());
            writeln!(
                out,
                "| {} | {} | {word} | {} |",
                subtask.id,
                cell(&subtask.title),
                cell(&told)
            )?;
        }
    }
    Ok(())
}

/// What was seen, and what the operator should know all the same.
fn told(result: &Outcome) -> String {
    let mut told = note(result);
    if let Outcome::Passed { warnings, .. } = result {
        told.extend(
            warnings
                .iter()
                .map(|warning| format!("; warning: {warning}")),
        );
    }
    told
}
