//! Checks that a verb makes of its own fields, as far as they and the parameters show it.

use serde_json::Value;

use super::document::{At, Document};
use super::draft::{Draft, DraftSubtask};
use crate::gate::played::filled;
use crate::model::Diagnostic;
use crate::verbs::Verb;

/// Checks all of them.
pub(super) fn check(document: &Document<'_>, draft: &Draft, problems: &mut Vec<Diagnostic>) {
    let parameters = Value::Object(draft.parameters.clone());
    for (_, subtask) in draft.subtasks() {
        let Some(verb) = &subtask.verb else { continue };
        let Some(filled) = filled_verb(verb, subtask, &parameters) else {
            continue;
        };
        problems.extend(filled.declares().wrong().into_iter().map(|wrong| {
            let at = below(&subtask.at, &wrong.at);
            document.problem(&at, wrong.what).help(wrong.remedy)
        }));
    }
}

/// The verb with its parameters filled in; what quotes facts stays as it is written. None where a
/// parameter gives a field the wrong type, which is reported as such.
pub(super) fn filled_verb(verb: &Verb, subtask: &DraftSubtask, parameters: &Value) -> Option<Verb> {
    let Value::Object(mut fields) = filled(&subtask.fields, parameters) else {
        return None;
    };
    fields.shift_remove("uses");
    Verb::from_fields(verb.name(), Value::Object(fields))?.ok()
}

/// The place of `expect.stdout[0]` below another.
fn below(at: &At, path: &str) -> At {
    path.split('.').fold(at.clone(), |at, step| {
        let (key, index) = match step.split_once('[') {
            Some((key, index)) => (key, index.trim_end_matches(']').parse().ok()),
            None => (step, None),
        };
        let at = at.key(key);
        index.map_or(at.clone(), |index: usize| at.index(index))
    })
}
