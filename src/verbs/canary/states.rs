//! What the fields beside a pass say of it: states, flags, exit codes, and amounts. Pure.
//!
//! A number is a number however it is written. A word outside those that mean a pass says
//! something else, and a value of another type says nothing that anybody can rely on: both
//! contradict.

use serde_json::Value;

use crate::model::kind_of;

/// Fields whose words say how it went, whichever of them a harness writes.
const STATES: [&str; 4] = ["status", "outcome", "result", "verdict"];
/// Words for a state that is a pass, or an end of which another field says that it is one.
const PASSING: [&str; 13] = [
    "pass",
    "passed",
    "passes",
    "ok",
    "okay",
    "success",
    "succeeded",
    "successful",
    "complete",
    "completed",
    "done",
    "finished",
    "green",
];
/// Flags that a pass sets.
const SET: [&str; 4] = ["ok", "success", "passed", "pass"];
/// Flags that a pass does not set.
const UNSET: [&str; 7] = [
    "failed",
    "fail",
    "skipped",
    "skip",
    "timed_out",
    "aborted",
    "crashed",
];
const EXIT_CODES: [&str; 3] = ["exit_code", "return_code", "returncode"];
/// How much of a value is told, in letters.
const TOLD: usize = 120;

/// The first field of a passing object that says that it did not pass. `sums` are the fields that
/// may hold an amount of scenarios as well, which [`amount`] reads.
pub(super) fn denied(object: &Value, sums: &[&str]) -> Option<String> {
    let flags = |fields: &'static [&str], wanted: bool| {
        let own = |field: &&&str| !(sums.contains(*field) && amount(&object[**field]).is_some());
        let mut own = fields.iter().filter(own);
        own.find_map(|field| flag(field, &object[*field], wanted))
    };
    let state = STATES
        .iter()
        .find_map(|field| state(field, &object[*field]));
    state
        .or_else(|| flags(&SET, true))
        .or_else(|| flags(&UNSET, false))
        .or_else(|| {
            EXIT_CODES
                .iter()
                .find_map(|field| exit_code(field, &object[*field]))
        })
}

/// How many scenarios a sum speaks of: a number, one in a text, or the length of a list.
pub(super) fn amount(value: &Value) -> Option<f64> {
    match value {
        Value::Array(items) => u32::try_from(items.len()).ok().map(f64::from),
        Value::Object(fields) if fields.is_empty() => Some(0.0),
        other => number(other),
    }
}

/// A field with its value, as a message tells it.
pub(super) fn is(field: &str, value: &Value) -> String {
    let text = match value {
        Value::String(text) => format!("`{}`", text.chars().take(TOLD).collect::<String>()),
        other => other.to_string().chars().take(TOLD).collect(),
    };
    format!("its `{field}` is {text}")
}

/// Whether it says nothing.
pub(super) fn is_silent(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        _ => false,
    }
}

/// A value of a type that the field has not.
pub(super) fn of_another_type(field: &str, value: &Value, expected: &str) -> String {
    format!("its `{field}` is {}, expected {expected}", kind_of(value))
}

fn number(value: &Value) -> Option<f64> {
    let number = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    // `NaN` is a word that differs from no number.
    number.filter(|number: &f64| number.is_finite())
}

fn word(text: &str) -> String {
    text.trim().to_ascii_lowercase()
}

fn state(field: &str, value: &Value) -> Option<String> {
    match value {
        _ if is_silent(value) => None,
        Value::String(text) if PASSING.contains(&word(text).as_str()) => None,
        Value::Bool(true) => None,
        Value::String(_) | Value::Bool(false) => Some(is(field, value)),
        _ => Some(of_another_type(field, value, "a word")),
    }
}

