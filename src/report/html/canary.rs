//! Runs of a canary by scenario, with their durations. The times are in the documents that were
//! read, not in the facts.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::text::{duration, line, milliseconds, visible};
use crate::gate::Gate;
use crate::journal::{Answer, Folded};
use crate::model::{Facts, SubtaskId};
use crate::verbs::Verb;

/// A canary's runs.
#[derive(Debug, Serialize)]
pub(super) struct Grid {
    title: String,
    /// The subtask that judged it.
    by: String,
    numbers: Vec<String>,
    runs: Vec<Run>,
    problems: Vec<String>,
    /// The subtask that made the runs.
    #[serde(skip)]
    pub(super) made_by: Option<SubtaskId>,
    /// From when to when each run was.
    #[serde(skip)]
    pub(super) moments: Vec<(Timestamp, Timestamp, String)>,
}

#[derive(Debug, Serialize)]
struct Run {
    name: String,
    id: String,
    outcome: String,
    tone: &'static str,
    took: Option<String>,
    started: Option<String>,
    cells: Vec<Cell>,
}

#[derive(Debug, Serialize)]
struct Cell {
    status: String,
    tone: &'static str,
    took: Option<String>,
    why: Option<String>,
}

/// All canaries of a run, in plan order.
pub(super) fn grids(gate: &Gate, folded: &Folded, facts: &Facts) -> Vec<Grid> {
    let mut grids = Vec::new();
    for (_, subtask) in gate.subtasks() {
        let Verb::AssertCanary(verb) = &subtask.verb else {
            continue;
        };
        let Some(fact) = facts.get(&verb.publish) else {
            continue;
        };
        let made_by = facts.get(&verb.canary).map(|fact| fact.source.by.clone());
        let documents = documents(folded, &subtask.id);
        let runs = fact.value.get("runs").and_then(Value::as_array);
        let runs: Vec<&Value> = runs.into_iter().flatten().collect();
        let mut numbers: Vec<&Value> = Vec::new();
        for run in &runs {
            let all = scenarios(run).filter_map(|one| one.get("number"));
            for number in all {
                if !numbers.contains(&number) {
                    numbers.push(number);
                }
            }
        }
        let problems = fact.value.get("problems").and_then(Value::as_array);
        let text = |value: &Value| value.as_str().map(line);
        grids.push(Grid {
            title: visible(&subtask.title),
            by: subtask.id.to_string(),
            numbers: numbers
                .iter()
                .map(|number| visible(&number.to_string()))
                .collect(),
            moments: runs.iter().enumerate().filter_map(moment).collect(),
            runs: runs
                .iter()
                .map(|run| shown(run, &numbers, &documents))
                .collect(),
            problems: problems.into_iter().flatten().filter_map(text).collect(),
            made_by,
        });
    }
    grids
}

fn scenarios(run: &Value) -> impl Iterator<Item = &Value> {
    let all = run.get("scenarios").and_then(Value::as_array);
    all.into_iter().flatten()
}

fn time(run: &Value, field: &str) -> Option<Timestamp> {
    run.get(field)?.as_str()?.parse().ok()
}

fn moment((index, run): (usize, &&Value)) -> Option<(Timestamp, Timestamp, String)> {
    let outcome = run.get("outcome").and_then(Value::as_str)?;
    let label = format!("run {}: {}", index + 1, line(outcome));
    Some((time(run, "started_at")?, time(run, "finished_at")?, label))
}

fn tone(status: &str) -> &'static str {
    match status {
        "pass" | "passed" => "passed",
        "" => "waiting",
        _ => "failed",
    }
}

fn shown(run: &Value, numbers: &[&Value], documents: &[Value]) -> Run {
    let text = |field: &str| run.get(field).and_then(Value::as_str).unwrap_or_default();
    let outcome = text("outcome");
    let is_same = |one: &&Value| one.get("run_id") == run.get("run_id");
    let document = documents.iter().find(is_same);
    let took = time(run, "started_at").zip(time(run, "finished_at"));
    let name = text("path").rsplit('/').next().unwrap_or_default();
    let cell = |number: &&Value| {
        let found = scenarios(run).find(|one| one.get("number") == Some(number));
        let field = |name: &str| found.and_then(|one| one.get(name)?.as_str());
        let status = field("status").unwrap_or_default();
        Cell {
            status: if found.is_some() {
                line(status)
            } else {
                "missing".to_owned()
            },
            tone: if found.is_some() {
                tone(status)
            } else {
                "failed"
            },
            took: document.and_then(|document| seconds(document, number)),
            why: field("first_error").map(line),
        }
    };
    Run {
        name: line(name),
        id: line(text("run_id")),
        tone: tone(outcome),
        outcome: line(outcome),
        took: took.map(|(from, to)| duration(milliseconds(from, to).into())),
        started: run.get("started_at").and_then(Value::as_str).map(line),
        cells: numbers.iter().map(cell).collect(),
    }
}

/// How long a scenario took, as its document has it.
fn seconds(document: &Value, number: &Value) -> Option<String> {
    let is_it = |one: &&Value| {
        let id = one.get("scenario_id").or_else(|| one.get("id"));
        id == Some(number)
    };
    let found = scenarios(document).find(is_it)?;
    if let Some(seconds) = found.get("duration_seconds").and_then(Value::as_f64)
        && (0.0..1e7).contains(&seconds)
    {
        #[expect(clippy::cast_possible_truncation, reason = "it is within bounds")]
        return Some(duration((seconds * 1000.0) as i128));
    }
    let (from, to) = (time(found, "started_at")?, time(found, "finished_at")?);
    Some(duration(milliseconds(from, to).into()))
}

/// The result documents that a subtask read.
fn documents(folded: &Folded, by: &SubtaskId) -> Vec<Value> {
    let exchanges = folded
        .course(by)
        .into_iter()
        .flat_map(|course| course.exchanges.values());
    let document = |answer: &Answer| match answer {
        Answer::Ok(said) => {
            let response = said.shown();
            let text = response.get("value")?.as_str()?;
            serde_json::from_str::<Value>(text).ok()
        }
        Answer::Err(_) => None,
    };
    exchanges
        .filter_map(|exchange| document(exchange.answer.as_ref()?))
        .collect()
}
