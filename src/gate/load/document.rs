//! A TOML text with its places: what stands where. Knows TOML, not gates.

use std::ops::Range;
use std::sync::Arc;

use serde_json::{Map, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::model::{Diagnostic, SourceText};

/// A place in the document: keys and indexes from the root.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::gate) struct At(Vec<Step>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Key(String),
    Index(usize),
}

impl At {
    pub(in crate::gate) fn root() -> Self {
        Self::default()
    }

    pub(in crate::gate) fn key(&self, key: &str) -> Self {
        self.then(Step::Key(key.to_owned()))
    }

    pub(in crate::gate) fn index(&self, index: usize) -> Self {
        self.then(Step::Index(index))
    }

    fn then(&self, step: Step) -> Self {
        let mut steps = Vec::with_capacity(self.0.len() + 1);
        steps.extend_from_slice(&self.0);
        steps.push(step);
        Self(steps)
    }
}

/// A parsed TOML text.
pub(in crate::gate) struct Document<'t> {
    pub(in crate::gate) source: &'t Arc<SourceText>,
    pub(in crate::gate) root: Spanned<DeTable<'t>>,
}

impl<'t> Document<'t> {
    /// Parses a text; with the syntax errors, what could be understood all the same.
    pub(in crate::gate) fn parse(source: &'t Arc<SourceText>) -> (Self, Vec<Diagnostic>) {
        let (mut root, mut errors) = DeTable::parse_recoverable(source.text());
        for text in source.included() {
            let (table, more) = DeTable::parse_recoverable(text);
            errors.extend(more);
            append(root.get_mut(), table);
        }
        let problems = errors
            .iter()
            .map(|error| {
                let end = source.text().len();
                let span = error.span().unwrap_or(end..end);
                Diagnostic::new(source, span, format!("not TOML: {}", error.message()))
                    .label("here")
                    .help("https://toml.io describes the syntax")
            })
            .collect();
        (Self { source, root }, problems)
    }

    /// The table at a place.
    pub(in crate::gate) fn table(&self, at: &At) -> Option<&DeTable<'t>> {
        match self.find(at) {
            Found::Root => Some(self.root.get_ref()),
            Found::Value { value, .. } => value.get_ref().as_table(),
            Found::Within(_) => None,
        }
    }

    /// The text at a place.
    pub(in crate::gate) fn text(&self, at: &At) -> Option<&str> {
        match self.find(at) {
            Found::Value { value, .. } => value.get_ref().as_str(),
            _ => None,
        }
    }

    /// The value at a place.
    pub(in crate::gate) fn value(&self, at: &At) -> Option<&Spanned<DeValue<'t>>> {
        match self.find(at) {
            Found::Value { value, .. } => Some(value),
            Found::Root | Found::Within(_) => None,
        }
    }

    /// The value at a place, in a table of its own.
    pub(in crate::gate) fn alone(&self, at: &At) -> Option<DeTable<'t>> {
        let Step::Key(last) = at.0.last()? else {
            return None;
        };
        let value = self.value(at)?.clone();
        let key = Spanned::new(value.span(), std::borrow::Cow::Owned(last.clone()));
        Some(std::iter::once((key, value)).collect())
    }

    /// Puts other subtasks in the place of those of a work package.
    pub(in crate::gate) fn replace_subtasks(
        &mut self,
        package: usize,
        subtasks: Vec<Spanned<DeValue<'t>>>,
    ) {
        let packages = self.root.get_mut().get_mut("work_package");
        let Some(DeValue::Array(packages)) = packages.map(Spanned::get_mut) else {
            return;
        };
        let package = packages.get_mut(package).map(Spanned::get_mut);
        if let Some(DeValue::Table(package)) = package
            && let Some(list) = package.get_mut("subtask")
        {
            let span = list.span();
            *list = Spanned::new(span, DeValue::Array(subtasks.into_iter().collect()));
        }
    }

    /// How many items the list at a place has.
    pub(in crate::gate) fn count(&self, at: &At) -> usize {
        match self.find(at) {
            Found::Value { value, .. } => value.get_ref().as_array().map_or(0, |items| items.len()),
            _ => 0,
        }
    }

    /// Whether something stands at a place.
    pub(in crate::gate) fn has(&self, at: &At) -> bool {
        matches!(self.find(at), Found::Value { .. })
    }

    /// The span of the value at a place; of what holds it when it is not there.
    pub(in crate::gate) fn span(&self, at: &At) -> Range<usize> {
        match self.find(at) {
            Found::Root => 0..first_line(self.source.text()),
            Found::Value { value, .. } => value.span(),
            Found::Within(span) => span,
        }
    }

    /// The span of the key at a place; of the value where there is no key.
    pub(in crate::gate) fn key_span(&self, at: &At) -> Range<usize> {
        match self.find(at) {
            Found::Value { key: Some(key), .. } => key,
            _ => self.span(at),
        }
    }

    /// The span of some words inside the value at a place; of the value when they are not there
    /// as they are.
    pub(in crate::gate) fn words_span(&self, at: &At, words: &str) -> Range<usize> {
        let span = self.span(at);
        match self.source.slice(span.clone()).find(words) {
            Some(found) if !words.is_empty() => {
                span.start + found..span.start + found + words.len()
            }
            _ => span,
        }
    }

    /// The place of the first text below a place that is exactly this.
    pub(in crate::gate) fn text_at(&self, at: &At, text: &str) -> At {
        let Found::Value { value, .. } = self.find(at) else {
            return at.clone();
        };
        find_text(value.get_ref(), at, text).unwrap_or_else(|| at.clone())
    }

    /// A diagnostic about the value at a place.
    pub(in crate::gate) fn problem(&self, at: &At, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(self.source, self.span(at), message)
    }

    /// A diagnostic about the key at a place.
    pub(in crate::gate) fn key_problem(&self, at: &At, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(self.source, self.key_span(at), message)
    }

    /// A diagnostic about some words inside the value at a place.
    pub(in crate::gate) fn words_problem(
        &self,
        at: &At,
        words: &str,
        message: impl Into<String>,
    ) -> Diagnostic {
        Diagnostic::new(self.source, self.words_span(at, words), message)
    }

    fn find(&self, at: &At) -> Found<'_, 't> {
        let mut found = Found::Root;
        for step in &at.0 {
            let next = match (step, &found) {
                (Step::Key(key), Found::Root) => entry(self.root.get_ref(), key),
                (Step::Key(key), Found::Value { value, .. }) => value
                    .get_ref()
                    .as_table()
                    .and_then(|table| entry(table, key)),
                (Step::Index(index), Found::Value { value, .. }) => value
                    .get_ref()
                    .as_array()
                    .and_then(|items| items.get(*index))
                    .map(|value| Found::Value { key: None, value }),
                _ => None,
            };
            let within = match &found {
                Found::Root => 0..first_line(self.source.text()),
                Found::Value { value, .. } => value.span(),
                Found::Within(span) => span.clone(),
            };
            found = next.unwrap_or(Found::Within(within));
        }
        found
    }
}

