//! The report as files for other programs: JSON and JUnit; and the HTML page of earlier bundles.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior, context};

use super::model::{Report, SubtaskReport, label, note, shown};
use crate::model::escape::{self, one_line};
use crate::model::subject::Subject;

const HTML: &str = include_str!("report-1.html");
const JUNIT: &str = include_str!("report.junit.xml");

/// The report as JSON; see [`super::REPORT_FORMAT`].
#[must_use]
pub fn json(report: &Report) -> String {
    escape::json(&serde_json::to_string_pretty(report).unwrap_or_default()) + "\n"
}

/// The report as an HTML page, in the form of bundles with version 1 of the reports.
///
/// # Errors
/// If the page's template does not fit the report, which a test rules out.
pub fn html_1(report: &Report) -> Result<String, String> {
    render("report.html", HTML, report)
}

/// The report as JUnit XML: a suite per work package, a case per subtask. Blocked or critical is a
/// failure, not determined is an error, not run is skipped.
///
/// # Errors
/// If its template does not fit the report, which a test rules out.
pub fn junit(report: &Report) -> Result<String, String> {
    render("report.junit.xml", JUNIT, report)
}

/// The name's ending decides how values are escaped.
fn render(name: &'static str, template: &'static str, report: &Report) -> Result<String, String> {
    let mut environment = Environment::new();
    let report = &shown(report);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let syntax = SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .keep_trailing_newline(true)
        .build()
        .map_err(|error| format!("{name}: {error}"))?;
    environment.set_syntax(syntax);
    let filled = environment.add_template(name, template).and_then(|()| {
        environment.get_template(name)?.render(context! {
            report => minijinja::Value::from(Serde(report)),
            verdict => report.verdict_in_words(),
            packages => packages(report),
            subject => subject(report),
            problems => &report.evidence_problems,
            counts => report.counts().into_iter().collect::<Vec<_>>(),
        })
    });
    filled.map_err(|error| format!("{name}: {error}"))
}

/// What the verdict applies to, as labelled values.
fn subject(report: &Report) -> Vec<(&'static str, String)> {
    let lines = report.subject.iter().flat_map(Subject::lines);
    lines
        .map(|(what, which)| (what, one_line(&which)))
        .collect()
}

fn packages(report: &Report) -> Vec<minijinja::Value> {
    let package = |package: &super::PackageReport| {
        let subtasks: Vec<_> = package.subtasks.iter().map(subtask).collect();
        let kinds = |word: &str| {
            let all = package.subtasks.iter();
            all.filter(|one| kind(one) == word).count()
        };
        let milliseconds: u128 = package
            .subtasks
            .iter()
            .map(|one| one.took.as_millis())
            .sum();
        context! {
            id => package.id.as_str(),
            title => one_line(&package.title),
            failures => kinds("failure"),
            errors => kinds("error"),
            skipped => kinds("skipped"),
            seconds => seconds(milliseconds),
            subtasks => subtasks,
        }
    };
    report.work_packages.iter().map(package).collect()
}

fn subtask(subtask: &SubtaskReport) -> minijinja::Value {
    let finding = subtask.result.as_ref().and_then(|result| result.finding());
    context! {
        id => subtask.id.as_str(),
        title => one_line(&subtask.title),
        label => label(subtask.result.as_ref()),
        kind => kind(subtask),
        note => subtask.result.as_ref().map(note).unwrap_or_default(),
        seen => finding.map(|one| one.seen.join("\n")).unwrap_or_default(),
        remedy => finding.and_then(|one| one.remedy.as_deref()).unwrap_or_default(),
        seconds => seconds(subtask.took.as_millis()),
    }
}

/// JUnit's word for how a subtask ended.
fn kind(subtask: &SubtaskReport) -> &'static str {
    match label(subtask.result.as_ref()) {
        "passed" => "passed",
        "blocked" | "failed" | "critical" => "failure",
        "error" => "error",
        _ => "skipped",
    }
}

fn seconds(milliseconds: u128) -> String {
    format!("{}.{:03}", milliseconds / 1000, milliseconds % 1000)
}
