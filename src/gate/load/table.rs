//! Reads one table into one type, and reports everything that is wrong with it, not only the
//! first thing.

use std::collections::BTreeSet;
use std::ops::Range;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::IntoDeserializer;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Error, ValueDeserializer};

use super::document::Document;
use crate::gate::diagnostic::Diagnostic;
use crate::gate::nearest::nearest;

/// The names of a table's fields.
#[derive(Debug, Clone, Default)]
pub(in crate::gate) struct Shape {
    pub(in crate::gate) fields: BTreeSet<String>,
    pub(in crate::gate) required: BTreeSet<String>,
    /// Fields that belong to the same table but are read elsewhere; only for "did you mean".
    pub(in crate::gate) beside: BTreeSet<String>,
}

impl Shape {
    /// The shape of a type, from its JSON Schema.
    pub(in crate::gate) fn of<T: JsonSchema>() -> Self {
        Self::from_schema(&T::json_schema(&mut SchemaGenerator::default()))
    }

    /// The shape that a JSON Schema describes.
    pub(in crate::gate) fn from_schema(schema: &Schema) -> Self {
        let names = |value: Option<&serde_json::Value>| -> BTreeSet<String> {
            match value {
                Some(serde_json::Value::Object(table)) => table.keys().cloned().collect(),
                Some(serde_json::Value::Array(names)) => names
                    .iter()
                    .filter_map(|name| name.as_str().map(str::to_owned))
                    .collect(),
                _ => BTreeSet::new(),
            }
        };
        Self {
            fields: names(schema.get("properties")),
            required: names(schema.get("required")),
            beside: BTreeSet::new(),
        }
    }

    /// Without this field.
    pub(in crate::gate) fn without(mut self, field: &str) -> Self {
        self.fields.remove(field);
        self.required.remove(field);
        self
    }
}

/// A table that is to be read.
pub(super) struct Reading<'a, 't> {
    pub(super) document: &'a Document<'t>,
    pub(super) table: &'a DeTable<'t>,
    /// Where it is announced: its header, or its braces.
    pub(super) span: Range<usize>,
    /// What it is, for people, such as "subtask T004".
    pub(super) what: &'a str,
}

/// A span that no text has: an error that carries it speaks of the table, not of a value.
const NOWHERE: Range<usize> = usize::MAX..usize::MAX;

impl<'t> Reading<'_, 't> {
    /// Reads the table. None, and at least one problem, when it cannot be.
    pub(super) fn read<T>(
        &self,
        shape: &Shape,
        from: impl Fn(ValueDeserializer<'t>) -> Result<T, Error>,
        problems: &mut Vec<Diagnostic>,
    ) -> Option<T> {
        let before = problems.len();
        let mut known = DeTable::new();
        for (key, value) in self.table {
            let name = key.get_ref().as_ref();
            if !shape.fields.contains(name) {
                problems.push(self.unknown(key, shape));
                continue;
            }
            let mut alone = DeTable::new();
            alone.insert(key.clone(), value.clone());
            let error = from(deserializer(alone, NOWHERE)).err();
            if let Some(error) = error.filter(|error| error.span() != Some(NOWHERE)) {
                problems.push(self.mistyped(name, &error, value.span()));
            }
            known.insert(key.clone(), value.clone());
        }
        for name in &shape.required {
            if !self.table.contains_key(name.as_str()) {
                problems.push(self.missing(name));
            }
        }
        if problems.len() > before {
            return None;
        }
        match from(deserializer(known, self.span.clone())) {
            Ok(read) => Some(read),
            Err(error) => {
                let span = error.span().unwrap_or(self.span.clone());
                let message = format!("{} cannot be read: {}", self.what, error.message());
                problems.push(Diagnostic::new(self.document.source, span, message));
                None
            }
        }
    }

    fn unknown(&self, key: &Spanned<toml::de::DeString<'_>>, shape: &Shape) -> Diagnostic {
        let name = key.get_ref().as_ref();
        let message = format!("{} has no field `{name}`", self.what);
        let all = || shape.fields.iter().chain(&shape.beside).map(String::as_str);
        let help = nearest(name, all()).map_or_else(
            || format!("it has: {}", all().collect::<Vec<_>>().join(", ")),
            |near| format!("did you mean `{near}`?"),
        );
        Diagnostic::new(self.document.source, key.span(), message)
            .label("not known")
            .help(help)
    }

    fn missing(&self, name: &str) -> Diagnostic {
        Diagnostic::new(
            self.document.source,
            self.span.clone(),
            format!("{} lacks `{name}`", self.what),
        )
        .label(format!("`{name}` is missing"))
        .help(format!("add a line `{name} = …`"))
    }

    fn mistyped(&self, name: &str, error: &Error, value: Range<usize>) -> Diagnostic {
        let message = format!("`{name}` of {}: {}", self.what, error.message());
        let label = if error.message().starts_with("unknown variant") {
            "not known"
        } else {
            "of the wrong type"
        };
        Diagnostic::new(self.document.source, error.span().unwrap_or(value), message).label(label)
    }
}

fn deserializer(table: DeTable<'_>, span: Range<usize>) -> ValueDeserializer<'_> {
    Spanned::new(span, DeValue::Table(table)).into_deserializer()
}
