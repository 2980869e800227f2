//! What changed of the service while it was observed, and whether a run was at work meanwhile.
//! Pure. In doubt nobody was: then it is an intervention between two runs.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::model::read_json;
use crate::verbs::canary::found::{Found, Intervention};
use crate::verbs::canary::shape::CanaryResult;
use crate::world::{HttpAnswer, Observation};

/// What of the service nobody may change.
const COUNTERS: [&str; 3] = [
    "git_sha",
    "terminal_failed_count",
    "business_rule_rejected_count",
];

/// One reading of the service's addresses.
struct Reading<'a> {
    /// The boundary that it was taken at, or the last one before it.
    boundary: &'a str,
    at_boundary: bool,
    at: Timestamp,
    /// When it was over; a boundary's own is over some time after the boundary.
    answered: Option<Timestamp>,
    answers: &'a [Result<HttpAnswer, String>],
}

impl Reading<'_> {
    fn value(&self, name: &str) -> Option<Value> {
        let bodies = self.answers.iter().flatten();
        let documents = bodies.filter_map(|answer| read_json(&answer.body).ok());
        documents
            .into_iter()
            .find_map(|document| value_of(&document, name).cloned())
    }

    fn moment(&self) -> String {
        let after = if self.at_boundary { "" } else { "after " };
        format!("{after}{} {}", self.boundary, self.at)
    }
}

/// The service's commit and counters, each against the last that is known.
pub(super) fn changes(
    all: &[Observation],
    names: &[&str],
    results: &[CanaryResult],
    before: &[Value],
    found: &mut Found,
) {
    if all.iter().all(|seen| seen.answers.is_empty()) {
        found
            .not_observable
            .push("the service: the gate file names no address to observe".to_owned());
        return;
    }
    let readings = readings(all);
    for name in COUNTERS {
        let mut known: Vec<(&Reading, Value)> = Vec::new();
        for reading in &readings {
            match reading.value(name) {
                Some(value) => known.push((reading, value)),
                // What did not answer between two boundaries is only a reading less.
                None if reading.at_boundary => found
                    .unseen
                    .push(format!("the service's {name} at {}", reading.boundary)),
                None => {}
            }
        }
        if known.is_empty() {
            found.unknown.push(format!("the service's {name}"));
        }
        let shows = shows_afterwards(name, &known, before);
        for pair in known.windows(2).filter(|pair| pair[0].1 != pair[1].1) {
            let run = run_at_work(pair[0].0, pair[1].0, results).filter(|_| shows);
            let change = change(name, &pair[0], &pair[1], run.and_then(|run| names.get(run)));
            let list = match run {
                Some(_) => &mut found.within_runs,
                None => &mut found.interventions,
            };
            list.push(change);
        }
    }
}

/// All readings, in the order they were taken.
fn readings(all: &[Observation]) -> Vec<Reading<'_>> {
    let mut readings = Vec::new();
    let mut boundary = "start";
    for seen in all {
        readings.extend(seen.asked.iter().map(|asked| Reading {
            boundary,
            at_boundary: false,
            at: asked.at,
            answered: Some(asked.answered),
            answers: &asked.answers,
        }));
        boundary = seen.boundary.as_str();
        if !seen.answers.is_empty() {
            readings.push(Reading {
                boundary,
                at_boundary: true,
                at: seen.at,
                answered: None,
                answers: &seen.answers,
            });
        }
    }
    readings
}

/// Whether the comparison with the health before the canary will show the change: it began as
/// it was then, and has not ended so. What changes and changes back would show nowhere else.
fn shows_afterwards(name: &str, known: &[(&Reading, Value)], before: &[Value]) -> bool {
    let was = before.iter().find_map(|document| value_of(document, name));
    match (was, known.first(), known.last()) {
        (Some(was), Some((_, first)), Some((_, last))) => was == first && was != last,
        _ => false,
    }
}

/// The run that was surely at work all the time in which it changed: the old value was asked for
/// when the run had begun, and the new one had answered before it ended. After the last run has
/// begun there is no pause any more.
fn run_at_work(old: &Reading, new: &Reading, results: &[CanaryResult]) -> Option<usize> {
    let begun = |run: &CanaryResult| run.started_at.is_some_and(|at| at + coarse(at) <= old.at);
    let run = results.iter().rposition(begun)?;
    let last = run + 1 == results.len();
    let ended = results[run].finished_at.zip(new.answered);
    let within = ended.is_some_and(|(ended, answered)| answered <= ended - coarse(ended));
    (last || within).then_some(run)
}

/// How far off a time may be that is written in whole seconds.
fn coarse(at: Timestamp) -> SignedDuration {
    if at.subsec_nanosecond() == 0 {
        SignedDuration::from_secs(1)
    } else {
        SignedDuration::ZERO
    }
}

