//! Checks of the texts that say how long something takes, how often it happens, or as of when.
//! What quotes facts is only known during the run and checked there.

use serde_json::{Map, Value};

use super::document::{At, Document};
use super::draft::{Draft, DraftSubtask};
use crate::model::template::render_parameters;
use crate::model::{Diagnostic, parse_duration};
use crate::verbs::Canary;

/// Fields of verbs that are durations.
const DURATIONS: [&str; 3] = ["within", "retry_after", "observe_every"];

/// Checks all of them.
pub(super) fn check(document: &Document<'_>, draft: &Draft, problems: &mut Vec<Diagnostic>) {
    let mut times = Times {
        document,
        parameters: &draft.parameters,
        problems,
    };
    for (_, subtask) in draft.subtasks() {
        times.subtask(subtask);
    }
}

struct Times<'a, 't> {
    document: &'a Document<'t>,
    parameters: &'a Map<String, Value>,
    problems: &'a mut Vec<Diagnostic>,
}

impl Times<'_, '_> {
    fn subtask(&mut self, subtask: &DraftSubtask) {
        let field = |key: &str| subtask.fields.get(key).and_then(Value::as_str);
        for key in DURATIONS {
            if let Some(text) = field(key) {
                self.duration(&subtask.at.key(key), text);
            }
        }
        if let Some(text) = field("observe_every") {
            self.often(&subtask.at.key("observe_every"), text);
        }
        if let Some(text) = field("as_of") {
            self.moment(&subtask.at.key("as_of"), text);
        }
        let table = subtask.table.iter();
        let own =
            table.flat_map(|table| [("timeout", &table.timeout), ("max_age", &table.max_age)]);
        for (key, text) in own {
            if let Some(text) = text {
                self.duration(&subtask.at.key(key), text);
            }
        }
    }

    /// The text with its parameters. One that quotes facts is filled in during the run, but one
    /// that is ended because it takes too much will never be.
    fn filled(&mut self, at: &At, text: &str) -> Option<String> {
        let error = match render_parameters(self.parameters, text) {
            Ok(filled) => return Some(filled),
            Err(error) => error,
        };
        if error.is_too_much() {
            let problem = self.document.problem(at, error.to_string());
            self.problems.push(problem);
        }
        None
    }

    fn duration(&mut self, at: &At, text: &str) {
        let filled = self.filled(at, text);
        if let Some(Err(error)) = filled.map(|filled| parse_duration(&filled)) {
            let problem = self.document.problem(at, error.to_string());
            self.problems
                .push(problem.help("write a number and a unit: `90s`, `15m`, `24h`"));
        }
    }

    /// The service that is read so often is somebody's.
    fn often(&mut self, at: &At, text: &str) {
        let every = self
            .filled(at, text)
            .and_then(|text| parse_duration(&text).ok());
        if every.is_some_and(|every| every < Canary::OFTEN) {
            let least = Canary::OFTEN.as_millis();
            let message = format!("the service would be read every `{text}`, which is too often");
            let problem = self.document.problem(at, message);
            let help = format!("let at least {least} ms pass, better `15s`");
            self.problems
                .push(problem.label("a load of its own").help(help));
        }
    }

    /// A moment, or nothing for now.
    fn moment(&mut self, at: &At, text: &str) {
        let filled = self.filled(at, text).filter(|filled| !filled.is_empty());
        if let Some(filled) = filled
            && let Err(error) = filled.parse::<jiff::Timestamp>()
        {
            let message = format!("expected RFC 3339, got `{filled}`: {error}");
            let problem = self.document.problem(at, message);
            self.problems.push(
                problem.help("write it as `2026-05-21T00:00:00Z`, or leave it empty for now"),
            );
        }
    }
}
