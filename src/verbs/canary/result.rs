//! The canary's result documents: the harness's real dialect and the planning papers' one.
//! Anything that is neither is refused; what a document does not say stays unsaid.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::Value;

use super::contradiction::contradiction;
use super::shape::{CanaryResult, Scenario, Written, first_error};
use crate::model::{JsonError, kind_of, read_json};

/// Largest result document that is read, in bytes. Real ones stay below 1 MiB.
pub(in crate::verbs) const LIMIT: u64 = 16 * 1024 * 1024;
/// The scenarios that every run must have.
pub(in crate::verbs) const SCENARIOS: [u32; 4] = [1, 2, 3, 4];

/// Why a document is no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(in crate::verbs) enum Unreadable {
    #[error("not JSON: {0}")]
    NotJson(JsonError),
    #[error("{0}")]
    KeyTwice(JsonError),
    #[error("it is {0}, expected an object")]
    NoObject(&'static str),
    #[error("field `{0}` is missing")]
    Field(String),
    #[error("field `{field}` is {found}, expected {expected}")]
    Type {
        field: String,
        found: &'static str,
        expected: &'static str,
    },
    #[error("field `{field}` is `{text}`, expected an RFC 3339 time with its offset")]
    Time { field: String, text: String },
    #[error("duplicate scenario {0}")]
    Duplicate(u32),
    #[error("scenarios {0:?} are missing")]
    Missing(Vec<u32>),
    #[error("scenario {0} is unknown")]
    Unknown(u64),
    #[error("it contradicts itself: {0}")]
    Contradiction(String),
}

impl From<JsonError> for Unreadable {
    fn from(error: JsonError) -> Self {
        match error {
            JsonError::KeyTwice { .. } => Self::KeyTwice(error),
            _ => Self::NotJson(error),
        }
    }
}

impl CanaryResult {
    /// Reads a document of either dialect. In the planning papers' one `timestamp` is the start,
    /// and the time at which the file was written bounds the end.
    pub(in crate::verbs) fn parse(text: &str, written: Written<'_>) -> Result<Self, Unreadable> {
        let document = read_json(text)?;
        if !document.is_object() {
            return Err(Unreadable::NoObject(kind_of(&document)));
        }
        let scenarios = list_at(&document, "scenarios")?;
        let result = Self::of(&document, scenarios, written)?;
        match contradiction(&document, scenarios, &result, written) {
            Some(what) => Err(Unreadable::Contradiction(what)),
            None => Ok(result),
        }
    }

    fn of(document: &Value, scenarios: &[Value], written: Written<'_>) -> Result<Self, Unreadable> {
        let scenarios = scenarios
            .iter()
            .enumerate()
            .map(|(index, value)| Scenario::parse(index, value))
            .collect::<Result<Vec<_>, _>>()?;
        complete(&scenarios)?;
        let own_start = time_at(document, "started_at")?;
        let timestamp = time_at(document, "timestamp")?;
        let own_end = time_at(document, "finished_at")?;
        let planning = own_start.is_none() && own_end.is_none() && timestamp.is_some();
        Ok(Self {
            outcome: text_at(document, "", "outcome")?
                .ok_or_else(|| Unreadable::Field("outcome".into()))?,
            run_id: text_at(document, "", "run_id")?.filter(|id| names_something(id)),
            cli_version: text_at(document, "", "cli_version")?,
            started_at: own_start.or(timestamp),
            finished_at: own_end.or(written.modified.filter(|_| planning)),
            skip_reason: text_at(document, "", "skip_reason")?,
            scenarios,
        })
    }
}

/// The fields in which a scenario says what went wrong, in either dialect.
pub(super) const REASONS: [&str; 3] = ["failure_reason", "failure_mode", "details"];

impl Scenario {
    fn parse(index: usize, value: &Value) -> Result<Self, Unreadable> {
        let field = |name: &str| format!("scenarios[{index}].{name}");
        let numbers = ["scenario_id", "id"];
        let (name, number) = numbers
            .into_iter()
            .map(|name| (name, &value[name]))
            .find(|(_, number)| !number.is_null())
            .ok_or_else(|| Unreadable::Field(field("scenario_id")))?;
        let number = number.as_u64().ok_or_else(|| Unreadable::Type {
            field: field(name),
            found: kind_of(number),
            expected: "a whole number from 1 to 4",
        })?;
        let number = u32::try_from(number)
            .ok()
            .filter(|number| SCENARIOS.contains(number))
            .ok_or(Unreadable::Unknown(number))?;
        let place = format!("scenarios[{index}]");
        let status =
            text_at(value, &place, "status")?.ok_or_else(|| Unreadable::Field(field("status")))?;
        let reasons = REASONS.map(|name| text_at(value, &place, name));
        let reasons = reasons.into_iter().collect::<Result<Vec<_>, _>>()?;
        let reason = reasons.into_iter().flatten().collect::<Vec<_>>().join("\n");
        Ok(Self {
            number,
            status,
            first_error: first_error(&reason),
            reason,
        })
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

fn list_at<'a>(document: &'a Value, name: &str) -> Result<&'a [Value], Unreadable> {
    match &document[name] {
        Value::Null => Err(Unreadable::Field(name.to_owned())),
        Value::Array(items) => Ok(items),
        other => Err(Unreadable::Type {
            field: name.to_owned(),
            found: kind_of(other),
            expected: "a list",
        }),
    }
}