fn change(
    name: &str,
    old: &(&Reading, Value),
    new: &(&Reading, Value),
    run: Option<&&str>,
) -> Intervention {
    let told = |value: &Value| {
        value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned)
    };
    let during = run.map_or_else(String::new, |run| {
        format!(" while the run of {run} was at work")
    });
    Intervention {
        what: format!("the service's {name} changed{during}"),
        between: [old.0.moment(), new.0.moment()],
        before: told(&old.1),
        after: told(&new.1),
    }
}

fn value_of<'a>(document: &'a Value, name: &str) -> Option<&'a Value> {
    match document {
        Value::Object(fields) => fields
            .get(name)
            .or_else(|| fields.values().find_map(|field| value_of(field, name))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::world::Asked;

    fn at(second: f64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_secs_f64(second)
    }

    fn answer(commit: &str) -> Vec<Result<HttpAnswer, String>> {
        let body = json!({"git_sha": commit, "drain_queue": {
            "terminal_failed_count": 0, "business_rule_rejected_count": 22}});
        vec![Ok(HttpAnswer {
            status: 200,
            body: body.to_string(),
            ..HttpAnswer::default()
        })]
    }

    fn observed(boundary: &str, second: f64, commit: &str, asked: &[(f64, &str)]) -> Observation {
        let asked = asked.iter().map(|(second, commit)| Asked {
            at: at(*second),
            answered: at(*second + 0.25),
            answers: answer(commit),
        });
        Observation {
            boundary: boundary.to_owned(),
            at: at(second),
            document: None,
            processes: Vec::new(),
            files: Vec::new(),
            answers: answer(commit),
            asked: asked.collect(),
            fixed: Vec::new(),
            noticed: Vec::new(),
            not_observable: Vec::new(),
        }
    }

    fn result(started: f64, finished: f64) -> CanaryResult {
        CanaryResult {
            outcome: "pass".into(),
            run_id: None,
            cli_version: None,
            started_at: Some(at(started)),
            finished_at: Some(at(finished)),
            skip_reason: None,
            scenarios: Vec::new(),
        }
    }

    /// Two runs, from 0.5 to 9.5 and from 20.5 to 29.5, and what was asked meanwhile: how many
    /// changes were interventions, and how many fell into a run.
    fn told(first: &[(f64, &str)], second: &[(f64, &str)], last: &str) -> (usize, usize) {
        let runs = [result(0.5, 9.5), result(20.5, 29.5)];
        with(&runs, "a", first, second, last)
    }

    fn with(
        runs: &[CanaryResult],
        before: &str,
        first: &[(f64, &str)],
        second: &[(f64, &str)],
        last: &str,
    ) -> (usize, usize) {
        let between = first.last().map_or("a", |(_, commit)| *commit);
        let all = [
            observed("start", 0.0, "a", &[]),
            observed("run-1.json", 10.0, between, first),
            observed("run-2.json", 30.0, last, second),
        ];
        let before = [json!({"git_sha": before})];
        let mut found = Found::default();
        changes(
            &all,
            &["run-1.json", "run-2.json"],
            runs,
            &before,
            &mut found,
        );
        (found.interventions.len(), found.within_runs.len())
    }

    #[test]
    fn what_changed_between_two_runs_is_an_intervention() {
        assert_eq!(told(&[], &[(15.0, "b")], "b"), (1, 0));
        assert_eq!(told(&[], &[(15.0, "a"), (20.0, "b")], "b"), (1, 0));
    }

    #[test]
    fn what_changed_while_a_run_was_at_work_is_none() {
        assert_eq!(told(&[], &[(21.0, "a"), (25.0, "b")], "b"), (0, 1));
        assert_eq!(told(&[(2.0, "a"), (9.0, "b")], &[], "b"), (0, 1));
        assert_eq!(told(&[], &[(21.0, "a")], "b"), (0, 1), "the last run");
    }

    #[test]
    fn what_cannot_be_told_apart_is_an_intervention() {
        assert_eq!(told(&[], &[], "b"), (1, 0), "nobody asked meanwhile");
        assert_eq!(
            told(&[], &[(20.0, "a")], "b"),
            (1, 0),
            "run 2 had not begun"
        );
        assert_eq!(
            told(&[(2.0, "a"), (9.4, "b")], &[], "b"),
            (1, 0),
            "run 1 was over"
        );
        let whole = [result(0.0, 9.0), result(21.0, 29.0)];
        let told = |asked| with(&whole, "a", &[], &[(asked, "a")], "b");
        assert_eq!(told(21.5), (1, 0), "the run began within that second");
        assert_eq!(told(22.0), (0, 1));
    }

    #[test]
    fn what_nobody_would_see_afterwards_is_an_intervention() {
        let back = &[(21.0, "a"), (23.0, "b"), (25.0, "a")];
        assert_eq!(told(&[], back, "a"), (2, 0), "it changed back");
        let runs = [result(0.5, 9.5), result(20.5, 29.5)];
        let other = with(&runs, "b", &[], &[(21.0, "a"), (25.0, "b")], "b");
        assert_eq!(other, (1, 0), "as it was before, but not as it began");
    }
}
