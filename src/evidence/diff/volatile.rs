//! Nondeterministic fields, which differ between any two live runs: each by name, with the reason.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Captures, Regex};

/// Nondeterministic fields by name, with the enclosing field if the name alone is ambiguous, and
/// the reason why they differ. Times of events outside the run, such as when an issue was closed or
/// the service built, are not included.
const FIELDS: [(&str, &str); 29] = [
    ("after_milliseconds", "how long a process took to end"),
    ("answered", "a time of day"),
    ("at", "a time of day"),
    ("attempt", "the number of the attempt directory"),
    (
        "chain.digest",
        "the digest of a link, whose parts are compared",
    ),
    (
        "chain.previous",
        "the digest of a link, whose parts are compared",
    ),
    ("created_at", "a time of day"),
    ("duration_seconds", "how long a scenario took"),
    ("elapsed_milliseconds", "how long a program ran"),
    ("finished_at", "a time of day"),
    ("kept", "a directory named by the time of day"),
    ("leftovers.parent", "a process id"),
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
    ("pid", "a process id"),
    ("port", "the first free port"),
    ("run_id", "each canary run has an id of its own"),
    (
        "run_milliseconds",
        "how long each of a fix's own test runs took",
    ),
    ("seconds", "how long something took"),
    ("started", "when a process started"),
    ("started_at", "a time of day"),
    ("took_milliseconds", "how long a subtask took"),
    ("updated_at", "a time of day"),
    ("createdAt", "a time of day"),
    ("token_sha256", "each daemon has a token of its own"),
];

/// Nondeterministic parts of prose: their pattern, and the replacement. A value that consists of a
/// time only is nondeterministic only if its name says so, because somebody may have requested that
/// date.
const PROSE: [(&str, &str); 4] = [
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
];

/// The number of a log: programs that a subtask runs at the same time take theirs as they come.
const LOG: (&str, &str) = (r"‹run›/logs/[A-Za-z0-9_.]+-\d+-", "‹run›/logs/‹number›-");

/// The name of an audit's report: derived from an id of the run, so that the tests that write it
/// cannot tell from it which side they are on.
const REPORT: (&str, &str) = (r"\b[0-9a-f]{16}\.xml\b", "‹report›.xml");

/// The same of any text: the first free port.
const PORT: (&str, &str) = (r"\b(127\.0\.0\.1|localhost):\d{2,5}\b", "‹this machine›");

/// Responses that are nondeterministic as a whole.
const ANSWERS: [(&str, &str); 3] = [
    ("id", "a fresh id"),
    ("now", "the time of day"),
    (
        "processes",
        "what else the machine runs; what was made of it is in the facts",
    ),
];

/// Why a different value has no meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Excuse {
    /// The field has this name; whether it is present at all is still compared.
    Itself(&'static str),
    /// It is within something that has no meaning as a whole.
    Within(&'static str),
}

/// The excuse for a value, by the names of the enclosing fields, outermost first.
pub(super) fn excuse(names: &[&str]) -> Option<Excuse> {
    let of = |(pattern, why): &(&str, &'static str)| {
        let pattern: Vec<&str> = pattern.split('.').collect();
        let mut windows = names.windows(pattern.len());
        let ends = windows.position(|part| part == pattern)? + pattern.len();
        let itself = ends == names.len();
        Some(if itself {
            Excuse::Itself(why)
        } else {
            Excuse::Within(why)
        })
    };
    let all: Vec<Excuse> = FIELDS.iter().filter_map(of).collect();
    let within = all.iter().find(|one| matches!(one, Excuse::Within(_)));
    within.or(all.first()).copied()
}

/// Whether a response of this kind is nondeterministic as a whole.
pub(super) fn is_of_the_moment(answer: &str) -> bool {
    ANSWERS.iter().any(|(name, _)| *name == answer)
}

/// A text without ports; prose without times and addresses too.
pub(super) fn without_times(text: &str) -> Cow<'_, str> {
    static SHAPES: LazyLock<[Shapes; 2]> = LazyLock::new(|| {
        [
            Shapes::of(&[PORT, LOG, REPORT]),
            Shapes::of(&[&PROSE[..], &[PORT, LOG, REPORT]].concat()),
        ]
    });
    SHAPES[usize::from(is_prose(text))].replace(text)
}

/// Whether a text is more than one value: it has several words, and is not only a time.
fn is_prose(text: &str) -> bool {
    let mut words = text.split_ascii_whitespace();
    let starts_as_a_time = words.next().is_some_and(|word| {
        let mut parts = word.split('-');
        parts.clone().count() == 3 && parts.all(|part| part.bytes().all(|it| it.is_ascii_digit()))
    });
    // A date and its time of day are one value.
    words.count() > usize::from(starts_as_a_time)
}

/// The patterns to search for in a text, and their replacements.
struct Shapes {
    shapes: Option<Regex>,
    stand: Vec<&'static str>,
}

impl Shapes {
    fn of(all: &[(&str, &'static str)]) -> Self {
        let groups = all.iter().enumerate();
        let groups: Vec<String> = groups
            .map(|(at, (shape, _))| format!("(?P<_{at}>{shape})"))
            .collect();
        Self {
            shapes: Regex::new(&groups.join("|")).ok(),
            stand: all.iter().map(|(_, stand)| *stand).collect(),
        }
    }

    fn replace<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let Some(shapes) = &self.shapes else {
            return text.into();
        };
        shapes.replace_all(text, |found: &Captures<'_>| {
            let mut all = self.stand.iter().enumerate();
            let stands = all.find(|(at, _)| found.name(&format!("_{at}")).is_some());
            stands.map_or("", |(_, stand)| *stand)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_that_stands_alone_is_a_value() {
        for value in [
            "2026-05-21T00:00:00Z",
            "2026-05-21 00:00:00+02:00",
            "--as-of=2026-05-21T00:00:00Z",
            "0x7f6748483",
            "",
        ] {
            assert_eq!(without_times(value), value);
        }
        for (text, without) in [
            ("at 2026-05-21T00:00:00.5Z.", "at ‹time›."),
            ("run-4.json 2026-05-21T00:00:00Z", "run-4.json ‹time›"),
            ("2026-05-21 00:00:00 began", "‹time› began"),
            ("4 passed in 0.20s", "4 passed in ‹time›"),
            ("<main at 0x7f6748483>", "<main at ‹address›>"),
            ("http://127.0.0.1:8000/x", "http://‹this machine›/x"),
        ] {
            assert_eq!(without_times(text), without);
        }
    }
}
