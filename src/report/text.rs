//! The report as text: the verdict first, then every finding with its evidence and its remedy.

use std::fmt::Write;

use super::model::{Report, SubtaskReport, UNCONFINED, label, shown};
use super::style::Style;
use crate::model::escape::one_line;
use crate::model::subject::Subject;
use crate::model::{SubtaskId, Verdict};

/// Locations on this machine; only the terminal shows them, never a report that is passed on.
#[derive(Debug, Clone, Default)]
pub struct Where {
    /// The run directory.
    pub run_directory: Option<String>,
    /// The command that resumes this run.
    pub resume: Option<String>,
    /// The command that runs what was not requested.
    pub rest: Option<String>,
    /// The run as one file.
    pub bundle: Option<BundleAt>,
}

/// A bundle on this machine.
#[derive(Debug, Clone)]
pub struct BundleAt {
    /// The file.
    pub path: String,
    /// Its digest.
    pub sha256: String,
    /// The journal's head, for `gate verify --head`.
    pub head: String,
    /// The command that reproduces it.
    pub reproduce: String,
}

/// Which subtasks another one has stopped, in one line.
#[must_use]
pub fn stopped(by: &SubtaskId, stopped: &[SubtaskId]) -> String {
    let which = match stopped {
        [] => String::new(),
        [one] => one.to_string(),
        [one, other] => format!("{one}, {other}"),
        [first, .., last] => format!("{first} … {last} ({} subtasks)", stopped.len()),
    };
    format!("not run, stopped by {by}: {which}")
}

/// The report as text.
#[must_use]
pub fn text(report: &Report, style: Style, place: &Where) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = render(&mut out, &shown(report), style, place);
    out
}

fn render(out: &mut String, report: &Report, style: Style, place: &Where) -> std::fmt::Result {
    let verdict = report.verdict_in_words();
    writeln!(
        out,
        "\n{} – {}",
        style.bold(&one_line(&report.title)),
        style.bold(&verdict.to_uppercase())
    )?;
    let counts = report.counts();
    let counts: Vec<String> = counts
        .iter()
        .map(|(word, count)| format!("{count} {word}"))
        .collect();
    writeln!(
        out,
        "{} subtasks: {}",
        report.subtasks().count(),
        counts.join(", ")
    )?;
    for subtask in report.findings() {
        finding(out, subtask, style)?;
    }
    if let Some(written) = report.written_in_words() {
        writeln!(out, "\n{}", style.bold("written outside"))?;
        for line in &written {
            writeln!(out, "    {line}")?;
        }
        if written.is_empty() {
            writeln!(out, "    nothing")?;
        }
    }
    for problem in &report.evidence_problems {
        writeln!(
            out,
            "\nthe evidence is not complete, so nothing counts as passed: {}",
            one_line(problem)
        )?;
    }
    if report.unconfined {
        writeln!(out, "\n{UNCONFINED}")?;
    }
    if !report.run.is_empty() {
        writeln!(out, "\nrun       {}", report.run)?;
    }
    for (what, which) in report.subject.iter().flat_map(Subject::lines) {
        writeln!(out, "{what:<9} {which}")?;
    }
    if let Some(directory) = &place.run_directory {
        writeln!(out, "evidence  {directory}")?;
    }
    if let Some(bundle) = &place.bundle {
        writeln!(out, "bundle    {}", bundle.path)?;
        writeln!(out, "          sha256:{}", bundle.sha256)?;
        writeln!(out, "head      {}", bundle.head)?;
        writeln!(out, "reproduce {}", bundle.reproduce)?;
    }
    let stopped = report.cut_off || !matches!(report.verdict, Some(Verdict::Passed) | None);
    if let Some(resume) = place.resume.as_ref().filter(|_| stopped) {
        writeln!(out, "resume    {resume}")?;
    }
    if let Some(rest) = place
        .rest
        .as_ref()
        .filter(|_| report.is_partial() && !stopped)
    {
        writeln!(out, "the rest  {rest}")?;
    }
    Ok(())
}

fn finding(out: &mut String, subtask: &SubtaskReport, style: Style) -> std::fmt::Result {
    let Some((result, finding)) = subtask
        .result
        .as_ref()
        .and_then(|result| Some((result, result.finding()?)))
    else {
        return Ok(());
    };
    let word = style.outcome(Some(result), label(Some(result)));
    writeln!(
        out,
        "\n{} {word}: {}",
        style.bold(subtask.id.as_str()),
        one_line(&subtask.title)
    )?;
    // The lines of a text stay behind its own margin: it cannot be mistaken for the next item.
    for line in finding.what.lines() {
        writeln!(out, "    {line}")?;
    }
    for line in finding.seen.iter().flat_map(|seen| seen.lines()) {
        writeln!(out, "    {} {line}", style.faint("│"))?;
    }
    for (index, line) in finding
        .remedy
        .iter()
        .flat_map(|remedy| remedy.lines())
        .enumerate()
    {
        let mark = if index == 0 { "→" } else { " " };
        writeln!(out, "    {} {line}", style.bold(mark))?;
    }
    Ok(())
}
