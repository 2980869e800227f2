//! The service's health before and after the runs, and interventions in between.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::text::{line, visible};
use crate::gate::Gate;
use crate::model::{Fact, Facts};
use crate::verbs::Verb;

/// Health pages, value by value.
#[derive(Debug, Serialize)]
pub(super) struct Health {
    pages: Vec<Page>,
}

#[derive(Debug, Serialize)]
struct Page {
    title: String,
    before_by: String,
    after_by: Option<String>,
    values: Vec<Compared>,
    differing: usize,
}

#[derive(Debug, Serialize)]
struct Compared {
    name: String,
    before: Option<String>,
    after: Option<String>,
    same: bool,
}

/// What happened between two moments.
#[derive(Debug)]
pub(super) struct Mark {
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
    pub(super) what: String,
}

/// The findings about interventions.
#[derive(Debug, Default, Serialize)]
pub(super) struct Interventions {
    by: Option<String>,
    observed: u64,
    found: Vec<String>,
    not_observable: Vec<String>,
    #[serde(skip)]
    pub(super) marks: Vec<Mark>,
}

/// The health pages of a run; none if it read none.
pub(super) fn health(gate: &Gate, facts: &Facts) -> Option<Health> {
    let mut afters: BTreeMap<&str, (&Fact, &str)> = BTreeMap::new();
    let mut ready_url = None;
    for (_, subtask) in gate.subtasks() {
        if let Verb::HealthUnchanged(verb) = &subtask.verb
            && let Some(fact) = facts.get(&verb.publish)
        {
            afters.insert(&verb.before, (fact, "health"));
            ready_url = Some((&verb.ready, fact));
        }
    }
    let mut pages = Vec::new();
    for (_, subtask) in gate.subtasks() {
        let Verb::HealthCheck(verb) = &subtask.verb else {
            continue;
        };
        let Some(before) = facts.get(&verb.publish) else {
            continue;
        };
        let ready = ready_url.filter(|(url, _)| **url == verb.url);
        let after = afters
            .get(verb.publish.as_str())
            .copied()
            .or_else(|| ready.map(|(_, fact)| (fact, "ready")));
        pages.push(page(&subtask.title, before, after));
    }
    (!pages.is_empty()).then_some(Health { pages })
}

fn page(title: &str, before: &Fact, after: Option<(&Fact, &str)>) -> Page {
    let now = after.and_then(|(fact, field)| fact.value.get(field));
    let (mut old, mut new) = (BTreeMap::new(), BTreeMap::new());
    leaves("", &before.value, &mut old);
    if let Some(now) = now {
        leaves("", now, &mut new);
    }
    let mut names: Vec<&String> = old.keys().collect();
    names.extend(new.keys().filter(|name| !old.contains_key(*name)));
    let values: Vec<Compared> = names
        .into_iter()
        .map(|name| Compared {
            name: visible(name),
            before: old.get(name).cloned(),
            after: new.get(name).cloned(),
            same: now.is_none() || old.get(name) == new.get(name),
        })
        .collect();
    Page {
        title: visible(title),
        before_by: before.source.by.to_string(),
        after_by: after.map(|(fact, _)| fact.source.by.to_string()),
        differing: values.iter().filter(|value| !value.same).count(),
        values,
    }
}

fn leaves(path: &str, value: &Value, found: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(table) => {
            for (key, value) in table {
                let below = if path.is_empty() {
                    key.clone()
                } else {
                    format!("{path}.{key}")
                };
                leaves(&below, value, found);
            }
        }
        Value::String(text) => drop(found.insert(path.to_owned(), line(text))),
        other => drop(found.insert(path.to_owned(), line(&other.to_string()))),
    }
}

/// What the gate's `no-interventions` found.
pub(super) fn interventions(gate: &Gate, facts: &Facts) -> Interventions {
    let mut all = Interventions::default();
    for (_, subtask) in gate.subtasks() {
        let Verb::NoInterventions(verb) = &subtask.verb else {
            continue;
        };
        let Some(fact) = facts.get(&verb.publish) else {
            continue;
        };
        all.by = Some(fact.source.by.to_string());
        all.observed += fact
            .value
            .get("observed")
            .and_then(Value::as_u64)
            .unwrap_or(0);
        for field in ["found", "within_runs"] {
            let found = fact.value.get(field).and_then(Value::as_array);
            for one in found.into_iter().flatten() {
                let (told, mark) = intervention(one);
                all.found.push(told);
                all.marks.extend(mark);
            }
        }
        let unseen = fact.value.get("not_observable").and_then(Value::as_array);
        let unseen = unseen.into_iter().flatten().filter_map(Value::as_str);
        all.not_observable.extend(unseen.map(line));
    }
    all
}

/// A description of an intervention, and its time.
fn intervention(one: &Value) -> (String, Option<Mark>) {
    let text = |field: &str| one.get(field).and_then(Value::as_str).unwrap_or_default();
    let between = |index: usize| one.get("between")?.get(index)?.as_str();
    let told = format!(
        "{}: {} → {}, between {} and {}",
        text("what"),
        text("before"),
        text("after"),
        between(0).unwrap_or("?"),
        between(1).unwrap_or("?")
    );
    let moment = |index: usize| {
        between(index)?
            .rsplit(' ')
            .next()?
            .parse::<Timestamp>()
            .ok()
    };
    let mark = moment(0).zip(moment(1)).map(|(from, to)| Mark {
        from,
        to,
        what: text("what").to_owned(),
    });
    (line(&told), mark)
}
