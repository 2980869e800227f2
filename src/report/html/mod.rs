//! A run as one self-contained page: the verdict, its reason, and the bytes it is based on.
//!
//! Owns what the page shows and how; decides nothing. The same run gives the same bytes: the page
//! is part of a bundle, and is generated again when the bundle is verified.

mod about;
mod canary;
mod comments;
mod compared;
mod exchange;
mod health;
mod links;
mod recorded;
mod rendered;
mod subtask;
mod text;
mod timeline;
mod who;

use serde::Serialize;

pub use compared::{Compared, ComparedSection, ComparedValue, compared};
pub use links::Evidence;
pub use recorded::Recorded;

use self::rendered::{STYLE, hash, render};
use self::subtask::{FindingShown, PackageShown, Shelf};
use self::text::{line, visible};
use super::model::Report;
use super::next::{Next, next};
use super::writes::{Wrote, writes};
use crate::model::{Facts, Verdict};

const SCRIPT: &str = include_str!("page.js");

#[derive(Serialize)]
struct Page<'r> {
    title: String,
    run: String,
    mission: String,
    verdict: String,
    tone: &'static str,
    counts: String,
    problems: Vec<String>,
    unconfined: bool,
    findings: Vec<FindingShown>,
    about: Vec<about::Known>,
    parameters: Vec<about::Parameter>,
    is_real: bool,
    writes: Vec<WriteShown>,
    next: Next,
    timeline: timeline::Timeline,
    grids: Vec<canary::Grid>,
    health: Option<health::Health>,
    interventions: health::Interventions,
    packages: Vec<PackageShown>,
    comments: Vec<CommentShown>,
    journal: Option<&'static str>,
    style: &'r str,
    script: &'r str,
    style_hash: String,
    script_hash: String,
}

/// Something that was written outside.
#[derive(Serialize)]
struct WriteShown {
    by: String,
    anchor: String,
    what: String,
    target: String,
    link: Option<String>,
    fate: &'static str,
}

/// A comment that was posted.
#[derive(Serialize)]
struct CommentShown {
    by: String,
    issue: String,
    link: Option<String>,
    pieces: Vec<comments::Piece>,
}

/// A run as a page.
///
/// # Errors
/// If the page's template does not fit the run, which a test rules out.
pub fn page(run: &Recorded<'_>) -> Result<String, String> {
    // If two subtasks published one fact, `verify` reports it; the page then shows none.
    let facts = run.folded.facts().unwrap_or_default();
    let subject = run.own.subject(run.folded);
    let written = writes(run.folded);
    let shelf = Shelf {
        gate: run.gate,
        folded: run.folded,
        facts: &facts,
        at: run.evidence,
    };
    let grids = canary::grids(run.gate, run.folded, &facts);
    let interventions = health::interventions(run.gate, &facts);
    let report = run.report;
    let counts: Vec<String> = report
        .counts()
        .iter()
        .map(|(word, count)| format!("{count} {word}"))
        .collect();
    let page = Page {
        title: visible(&report.title),
        run: visible(&report.run),
        mission: visible(&report.mission),
        verdict: visible(&match &report.subject {
            Some(_) => report.verdict_in_words(),
            None => subject.in_words(&report.verdict_in_words()),
        }),
        tone: tone(report),
        counts: counts.join(", "),
        problems: report
            .evidence_problems
            .iter()
            .map(|one| visible(one))
            .collect(),
        unconfined: report.unconfined,
        findings: report
            .findings()
            .into_iter()
            .filter_map(subtask::finding)
            .collect(),
        about: about::about(run, &subject),
        parameters: about::parameters(run, &subject),
        is_real: about::is_real(&subject),
        writes: { written.iter() }
            .map(|wrote| write_shown(wrote, about::is_real(&subject)))
            .collect(),
        next: next(report, &subject),
        timeline: timeline::timeline(run.gate, run.folded, report, &grids, &interventions.marks),
        grids,
        health: health::health(run.gate, &facts),
        interventions,
        packages: shelf.packages(report),
        comments: comments(&shelf, &written, about::is_real(&subject)),
        journal: match run.evidence {
            Evidence::Bundle => Some("../journal.jsonl"),
            Evidence::RunDirectory => Some("journal.jsonl"),
            Evidence::Elsewhere => None,
        },
        style: STYLE,
        script: SCRIPT,
        style_hash: hash(STYLE),
        script_hash: hash(SCRIPT),
    };
    render("page.html", &page)
}

/// How the verdict looks. A dry run or a part of a gate that passed is not green: it is no pass.
fn tone(report: &Report) -> &'static str {
    match report.verdict {
        Some(Verdict::Passed) if report.is_dry_run() || report.is_partial() => "partial",
        Some(Verdict::Passed) => "passed",
        Some(Verdict::Blocked) => "blocked",
        Some(Verdict::Error) => "error",
        Some(Verdict::Interrupted) | None => "interrupted",
        Some(Verdict::Failed) => "failed",
        Some(Verdict::Critical) => "critical",
    }
}

/// Of a rehearsal nothing can be looked at, and the real issue was not touched.
fn write_shown(wrote: &Wrote, is_real: bool) -> WriteShown {
    let recorded = wrote.url.as_deref().and_then(links::github);
    WriteShown {
        by: visible(wrote.by.as_str()),
        anchor: subtask::anchor(&wrote.by, wrote.n),
        what: line(&wrote.verb),
        target: line(&wrote.issue),
        link: recorded
            .or_else(|| links::issue(&wrote.issue))
            .filter(|_| is_real),
        fate: wrote.fate.words(),
    }
}

fn comments(shelf: &Shelf<'_>, written: &[Wrote], is_real: bool) -> Vec<CommentShown> {
    let facts: &Facts = shelf.facts;
    let comment = |wrote: &Wrote| {
        let body = wrote.body.as_deref()?;
        let origin = |name: &str| shelf.origin(name);
        Some(CommentShown {
            by: visible(wrote.by.as_str()),
            issue: line(&wrote.issue),
            link: wrote
                .url
                .as_deref()
                .and_then(links::github)
                .filter(|_| is_real),
            pieces: comments::pieces(shelf.gate, facts, wrote.by.as_str(), body, &origin),
        })
    };
    written.iter().filter_map(comment).collect()
}