/// Puts the work packages of an included file behind those that are there. What else it holds is
/// kept under its own key, where nothing of that name is there, so that it is reported.
fn append<'t>(root: &mut DeTable<'t>, table: Spanned<DeTable<'t>>) {
    for (key, value) in table.into_inner() {
        match key.get_ref().as_ref() {
            "include" => continue,
            "work_package" => {}
            other => {
                let name = format!("{other} of an included file");
                let key = Spanned::new(key.span(), std::borrow::Cow::Owned(name));
                root.insert(key, value);
                continue;
            }
        }
        let there = root.get_mut("work_package").map(Spanned::get_mut);
        match (there, value.into_inner()) {
            (Some(DeValue::Array(packages)), DeValue::Array(more)) => {
                for package in more {
                    packages.push(package);
                }
            }
            (None, more) => drop(root.insert(key.clone(), Spanned::new(key.span(), more))),
            // Not a list of tables: reported with what is there.
            (Some(_), _) => {}
        }
    }
}

enum Found<'d, 't> {
    Root,
    Value {
        key: Option<Range<usize>>,
        value: &'d Spanned<DeValue<'t>>,
    },
    Within(Range<usize>),
}

fn entry<'d, 't>(table: &'d DeTable<'t>, key: &str) -> Option<Found<'d, 't>> {
    let (key, value) = table.get_key_value(key)?;
    Some(Found::Value {
        key: Some(key.span()),
        value,
    })
}

fn first_line(text: &str) -> usize {
    text.find('\n').unwrap_or(text.len())
}

fn find_text(value: &DeValue<'_>, at: &At, text: &str) -> Option<At> {
    match value {
        DeValue::String(found) => (found == text).then(|| at.clone()),
        DeValue::Array(items) => items
            .iter()
            .enumerate()
            .find_map(|(index, item)| find_text(item.get_ref(), &at.index(index), text)),
        DeValue::Table(table) => table
            .iter()
            .find_map(|(key, item)| find_text(item.get_ref(), &at.key(key.get_ref()), text)),
        _ => None,
    }
}

/// A table as JSON. A date or a number that JSON does not have is an error at its place.
pub(in crate::gate) fn table_to_json(
    table: &DeTable<'_>,
    source: &Arc<SourceText>,
    problems: &mut Vec<Diagnostic>,
) -> Map<String, Value> {
    table
        .iter()
        .map(|(key, value)| (key.get_ref().to_string(), to_json(value, source, problems)))
        .collect()
}

fn to_json(
    value: &Spanned<DeValue<'_>>,
    source: &Arc<SourceText>,
    problems: &mut Vec<Diagnostic>,
) -> Value {
    let mut refused = |what: &str, help: &str| {
        problems.push(Diagnostic::new(source, value.span(), what).help(help));
        Value::Null
    };
    match value.get_ref() {
        DeValue::String(text) => Value::from(text.as_ref()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or_else(
                |_| refused("a number that is too large", "numbers have 64 bits here"),
                Value::from,
            ),
        DeValue::Float(number) => number
            .as_str()
            .parse()
            .ok()
            .and_then(serde_json::Number::from_f64)
            .map_or_else(
                || refused("a number that is not finite", "write an ordinary number"),
                Value::Number,
            ),
        DeValue::Boolean(flag) => Value::from(*flag),
        DeValue::Datetime(_) => refused(
            "a date, where values are texts, numbers, lists or tables",
            "write it as text, in quotes",
        ),
        DeValue::Array(items) => items
            .iter()
            .map(|item| to_json(item, source, problems))
            .collect(),
        DeValue::Table(table) => Value::Object(table_to_json(table, source, problems)),
    }
}
