//! What in a canary's result document contradicts something else in it. Pure. Such a document is
//! refused: nobody can tell which half of it is true.
//!
//! Looks at fields that the verdict does not need as well, where the document has them.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::shape::{CanaryResult, PASS, Scenario, Written, names_an_exception};
use super::states::{amount, denied, is, is_silent, of_another_type};

/// Fields that only something that did not pass fills in.
const EXCUSES: [&str; 5] = [
    "failure_reason",
    "failure_mode",
    "skip_reason",
    "error",
    "errors",
];
/// Objects of a document that hold its sums.
const SUMS: [&str; 3] = ["summary", "counts", "totals"];
const ALL: &[&str] = &["total", "scenario_count", "scenarios_total", "count"];
const PASSED: &[&str] = &[
    "passed",
    "pass",
    "passes",
    "pass_count",
    "passed_count",
    "scenarios_passed",
];
const FAILED: &[&str] = &[
    "failed",
    "fail",
    "failures",
    "fail_count",
    "failed_count",
    "scenarios_failed",
];
const SKIPPED: &[&str] = &[
    "skipped",
    "skip",
    "skips",
    "skip_count",
    "skipped_count",
    "scenarios_skipped",
];

/// The first contradiction.
pub(super) fn contradiction(
    document: &Value,
    scenarios: &[Value],
    result: &CanaryResult,
    written: Written<'_>,
) -> Option<String> {
    let each = || result.scenarios.iter().zip(scenarios);
    None.or_else(|| each().find_map(|(scenario, value)| of_scenario(scenario, value)))
        .or_else(|| outcome(document, result))
        .or_else(|| counts(document, result))
        .or_else(|| number(document, written.path))
        .or_else(|| times(document, result, written))
        .or_else(|| {
            let slack = end_slack(document);
            each().find_map(|(scenario, value)| outside(scenario, value, result, slack))
        })
}

/// A pass with an excuse or a state that is none, two numbers, a name with another number.
fn of_scenario(scenario: &Scenario, value: &Value) -> Option<String> {
    let number = scenario.number;
    if let (Some(one), Some(other)) = (number_at(value, "scenario_id"), number_at(value, "id"))
        && one != other
    {
        return Some(format!(
            "a scenario has `scenario_id` {one} and `id` {other}"
        ));
    }
    if let Some(name) = value["name"].as_str()
        && let Some(named) = last_number(name, "scenario")
        && named != u64::from(number)
    {
        return Some(format!("scenario {number} is named `{name}`"));
    }
    if !scenario.passes() {
        return None;
    }
    excuse(value)
        .or_else(|| detail(value))
        .map(|(field, text)| format!("its `{field}`: {text}"))
        .or_else(|| denied(value, &[]))
        .map(|what| format!("scenario {number} says `pass`, and {what}"))
}

/// What a pass has no need of, with its field.
fn excuse(value: &Value) -> Option<(&'static str, String)> {
    EXCUSES.into_iter().find_map(|field| {
        let text = match &value[field] {
            Value::Null | Value::Bool(false) => return None,
            Value::String(text) if text.trim().is_empty() => return None,
            Value::Array(items) if items.is_empty() => return None,
            Value::Object(fields) if fields.is_empty() => return None,
            // `errors` may be a count.
            Value::Number(number) if number.as_f64() == Some(0.0) => return None,
            Value::String(text) => super::shape::first_error(text).unwrap_or_default(),
            other => other.to_string().chars().take(120).collect(),
        };
        Some((field, text))
    })
}

/// Details are no excuse by themselves; those of a traceback are.
fn detail(value: &Value) -> Option<(&'static str, String)> {
    let details = value["details"].as_str()?;
    let mut lines = details.lines().map(str::trim);
    let line = lines.find(|line| line.starts_with("E ") || names_an_exception(line))?;
    Some(("details", line.chars().take(300).collect()))
}

/// The outcome against the scenarios, and against what else says how the run ended.
fn outcome(document: &Value, result: &CanaryResult) -> Option<String> {
    let failing = result.scenarios.iter().find(|scenario| !scenario.passes());
    if result.outcome != PASS {
        // A skip may have come before its scenarios; a failure is the failure of something.
        let nothing_failed = result.outcome == "fail" && failing.is_none();
        let unexplained = nothing_failed && excuse(document).is_none();
        return unexplained
            .then(|| "its outcome is `fail`, and every scenario says `pass`".to_owned());
    }
    if let Some(failing) = failing {
        let error = failing.first_error.as_deref();
        let error = error.map(|error| format!(": {error}")).unwrap_or_default();
        return Some(format!(
            "its outcome is `pass`, and scenario {} says `{}`{error}",
            failing.number, failing.status
        ));
    }
    if let Some((field, text)) = excuse(document) {
        return Some(format!("its outcome is `pass`, and its `{field}`: {text}"));
    }
    let sums: Vec<&str> = [PASSED, FAILED, SKIPPED].concat();
    let mut places = SUMS.iter().map(|name| &document[*name]);
    denied(document, &sums)
        .or_else(|| places.find_map(|place| denied(place, &sums)))
        .map(|what| format!("its outcome is `pass`, and {what}"))
}

