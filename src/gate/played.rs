//! The rehearsal of a gate with its parameters filled in. Pure.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::rehearsal::Rehearsal;
use super::{Gate, Subtask};
use crate::model::TemplateError;
use crate::model::template::{is_template, render_fields};
use crate::verbs::Verb;

/// Fields with their parameters; what quotes facts stays as it is written.
pub(super) fn filled(value: &Value, parameters: &Value) -> Value {
    match value {
        Value::String(text) if is_template(text) => {
            render_fields(value, parameters).unwrap_or_else(|_| value.clone())
        }
        Value::Array(items) => items.iter().map(|item| filled(item, parameters)).collect(),
        Value::Object(table) => {
            let filled = table
                .iter()
                .map(|(key, item)| (key.clone(), filled(item, parameters)));
            Value::Object(filled.collect::<Map<_, _>>())
        }
        _ => value.clone(),
    }
}

impl Gate {
    /// The verb of a subtask as far as the parameters fill it in: what quotes facts stays as it
    /// is written. None where a field would then have another type.
    #[must_use]
    pub fn verb_before_the_run(&self, subtask: &Subtask) -> Option<Verb> {
        let Value::Object(mut fields) = self.fields_before_the_run(subtask) else {
            return None;
        };
        fields.shift_remove("uses");
        Verb::from_fields(subtask.verb.name(), Value::Object(fields))?.ok()
    }

    /// The fields of a subtask's verb, parameters filled in.
    pub(super) fn fields_before_the_run(&self, subtask: &Subtask) -> Value {
        filled(&subtask.fields, &Value::Object(self.parameters.clone()))
    }

    /// The texts in the fields of a subtask, parameters filled in.
    #[must_use]
    pub fn texts_before_the_run(&self, subtask: &Subtask) -> BTreeSet<String> {
        let mut texts = BTreeSet::new();
        collect(&self.fields_before_the_run(subtask), &mut texts);
        texts
    }

    /// What the outside is in a rehearsal, parameters filled in.
    ///
    /// # Errors
    /// A text that quotes something else than parameters; a gate that was loaded has none.
    pub fn played(&self) -> Result<Rehearsal, TemplateError> {
        let written = serde_json::to_value(&self.rehearsal).unwrap_or_default();
        let parameters = Value::Object(self.parameters.clone());
        let filled = render_fields(&written, &parameters)?;
        // Only texts were filled in, and all of them stay texts but for single expressions.
        serde_json::from_value(texts_where_texts_were(&written, filled))
            .map_err(|error| TemplateError::broken(error.to_string()))
    }
}

/// A text that quotes a number only is a text still, where one is needed: an exit code is never
/// quoted.
fn texts_where_texts_were(written: &Value, filled: Value) -> Value {
    match (written, filled) {
        (Value::String(_), filled @ (Value::Number(_) | Value::Bool(_))) => {
            Value::String(filled.to_string())
        }
        (Value::Array(written), Value::Array(filled)) => {
            let both = written.iter().zip(filled);
            both.map(|(one, other)| texts_where_texts_were(one, other))
                .collect()
        }
        (Value::Object(written), Value::Object(filled)) => {
            let both = filled.into_iter().map(|(key, value)| {
                let value = match written.get(&key) {
                    Some(one) => texts_where_texts_were(one, value),
                    None => value,
                };
                (key, value)
            });
            Value::Object(both.collect())
        }
        (_, filled) => filled,
    }
}

fn collect(value: &Value, texts: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => drop(texts.insert(text.clone())),
        Value::Array(items) => items.iter().for_each(|item| collect(item, texts)),
        Value::Object(table) => table.values().for_each(|item| collect(item, texts)),
        _ => {}
    }
}
