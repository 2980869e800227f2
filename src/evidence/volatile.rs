//! What differs between any two live runs and says nothing about either, by name, with why.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};
use regex::Regex;
use serde_json::Value;

use crate::journal::{Answer, Folded, Said};
use crate::world::Response;

/// Names of fields, and why they differ.
const FIELDS: [(&str, &str); 25] = [
    ("after_milliseconds", "how long a process took to end"),
    ("at", "a time of day"),
    ("attempt", "the number of the attempt directory"),
    ("attempt_dir", "the number of the attempt directory"),
    ("build_timestamp", "a time of day"),
    ("closed_at", "a time of day"),
    ("comment_url", "GitHub gives each comment an id"),
    ("created_at", "a time of day"),
    ("duration_seconds", "how long a scenario took"),
    ("elapsed_milliseconds", "how long a program ran"),
    ("finished_at", "a time of day"),
    ("modified", "when a file was written"),
    (
        "oldest_pending_age_seconds",
        "how long a row waits at the moment",
    ),
    ("parent", "a process id"),
    ("pid", "a process id"),
    ("port", "the first free port"),
    ("posted_at", "a time of day"),
    ("run_id", "each canary run has an id of its own"),
    (
        "run_milliseconds",
        "how long each of a fix's own test runs took",
    ),
    ("seconds", "how long something took"),
    ("started", "when a process started"),
    ("started_at", "a time of day"),
    ("taken_at", "a time of day"),
    ("took_milliseconds", "how long a subtask took"),
    ("updated_at", "a time of day"),
];

/// Answers that are of the moment as a whole.
const ANSWERS: [(&str, &str); 2] = [("now", "the time of day"), ("id", "a fresh id")];

/// Why the value of a field differs between any two live runs, when it does.
#[must_use]
pub fn why_volatile(field: &str) -> Option<&'static str> {
    let known = |(name, why): &(&str, &'static str)| (*name == field).then_some(*why);
    FIELDS.iter().find_map(known)
}

/// A value without what is of the moment, for comparing two live runs.
pub(crate) fn steady(value: &Value, ids: &FreshIds) -> Value {
    match value {
        Value::String(text) => ids.folded(text).into(),
        Value::Array(items) => items.iter().map(|item| steady(item, ids)).collect(),
        Value::Object(table) => {
            let whole = table.get("truncated") == Some(&Value::Bool(false));
            let of_the_moment = table
                .get("response")
                .and_then(Value::as_str)
                .is_some_and(|kind| ANSWERS.iter().any(|(name, _)| *name == kind));
            let keep = |name: &str| {
                why_volatile(name).is_none()
                    && !(of_the_moment && name == "value")
                    // Of a stream whose whole text is here, size and digest say nothing more.
                    && !(whole && ["bytes", "sha256"].contains(&name))
            };
            let item = |(name, item): (&String, &Value)| match item {
                Value::String(text) if whole && name == "text" => {
                    (name.clone(), without_times(&ids.folded(text)).into())
                }
                item => (name.clone(), steady(item, ids)),
            };
            table
                .iter()
                .filter(|(name, _)| keep(name))
                .map(item)
                .collect()
        }
        other => other.clone(),
    }
}

/// What a program printed, without how long it took: `4 passed in 0.20s`, `in 35ms`.
fn without_times(text: &str) -> String {
    static TIMES: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"\bin \d+(\.\d+)? ?m?s\b").ok());
    match &*TIMES {
        Some(times) => times.replace_all(text, "in ‹time›").into_owned(),
        None => text.to_owned(),
    }
}

/// The ids that a run was given, which go on into paths, requests and facts. What stands for each
/// says where it came from, so that the same use of it is the same in every run.
#[derive(Default)]
pub(crate) struct FreshIds {
    search: Option<AhoCorasick>,
    names: Vec<String>,
}

impl FreshIds {
    /// Those of a run: its own, and those that its subtasks asked for.
    pub(crate) fn of(run: &Folded) -> Self {
        let mut ids = BTreeMap::from([(run.header.run.clone(), "‹run id›".to_owned())]);
        for (by, courses) in run.courses() {
            let exchanges = courses.iter().flat_map(|course| course.exchanges.values());
            for exchange in exchanges {
                if let Some(Answer::Ok(response)) = &exchange.answer
                    && let Some(id) = fresh_id(response)
                {
                    ids.entry(id)
                        .or_insert_with(|| format!("‹id {} of {by}›", exchange.n));
                }
            }
        }
        ids.retain(|id, _| !id.is_empty());
        let search = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(ids.keys());
        Self {
            search: search.ok(),
            names: ids.into_values().collect(),
        }
    }

    fn folded(&self, text: &str) -> String {
        match &self.search {
            Some(search) => search.replace_all(text, &self.names),
            None => text.to_owned(),
        }
    }
}

/// The id that was given, when one was.
fn fresh_id(response: &Said) -> Option<String> {
    // Few answers are ids; the others need not be read.
    if response.text().len() > 100 {
        return None;
    }
    match response.read().ok()? {
        Response::Id(id) => Some(id),
        _ => None,
    }
}