/// A text that may be missing or null. Any other type is refused: read as nothing, a reason that
/// is no text would be no reason.
fn text_at(value: &Value, place: &str, name: &str) -> Result<Option<String>, Unreadable> {
    match &value[name] {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.clone())),
        other => Err(Unreadable::Type {
            field: if place.is_empty() {
                name.to_owned()
            } else {
                format!("{place}.{name}")
            },
            found: kind_of(other),
            expected: "a text or null",
        }),
    }
}

/// An id that nobody can read back from a report tells no run from another.
fn names_something(id: &str) -> bool {
    !id.is_empty() && id.chars().all(|letter| letter.is_ascii_graphic())
}

fn time_at(value: &Value, name: &str) -> Result<Option<Timestamp>, Unreadable> {
    let Some(text) = text_at(value, "", name)? else {
        return Ok(None);
    };
    let time = text.parse().map_err(|_| Unreadable::Time {
        field: name.to_owned(),
        text: text.chars().take(60).collect(),
    })?;
    Ok(Some(time))
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

    fn read(document: &Value) -> Result<CanaryResult, Unreadable> {
        CanaryResult::parse(&document.to_string(), Written::default())
    }

    #[test]
    fn the_real_dialect_passes_only_when_all_say_pass() {
        let parsed = |value: Value| read(&value).unwrap();
        assert!(parsed(document(["pass"; 4])).passes());
        let mut one_skips = document(["pass", "pass", "skip", "pass"]);
        one_skips["outcome"] = json!("skip");
        assert!(!parsed(one_skips).passes());
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
        let parsed = read(&text).unwrap();
        assert_eq!(parsed.scenarios[3].reason, "boom\nmore");
        assert_eq!(parsed.run_id, None);
    }

    #[test]
    fn a_run_number_is_the_one_in_the_files_name() {
        let scenarios: Vec<Value> = (1..=4)
            .map(|id| json!({"id": id, "status": "pass"}))
            .collect();
        let document = json!({"run_number": 2, "timestamp": "2026-05-20T10:00:00Z",
            "outcome": "pass", "scenarios": scenarios});
        let read = |path| {
            let modified = "2026-05-20T10:05:00.25Z".parse().ok();
            CanaryResult::parse(&document.to_string(), Written { path, modified })
        };
        for path in [
            "a/runs/run-2.json",
            "a/run_2.json",
            "a/latest.json",
            "a/run-of-may.json",
        ] {
            let result = read(path).unwrap();
            assert_eq!(
                result.finished_at,
                "2026-05-20T10:05:00.25Z".parse().ok(),
                "{path}"
            );
        }
        for path in ["a/runs/run-1.json", "run-3.json", "run-2/run-4.json"] {
            let error = read(path).unwrap_err().to_string();
            assert!(error.contains("its `run_number` is 2"), "{path}: {error}");
        }
    }

    /// A kernel stamps a file by its last tick: a file may look older than a time that was read
    /// before it was written.
    #[test]
    fn the_clock_of_files_may_lie_a_tick_behind() {
        let document = document(["pass"; 4]);
        let start: Timestamp = document["started_at"].as_str().unwrap().parse().unwrap();
        let read = |behind: i64| {
            let modified = Some(start - jiff::SignedDuration::from_millis(behind));
            let path = "a/runs/run-1.json";
            CanaryResult::parse(&document.to_string(), Written { path, modified })
        };
        assert!(read(10).is_ok());
        let error = read(60_000).unwrap_err().to_string();
        assert!(error.contains("and was written at"), "{error}");
    }

    #[test]
    fn duplicates_gaps_and_strangers_are_refused() {
        let mut twice = document(["pass"; 4]);
        twice["scenarios"][3]["scenario_id"] = json!(1);
        let mut gap = document(["pass"; 4]);
        gap["scenarios"].as_array_mut().unwrap().pop();
        let mut stranger = document(["pass"; 4]);
        stranger["scenarios"][0]["scenario_id"] = json!(5);
        let error = |value: &Value| read(value).unwrap_err();
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
            CanaryResult::parse(&deep, Written::default()),
            Err(Unreadable::NotJson(_))
        ));
    }

    proptest! {
        #[test]
        fn no_text_panics(text in ".{0,200}") {
            let _ = CanaryResult::parse(&text, Written::default());
        }
    }
}
