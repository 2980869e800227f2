//! The canary's result documents: the harness's real dialect and the planning papers' one.
//! Anything that is neither is refused; what a document does not say stays unsaid.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Largest result document that is read, in bytes. Real ones stay below 1 MiB.
pub(in crate::verbs) const LIMIT: u64 = 16 * 1024 * 1024;
/// The scenarios that every run must have.
pub(in crate::verbs) const SCENARIOS: [u32; 4] = [1, 2, 3, 4];
const PASS: &str = "pass";

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

/// Why a document is no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(in crate::verbs) enum Unreadable {
    #[error("not JSON: {0}")]
    NotJson(String),
    #[error("field `{0}` is missing or of another type")]
    Field(String),
    #[error("scenario {0} is there twice")]
    Duplicate(u32),
    #[error("scenarios {0:?} are missing")]
    Missing(Vec<u32>),
    #[error("scenario {0} is unknown")]
    Unknown(u64),
}

impl CanaryResult {
    /// Reads a document of either dialect.
    pub(in crate::verbs) fn parse(text: &str) -> Result<Self, Unreadable> {
        let document: Value =
            serde_json::from_str(text).map_err(|error| Unreadable::NotJson(error.to_string()))?;
        let scenarios = document["scenarios"]
            .as_array()
            .ok_or_else(|| Unreadable::Field("scenarios".into()))?
            .iter()
            .map(Scenario::parse)
            .collect::<Result<Vec<_>, _>>()?;
        complete(&scenarios)?;
        Ok(Self {
            outcome: text_at(&document, "outcome")
                .ok_or_else(|| Unreadable::Field("outcome".into()))?,
            run_id: text_at(&document, "run_id").filter(|id| names_something(id)),
            cli_version: text_at(&document, "cli_version"),
            started_at: time_at(&document, "started_at")?,
            finished_at: time_at(&document, "finished_at")?.or(time_at(&document, "timestamp")?),
            skip_reason: text_at(&document, "skip_reason"),
            scenarios,
        })
    }

    /// Whether outcome and every scenario say pass. `skip` is never pass.
    pub(in crate::verbs) fn passes(&self) -> bool {
        self.outcome == PASS && self.scenarios.iter().all(Scenario::passes)
    }
}

impl Scenario {
    fn parse(value: &Value) -> Result<Self, Unreadable> {
        let number = [&value["scenario_id"], &value["id"]]
            .into_iter()
            .find_map(Value::as_u64)
            .ok_or_else(|| Unreadable::Field("scenarios[].scenario_id".into()))?;
        let number = u32::try_from(number)
            .ok()
            .filter(|number| SCENARIOS.contains(number))
            .ok_or(Unreadable::Unknown(number))?;
        let status = text_at(value, "status")
            .ok_or_else(|| Unreadable::Field(format!("scenarios[{number}].status")))?;
        let reason = ["failure_reason", "failure_mode", "details"]
            .iter()
            .filter_map(|name| text_at(value, name))
            .collect::<Vec<_>>()
            .join("\n");
        Ok(Self {
            number,
            status,
            first_error: first_error(&reason),
            reason,
        })
    }

    /// Whether it says pass.
    pub(in crate::verbs) fn passes(&self) -> bool {
        self.status == PASS
    }
}

fn complete(scenarios: &[Scenario]) -> Result<(), Unreadable> {
    let mut seen = BTreeSet::new();
    if let Some(twice) = scenarios
        .iter()
        .find(|scenario| !seen.insert(scenario.number))
    {
        return Err(Unreadable::Duplicate(twice.number));
    }
    let missing: Vec<u32> = SCENARIOS
        .into_iter()
        .filter(|number| !seen.contains(number))
        .collect();
    if missing.is_empty() {
        Ok(())
    } else {
        Err(Unreadable::Missing(missing))
    }
}

fn text_at(value: &Value, name: &str) -> Option<String> {
    value[name].as_str().map(str::to_owned)
}

/// An id that nobody can read back from a report tells no run from another.
fn names_something(id: &str) -> bool {
    !id.is_empty() && id.chars().all(|letter| letter.is_ascii_graphic())
}

