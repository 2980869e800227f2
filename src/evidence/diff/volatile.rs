//! What differs between any two live runs and says nothing about either, by name, with why.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Captures, Regex};

/// Names of fields, the fields they lie in before them where the name alone says too little; and
/// why they differ.
const FIELDS: [(&str, &str); 36] = [
    ("after_milliseconds", "how long a process took to end"),
    ("answered", "a time of day"),
    ("at", "a time of day"),
    ("attempt", "the number of the attempt directory"),
    ("attempt_dir", "the number of the attempt directory"),
    ("build_timestamp", "a time of day"),
    (
        "chain.digest",
        "the digest of a link, whose parts are compared",
    ),
    (
        "chain.previous",
        "the digest of a link, whose parts are compared",
    ),
    ("closed_at", "a time of day"),
    ("comment_url", "GitHub gives each comment an id"),
    ("created_at", "a time of day"),
    ("duration_seconds", "how long a scenario took"),
    ("elapsed_milliseconds", "how long a program ran"),
    ("finished_at", "a time of day"),
    ("kept", "a directory named by the time of day"),
    ("modified", "when a file was written"),
    (
        "observations.asked",
        "how often the service could be asked depends on the moment",
    ),
    (
        "observations.files",
        "which files were there at a boundary depends on the moment",
    ),
    (
        "observations.noticed",
        "at which boundary a change is seen depends on the moment",
    ),
    (
        "observations.processes",
        "process ids and ports; what was made of them is in the facts",
    ),
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
    ("createdAt", "a time of day"),
    ("token_sha256", "each daemon has a token of its own"),
    ("updatedAt", "a time of day"),
];

/// What texts hold of the moment: what it looks like, and what stands for it.
const TEXTS: [(&str, &str); 5] = [
    // RFC 3339, and the same with a space.
    (
        r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)?",
        "‹time›",
    ),
    // `4 passed in 0.20s`, `Installed 3 packages in 35ms`.
    (r"\bin \d+(\.\d+)? ?m?s\b", "in ‹time›"),
    // JUnit.
    (r#"\btime="\d+(\.\d+)?""#, r#"time="‹time›""#),
    // An object in a program's memory.
    (r"\b0x[0-9a-f]{6,16}\b", "‹address›"),
    // The first free port.
    (r"\b(127\.0\.0\.1|localhost):\d{2,5}\b", "‹this machine›"),
];

/// Answers that are of the moment as a whole.
const ANSWERS: [(&str, &str); 3] = [
    ("id", "a fresh id"),
    ("now", "the time of day"),
    (
        "processes",
        "what else the machine runs; what was made of it is in the facts",
    ),
];

/// Why a value differs between any two live runs, when it does: by the names of the fields that it
/// lies in, outermost first.
#[must_use]
pub fn why_volatile(names: &[&str]) -> Option<&'static str> {
    FIELDS.iter().find_map(|(pattern, why)| {
        let pattern: Vec<&str> = pattern.split('.').collect();
        let there = names.windows(pattern.len()).any(|part| part == pattern);
        there.then_some(*why)
    })
}

/// Whether an answer of this kind is of the moment as a whole.
pub(super) fn is_of_the_moment(answer: &str) -> bool {
    ANSWERS.iter().any(|(name, _)| *name == answer)
}

/// A text without times and ports.
pub(super) fn without_times(text: &str) -> Cow<'_, str> {
    static SHAPES: LazyLock<Option<Regex>> = LazyLock::new(|| {
        let all: Vec<String> = TEXTS
            .iter()
            .enumerate()
            .map(|(at, (shape, _))| format!("(?P<_{at}>{shape})"))
            .collect();
        Regex::new(&all.join("|")).ok()
    });
    let Some(shapes) = &*SHAPES else {
        return text.into();
    };
    shapes.replace_all(text, |found: &Captures<'_>| {
        let stands = |(at, (_, stand))| found.name(&format!("_{at}")).map(|_| stand);
        TEXTS.into_iter().enumerate().find_map(stands).unwrap_or("")
    })
}