fn flag(field: &str, value: &Value, wanted: bool) -> Option<String> {
    if is_silent(value) {
        return None;
    }
    let set = match (value, amount(value)) {
        (_, Some(amount)) => amount != 0.0,
        (Value::Bool(set), _) => *set,
        (Value::String(text), _) => match word(text).as_str() {
            "true" | "yes" => true,
            "false" | "no" | "none" => false,
            // `passed: "ok"` agrees, `failed: "ok"` does not say which it means.
            other => !wanted || PASSING.contains(&other),
        },
        _ => return Some(of_another_type(field, value, "true or false")),
    };
    (set != wanted).then(|| is(field, value))
}

fn exit_code(field: &str, value: &Value) -> Option<String> {
    match (value, number(value)) {
        _ if is_silent(value) => None,
        (_, Some(code)) => (code != 0.0).then(|| is(field, value)),
        (Value::String(_), None) => Some(is(field, value)),
        _ => Some(of_another_type(field, value, "a number")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_agrees_with_a_pass_is_passed_over() {
        for agrees in [
            json!({}),
            json!({"status": "Passed", "outcome": "pass", "result": "ok", "verdict": null}),
            json!({"status": "completed", "result": ""}),
            json!({"ok": true, "passed": true, "success": "true", "failed": false}),
            json!({"ok": 1, "failed": 0, "skipped": 0.0, "fail": "0", "failed_count": 3}),
            json!({"failed": [], "skipped": [], "exit_code": 0}),
            json!({"exit_code": 0.0}),
            json!({"exit_code": "0", "returncode": null}),
        ] {
            assert_eq!(denied(&agrees, &[]), None, "{agrees}");
        }
    }

    #[test]
    fn what_does_not_mean_a_pass_contradicts() {
        for (value, words) in [
            (json!({"outcome": "fail"}), "its `outcome` is `fail`"),
            (json!({"status": "failure"}), "its `status` is `failure`"),
            (json!({"status": "timeout"}), "its `status` is `timeout`"),
            (json!({"result": "PASS-ish"}), "its `result` is `PASS-ish`"),
            (json!({"verdict": false}), "its `verdict` is false"),
            (
                json!({"status": 1}),
                "its `status` is a number, expected a word",
            ),
            (
                json!({"result": ["pass"]}),
                "its `result` is a list, expected a word",
            ),
            (json!({"passed": false}), "its `passed` is false"),
            (json!({"ok": 0.0}), "its `ok` is 0.0"),
            (json!({"success": "no"}), "its `success` is `no`"),
            (json!({"success": "almost"}), "its `success` is `almost`"),
            (json!({"failed": true}), "its `failed` is true"),
            (json!({"failed": 2.0}), "its `failed` is 2.0"),
            (json!({"failed": ["x"]}), "its `failed` is [\"x\"]"),
            (json!({"timed_out": "yes"}), "its `timed_out` is `yes`"),
            (
                json!({"passed": {"a": 1}}),
                "its `passed` is an object, expected true or false",
            ),
            (json!({"exit_code": 1}), "its `exit_code` is 1"),
            (json!({"exit_code": 1.0}), "its `exit_code` is 1.0"),
            (json!({"exit_code": 0.5}), "its `exit_code` is 0.5"),
            (json!({"exit_code": "1"}), "its `exit_code` is `1`"),
            (json!({"exit_code": "none"}), "its `exit_code` is `none`"),
            (json!({"exit_code": "NaN"}), "its `exit_code` is `NaN`"),
            (
                json!({"exit_code": false}),
                "its `exit_code` is true or false, expected a number",
            ),
        ] {
            assert_eq!(denied(&value, &[]).as_deref(), Some(words), "{value}");
        }
    }

    #[test]
    fn a_sum_is_an_amount_and_no_flag() {
        let sums = json!({"passed": 4, "failed": 2.0, "skipped": "1"});
        assert_eq!(denied(&sums, &["passed", "failed", "skipped"]), None);
        assert_eq!(amount(&sums["failed"]), Some(2.0));
        assert_eq!(amount(&sums["skipped"]), Some(1.0));
        assert_eq!(amount(&json!(["a", "b"])), Some(2.0));
        let flag = json!({"passed": false});
        assert!(denied(&flag, &["passed"]).is_some());
    }
}
