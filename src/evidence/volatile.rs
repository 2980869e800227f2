//! What differs between any two live runs and says nothing about either, by name, with why.

use serde_json::Value;

/// Names of fields, and why they differ.
const FIELDS: [(&str, &str); 24] = [
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
pub(crate) fn steady(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(steady).collect(),
        Value::Object(table) => {
            let of_the_moment = table
                .get("response")
                .and_then(Value::as_str)
                .is_some_and(|kind| ANSWERS.iter().any(|(name, _)| *name == kind));
            let keep =
                |name: &str| why_volatile(name).is_none() && !(of_the_moment && name == "value");
            table
                .iter()
                .filter(|(name, _)| keep(name))
                .map(|(name, item)| (name.clone(), steady(item)))
                .collect()
        }
        other => other.clone(),
    }
}
