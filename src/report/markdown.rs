//! The report as Markdown, for an issue or a wiki.

use std::fmt::Write;

use super::model::{Report, SubtaskReport, UNCONFINED, label, note, shown};
use super::next::Next;
use crate::model::Outcome;
use crate::model::escape::markdown::{block, in_code, inline};

/// How texts are escaped in it.
struct Texts {
    inline: fn(&str) -> String,
    cell: fn(&str) -> String,
    in_code: fn(&str) -> String,
    block: fn(&str) -> String,
}

/// The report as Markdown, with the next command if it is known.
#[must_use]
pub fn markdown(report: &Report, next: Option<&Next>) -> String {
    let texts = Texts {
        inline,
        cell: inline,
        in_code,
        block,
    };
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = render(&mut out, &shown(report), next, &texts);
    out
}

/// The report as Markdown, in the form of bundles with version 1 of the reports.
#[must_use]
pub fn markdown_1(report: &Report) -> String {
    let texts = Texts {
        inline: str::to_owned,
        cell: |text| text.replace('|', "\\|").replace('\n', " "),
        in_code: str::to_owned,
        block: |text| format!("```text\n{}\n```\n", text.replace("```", "'''")),
    };
    let mut out = String::new();
    // As above.
    let _ = render(&mut out, report, None, &texts);
    out
}

fn render(
    out: &mut String,
    report: &Report,
    next: Option<&Next>,
    texts: &Texts,
) -> std::fmt::Result {
    let Texts {
        inline,
        in_code,
        block,
        ..
    } = texts;
    let verdict = report.verdict_in_words();
    writeln!(out, "# {}: {verdict}\n", inline(&report.title))?;
    writeln!(
        out,
        "Mission `{}`, run `{}`",
        in_code(&report.mission),
        in_code(&report.run)
    )?;
    if let (Some(started), Some(ended)) = (report.started, report.ended) {
        writeln!(out, "from {started} to {ended}")?;
    }
    if report.unconfined {
        writeln!(out, "\n{UNCONFINED}")?;
    }
    if let Some(subject) = &report.subject {
        writeln!(out, "\n| verdict on | |\n|---|---|")?;
        for (what, which) in subject.lines() {
            writeln!(out, "| {what} | {} |", cell(&which))?;
        }
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
            inline(&subtask.title)
        )?;
        writeln!(out, "{}\n", inline(&finding.what))?;
        if !finding.seen.is_empty() {
            write!(out, "{}", block(&finding.seen.join("\n")))?;
        }
        if let Some(remedy) = &finding.remedy {
            writeln!(out, "\n→ {}", inline(remedy))?;
        }
    }
    first_things(out, report, next)?;
    for package in &report.work_packages {
        writeln!(
            out,
            "\n## {} — {}\n\n| id | subtask | result | |\n|---|---|---|---|",
            inline(&package.id),
            inline(&package.title)
        )?;
        let mut rest = package.subtasks.as_slice();
        while let Some(subtask) = rest.first() {
            let alike = alike(report, rest);
            row(out, subtask, alike, texts.cell)?;
            rest = &rest[alike..];
        }
    }
    Ok(())
}

/// A text within a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

/// What was written and what comes next: what a reader wants to know before all the rest.
fn first_things(out: &mut String, report: &Report, next: Option<&Next>) -> std::fmt::Result {
    let Some(written) = report.written_in_words() else {
        return Ok(());
    };
    writeln!(out, "\n## Written outside\n")?;
    for line in &written {
        writeln!(out, "- {}", inline(line))?;
    }
    if written.is_empty() {
        writeln!(out, "Nothing.")?;
    }
    if let Some(Next {
        what,
        command,
        note,
    }) = next
    {
        let command = in_code(command);
        writeln!(out, "\n## What next\n\n{what} `{command}`, {note}.")?;
    }
    Ok(())
}

/// How many subtasks, from the first of these on, were not run for one reason.
fn alike(report: &Report, rest: &[SubtaskReport]) -> usize {
    let because = |one: &SubtaskReport| match &one.result {
        Some(Outcome::NotRun { because }) => Some(because.clone()),
        _ => None,
    };
    let first = rest.first().and_then(because);
    if report.written.is_none() || first.is_none() {
        return 1;
    }
    rest.iter().take_while(|one| because(one) == first).count()
}

fn row(
    out: &mut String,
    subtask: &SubtaskReport,
    alike: usize,
    cell: fn(&str) -> String,
) -> std::fmt::Result {
    let told = subtask.result.as_ref().map(told).unwrap_or_default();
    let word = label(subtask.result.as_ref());
    let title = match alike {
        1 => cell(&subtask.title),
        alike => format!("{alike} subtasks, from this one on"),
    };
    writeln!(
        out,
        "| {} | {title} | {word} | {} |",
        subtask.id,
        cell(&told)
    )
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
