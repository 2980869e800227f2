//! What a canary's result is, whatever dialect it was written in.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub(super) const PASS: &str = "pass";

/// One run's result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::verbs) struct CanaryResult {
    pub(in crate::verbs) outcome: String,
    pub(in crate::verbs) run_id: Option<String>,
    pub(in crate::verbs) cli_version: Option<String>,
    pub(in crate::verbs) started_at: Option<Timestamp>,
    pub(in crate::verbs) finished_at: Option<Timestamp>,
    pub(in crate::verbs) skip_reason: Option<String>,
    /// In the document's order.
    pub(in crate::verbs) scenarios: Vec<Scenario>,
}

/// One scenario's result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::verbs) struct Scenario {
    pub(in crate::verbs) number: u32,
    pub(in crate::verbs) status: String,
    /// The first line that says what went wrong; the whole reason stays in the kept document.
    pub(in crate::verbs) first_error: Option<String>,
    /// The whole reason, for the triage; not a fact.
    #[serde(skip)]
    pub(in crate::verbs) reason: String,
}

/// What the file itself says of the run in it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::verbs) struct Written<'a> {
    /// Its path; a number in its name is the run's.
    pub(in crate::verbs) path: &'a str,
    /// When it was last changed: the end of a run whose document does not say it.
    pub(in crate::verbs) modified: Option<Timestamp>,
}

impl CanaryResult {
    /// Whether outcome and every scenario say pass. `skip` is never pass.
    pub(in crate::verbs) fn passes(&self) -> bool {
        self.outcome == PASS && self.scenarios.iter().all(Scenario::passes)
    }
}

impl Scenario {
    /// Whether it says pass.
    pub(in crate::verbs) fn passes(&self) -> bool {
        self.status == PASS
    }
}

/// pytest marks the lines that say what went wrong with `E `; else the first line that is not
/// blank. One that only announces (it ends with a colon) is told together with the exception of
/// the traceback that follows, or with the last of them.
pub(super) fn first_error(reason: &str) -> Option<String> {
    let lines = reason
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty());
    let marked: Vec<&str> = lines
        .clone()
        .filter_map(|line| line.strip_prefix("E "))
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let line = match marked.as_slice() {
        [first, rest @ ..] if first.ends_with(':') => {
            let told = rest
                .iter()
                .rfind(|line| names_an_exception(line))
                .or(rest.last());
            format!("{first} {}", told.unwrap_or(&""))
                .trim_end()
                .to_owned()
        }
        [first, ..] => (*first).to_owned(),
        [] => lines.clone().next()?.to_owned(),
    };
    Some(line.chars().take(300).collect())
}

/// `KeyError: 'x'`, as a traceback ends.
pub(super) fn names_an_exception(line: &str) -> bool {
    let name = line.split(':').next().unwrap_or_default();
    let is_name = name
        .chars()
        .all(|letter| letter.is_alphanumeric() || "_.".contains(letter));
    is_name && (name.ends_with("Error") || name.ends_with("Exception"))
}
