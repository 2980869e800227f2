//! Checks of process rules, triage rules and the reasons for which a skip is allowed.

use serde_json::Value;

use super::document::{At, Document};
use super::draft::Draft;
use crate::model::{Diagnostic, matches_everything};

/// Checks that every pattern compiles and every rule says something.
pub(super) fn check(document: &Document<'_>, draft: &Draft, problems: &mut Vec<Diagnostic>) {
    for (name, rule) in &draft.processes {
        let at = At::root().key("process").key(name);
        for (index, pattern) in rule.program.iter().enumerate() {
            if let Err(error) = globset::Glob::new(pattern) {
                let place = at.key("program").index(index);
                problems.push(bad_pattern(document, &place, pattern, error.kind()));
            }
        }
        regexes(document, &at.key("argv"), &rule.argv, problems);
        for (key, empty) in [
            ("program", rule.program.is_empty()),
            ("argv", rule.argv.is_empty()),
        ] {
            if empty {
                let message =
                    format!("process rule `{name}` would match too much: `{key}` is empty");
                let problem = document.problem(&at.key(key), message);
                problems.push(
                    problem.help("a process is recognised by its program and by every argument"),
                );
            }
        }
    }
    skips(document, draft, problems);
    for (at, rule) in &draft.triage {
        regexes(document, &at.key("all_of"), &rule.all_of, problems);
        regexes(document, &at.key("any_of"), &rule.any_of, problems);
        if rule.all_of.is_empty() && rule.any_of.is_empty() {
            let message = format!(
                "triage rule `{}` can never match: it has no words",
                rule.name
            );
            let problem = document.problem(at, message);
            problems.push(problem.help("give it `all_of` or `any_of`"));
        }
    }
}

/// Checks the reasons for which a subtask allows a skip.
fn skips(document: &Document<'_>, draft: &Draft, problems: &mut Vec<Diagnostic>) {
    for (_, subtask) in draft.subtasks() {
        let at = subtask.at.key("allow_skips");
        let patterns = subtask.fields.get("allow_skips").and_then(Value::as_array);
        for (index, pattern) in patterns.into_iter().flatten().enumerate() {
            let Some(pattern) = pattern.as_str().filter(|text| matches_everything(text)) else {
                continue;
            };
            let message = format!("`{pattern}` would allow every skip");
            let problem = document.problem(&at.index(index), message);
            problems.push(problem.help("write the reason that is allowed: a skip is not a pass"));
        }
    }
}

fn regexes(document: &Document<'_>, at: &At, patterns: &[String], problems: &mut Vec<Diagnostic>) {
    for (index, pattern) in patterns.iter().enumerate() {
        if let Err(error) = regex::Regex::new(pattern) {
            // The last line says what is wrong; those before draw a caret of their own.
            let told = error.to_string();
            let last = told.lines().last().unwrap_or_default();
            let reason = last.strip_prefix("error: ").unwrap_or(last);
            problems.push(bad_pattern(document, &at.index(index), pattern, reason));
        }
    }
}

fn bad_pattern(
    document: &Document<'_>,
    at: &At,
    pattern: &str,
    reason: impl std::fmt::Display,
) -> Diagnostic {
    document
        .problem(at, format!("`{pattern}` is no pattern: {reason}"))
        .label("cannot be read")
        .help("put it in single quotes, so that backslashes stay as they are")
}