/// Sums that it gives against its scenarios.
fn counts(document: &Value, result: &CanaryResult) -> Option<String> {
    let counted = |holds: fn(&Scenario) -> bool| {
        let scenarios = result.scenarios.iter();
        scenarios.map(|scenario| u32::from(holds(scenario))).sum()
    };
    let all: u32 = counted(|_| true);
    let passed: u32 = counted(Scenario::passes);
    let skipped: u32 = counted(|scenario| scenario.status.starts_with("skip"));
    let names = [
        (ALL, all),
        (PASSED, passed),
        (FAILED, all - passed - skipped),
        (SKIPPED, skipped),
    ];
    let sums = SUMS.map(|name| &document[name]);
    let mut places = sums.into_iter().chain([document]);
    places.find_map(|place| {
        names.iter().find_map(|(names, right)| {
            let mut names = names.iter();
            names.find_map(|name| sum(name, &place[*name], *right, result.outcome == PASS))
        })
    })
}

/// One sum. What is no amount is a flag, or nothing that a pass may rest on.
fn sum(name: &str, value: &Value, right: u32, passes: bool) -> Option<String> {
    match amount(value) {
        Some(said) => said
            .total_cmp(&f64::from(right))
            .is_ne()
            .then(|| format!("{}, its scenarios give {right}", is(name, value))),
        None if is_silent(value) || value.is_boolean() || !passes => None,
        None => Some(of_another_type(name, value, "a number")),
    }
}

/// `run_number` against the number in the file's name.
fn number(document: &Value, path: &str) -> Option<String> {
    let said = number_at(document, "run_number")?;
    let file = path.rsplit('/').next()?;
    let named = last_number(file.strip_suffix(".json").unwrap_or(file), "run")?;
    (said != named).then(|| format!("its `run_number` is {said}, its file is `{file}`"))
}

/// Start, end and duration of the run.
fn times(document: &Value, result: &CanaryResult, written: Written<'_>) -> Option<String> {
    let (start, end) = (result.started_at, result.finished_at);
    let timestamp = time(document, "timestamp");
    if let (Some(start), Some(timestamp)) = (time(document, "started_at"), timestamp)
        && !close(start, timestamp)
    {
        return Some(format!(
            "`started_at` is {start}, and `timestamp` {timestamp}"
        ));
    }
    if let (Some(start), Some(written)) = (start, written.modified)
        && start > written + coarse(start, written) + FILE_CLOCK
    {
        return Some(format!(
            "it starts at {start}, and was written at {written}"
        ));
    }
    if let (Some(start), Some(end)) = (start, end)
        && end < start - coarse(start, end) - end_slack(document)
    {
        return Some(format!("it starts at {start} and ends at {end}"));
    }
    // The file's time is later than the end by what writing took.
    let own_end = time(document, "finished_at");
    duration(document, start, own_end).map(|what| format!("the run {what}"))
}

/// A scenario's times against each other and against its run's.
fn outside(
    scenario: &Scenario,
    value: &Value,
    run: &CanaryResult,
    slack: SignedDuration,
) -> Option<String> {
    let number = scenario.number;
    let (start, end) = (time(value, "started_at"), time(value, "finished_at"));
    if let (Some(start), Some(end)) = (start, end)
        && end < start - coarse(start, end)
    {
        return Some(format!(
            "scenario {number} starts at {start} and ends at {end}"
        ));
    }
    for at in [start, end].into_iter().flatten() {
        if let Some(begun) = run.started_at
            && at < begun - coarse(at, begun)
        {
            return Some(format!(
                "scenario {number} is at {at}, its run starts at {begun}"
            ));
        }
        if let Some(ended) = run.finished_at
            && at > ended + coarse(at, ended) + slack
        {
            return Some(format!(
                "scenario {number} is at {at}, its run ends at {ended}"
            ));
        }
    }
    duration(value, start, end).map(|what| format!("scenario {number} {what}"))
}

/// The duration against the two times. It may be taken with another clock, and around less.
fn duration(value: &Value, start: Option<Timestamp>, end: Option<Timestamp>) -> Option<String> {
    let said = value["duration_seconds"].as_f64()?;
    if said < 0.0 {
        return Some(format!("lasts {said} s"));
    }
    let lasted = end?.duration_since(start?).as_secs_f64();
    let slack = 2.0 + lasted.abs() * 0.05;
    ((said - lasted).abs() > slack)
        .then(|| format!("lasts {said} s by its duration, and {lasted} s by its times"))
}

/// How far a file's time may lie behind the clock that programs read: a kernel stamps files by its
/// last tick, and some file systems keep whole seconds, FAT every second one.
const FILE_CLOCK: SignedDuration = SignedDuration::from_secs(2);

/// What the end of a run may lie too early: it is its file's time where the document has none.
fn end_slack(document: &Value) -> SignedDuration {
    match time(document, "finished_at") {
        Some(_) => SignedDuration::ZERO,
        None => FILE_CLOCK,
    }
}

/// How far apart two times of the same moment may be: one of them in whole seconds, the other not.
pub(in crate::verbs) fn coarse(one: Timestamp, other: Timestamp) -> SignedDuration {
    let whole = |at: Timestamp| at.subsec_nanosecond() == 0;
    if whole(one) == whole(other) {
        SignedDuration::ZERO
    } else {
        SignedDuration::from_secs(1)
    }
}

fn close(one: Timestamp, other: Timestamp) -> bool {
    one.duration_since(other).abs() <= SignedDuration::from_secs(2)
}

fn time(value: &Value, name: &str) -> Option<Timestamp> {
    value[name].as_str()?.parse().ok()
}

fn number_at(value: &Value, name: &str) -> Option<u64> {
    value[name].as_u64()
}

/// The number of `scenario-3`, `run_2`, `run4`; none for other names.
fn last_number(name: &str, word: &str) -> Option<u64> {
    let rest = name.trim().to_ascii_lowercase();
    let rest = rest
        .strip_prefix(word)?
        .trim_start_matches(['-', '_', ' ', '#']);
    rest.parse().ok()
}