fn time_at(value: &Value, name: &str) -> Result<Option<Timestamp>, Unreadable> {
    match &value[name] {
        Value::Null => Ok(None),
        Value::String(text) => text
            .parse()
            .map(Some)
            .map_err(|_| Unreadable::Field(name.to_owned())),
        _ => Err(Unreadable::Field(name.to_owned())),
    }
}

/// pytest marks the lines that say what went wrong with `E `; else the first line that is not
/// blank. One that only announces (it ends with a colon) is told together with the exception of
/// the traceback that follows, or with the last of them.
fn first_error(reason: &str) -> Option<String> {
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
fn names_an_exception(line: &str) -> bool {
    let name = line.split(':').next().unwrap_or_default();
    let is_name = name
        .chars()
        .all(|letter| letter.is_alphanumeric() || "_.".contains(letter));
    is_name && (name.ends_with("Error") || name.ends_with("Exception"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn document(statuses: [&str; 4]) -> Value {
        let scenarios: Vec<Value> = (1..).zip(statuses)
            .map(|(id, status)| json!({"scenario_id": id, "name": "n", "status": status, "failure_reason": null}))
            .collect();
        json!({
            "cli_version": "spec-kitty-cli version 3.2.0rc16", "outcome": "pass", "run_id": "01J",
            "started_at": "2026-05-20T10:00:00Z", "finished_at": "2026-05-20T10:05:00Z",
            "skip_reason": null, "scenarios": scenarios,
        })
    }

    #[test]
    fn the_real_dialect_passes_only_when_all_say_pass() {
        let parsed = |value: Value| CanaryResult::parse(&value.to_string()).unwrap();
        assert!(parsed(document(["pass"; 4])).passes());
        assert!(!parsed(document(["pass", "pass", "skip", "pass"])).passes());
        let mut skipped = document(["pass"; 4]);
        skipped["outcome"] = json!("skip");
        assert!(!parsed(skipped).passes());
    }

    #[test]
    fn the_planning_dialect_is_read() {
        let scenarios: Vec<Value> = (1..=4)
            .map(
                |id| json!({"id": id, "status": "fail", "failure_mode": "boom", "details": "more"}),
            )
            .collect();
        let text = json!({"run_number": 1, "timestamp": "2026-05-20T10:00:00Z", "outcome": "fail", "scenarios": scenarios});
        let parsed = CanaryResult::parse(&text.to_string()).unwrap();
        assert_eq!(parsed.scenarios[3].reason, "boom\nmore");
        assert_eq!(parsed.run_id, None);
    }

    #[test]
    fn duplicates_gaps_and_strangers_are_refused() {
        let mut twice = document(["pass"; 4]);
        twice["scenarios"][3]["scenario_id"] = json!(1);
        let mut gap = document(["pass"; 4]);
        gap["scenarios"].as_array_mut().unwrap().pop();
        let mut stranger = document(["pass"; 4]);
        stranger["scenarios"][0]["scenario_id"] = json!(5);
        let error = |value: &Value| CanaryResult::parse(&value.to_string()).unwrap_err();
        assert_eq!(error(&twice), Unreadable::Duplicate(1));
        assert_eq!(error(&gap), Unreadable::Missing(vec![4]));
        assert_eq!(error(&stranger), Unreadable::Unknown(5));
    }

    #[test]
    fn the_first_error_is_the_line_that_pytest_marks() {
        let text = "def test():\n>   assert x\nE   AssertionError: no\nE   more";
        assert_eq!(first_error(text).as_deref(), Some("AssertionError: no"));
        assert_eq!(first_error("\n  plain\n").as_deref(), Some("plain"));
        let traceback = "E   AssertionError: the CLI failed:\nE     Traceback:\nE   KeyError: 'x'\nE     [exit 1]";
        let told = first_error(traceback);
        assert_eq!(
            told.as_deref(),
            Some("AssertionError: the CLI failed: KeyError: 'x'")
        );
        assert_eq!(first_error(""), None);
    }

    #[test]
    fn deep_nesting_is_an_error_and_no_overflow() {
        let deep = "[".repeat(1_000_000);
        assert!(matches!(
            CanaryResult::parse(&deep),
            Err(Unreadable::NotJson(_))
        ));
    }

    proptest! {
        #[test]
        fn no_text_panics(text in ".{0,200}") {
            let _ = CanaryResult::parse(&text);
        }
    }
}
