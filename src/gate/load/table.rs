//! Reads one table into one type, and reports everything that is wrong with it, not only the
//! first thing.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::IntoDeserializer;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Error, ValueDeserializer};

use super::document::Document;
use super::form::{form, one_of};
use crate::model::{Diagnostic, nearest};

/// The names of a table's fields.
#[derive(Debug, Clone, Default)]
pub(in crate::gate) struct Shape {
    pub(in crate::gate) fields: BTreeSet<String>,
    pub(in crate::gate) required: BTreeSet<String>,
    /// Fields that belong to the same table but are read elsewhere; only for "did you mean".
    pub(in crate::gate) beside: BTreeSet<String>,
    /// How each field is written, where that can be said.
    pub(in crate::gate) forms: BTreeMap<String, String>,
}

/// A generator whose schemas are whole: each says of a field what it is, and not where that is said.
pub(in crate::gate) fn whole_schemas() -> SchemaGenerator {
    SchemaSettings::default()
        .with(|settings| settings.inline_subschemas = true)
        .into_generator()
}

impl Shape {
    /// The shape of a type, from its JSON Schema.
    pub(in crate::gate) fn of<T: JsonSchema>() -> Self {
        Self::from_schema(&T::json_schema(&mut whole_schemas()))
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
        let properties = schema.get("properties");
        let properties = properties.and_then(serde_json::Value::as_object);
        let forms = properties.into_iter().flatten();
        Self {
            forms: forms
                .filter_map(|(name, schema)| Some((name.clone(), form(name, schema)?)))
                .collect(),
            fields: names(schema.get("properties")),
            required: names(schema.get("required")),
            beside: BTreeSet::new(),
        }
    }

    /// Without this field.
    pub(in crate::gate) fn without(mut self, field: &str) -> Self {
        self.fields.remove(field);
        self.required.remove(field);
        self.forms.remove(field);
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

/// What other programs call a field, and what it is called here.
const OTHER_WORDS: [(&str, &str); 10] = [
    ("if", "only_if"),
    ("when", "only_if"),
    ("needs", "after"),
    ("needs", "depends_on"),
    ("name", "title"),
    ("run", "argv"),
    ("command", "argv"),
    ("dir", "project"),
    ("working_directory", "project"),
    ("register", "as"),
];

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
                problems.push(self.mistyped(name, &error, value, shape));
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
                let problem = Diagnostic::new(self.document.source, span, message);
                problems.push(problem.help("`gate schema` says how it is written"));
                None
            }
        }
    }

    fn unknown(&self, key: &Spanned<toml::de::DeString<'_>>, shape: &Shape) -> Diagnostic {
        let name = key.get_ref().as_ref();
        let message = format!("{} has no field `{name}`", self.what);
        let all = || shape.fields.iter().chain(&shape.beside).map(String::as_str);
        let meant = OTHER_WORDS
            .iter()
            .find(|(word, field)| *word == name && all().any(|known| known == *field));
        let near = meant
            .map(|(_, field)| *field)
            .or_else(|| nearest(name, all()));
        let help = near.map_or_else(
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

    fn mistyped(
        &self,
        name: &str,
        error: &Error,
        value: &Spanned<DeValue<'_>>,
        shape: &Shape,
    ) -> Diagnostic {
        let message = format!("`{name}` of {}: {}", self.what, error.message());
        let span = error.span().unwrap_or(value.span());
        let problem = Diagnostic::new(self.document.source, span, message);
        if let Some((word, known)) = unknown_word(error.message()) {
            return problem.label("not known").help(one_of(word, &known));
        }
        let problem = problem.label("of the wrong type");
        match shape.forms.get(name) {
            Some(form) => problem.help(form),
            None => problem.help("`gate schema` says how it is written"),
        }
    }
}

/// The word that is none of those which serde lists in its error, and those.
fn unknown_word(message: &str) -> Option<(&str, Vec<&str>)> {
    let told = message
        .strip_prefix("unknown variant `")
        .or_else(|| message.strip_prefix("unknown field `"))?;
    let (word, known) = told.rsplit_once("`, expected ")?;
    Some((word, known.split('`').skip(1).step_by(2).collect()))
}

fn deserializer(table: DeTable<'_>, span: Range<usize>) -> ValueDeserializer<'_> {
    Spanned::new(span, DeValue::Table(table)).into_deserializer()
}
