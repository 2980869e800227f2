//! `for_each`: one subtask in the file, one for each item of a list in the gate. The copies stand
//! where the one stands, and point at its places.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::{Captures, Regex};
use serde_json::{Map, Value};
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::document::{At, Document, table_to_json};
use crate::model::template::{is_template, render_fields};
use crate::model::{Diagnostic, value_at};

/// Replaces each subtask that has a `for_each` by its copies.
pub(super) fn expand(
    document: &mut Document<'_>,
    parameters: &Map<String, Value>,
    problems: &mut Vec<Diagnostic>,
) {
    let root = At::root().key("work_package");
    let mut copies_of: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut lists = Vec::new();
    for package in 0..document.count(&root) {
        let at = root.index(package).key("subtask");
        let mut expander = Expander {
            document,
            parameters,
            problems,
            copies_of: &mut copies_of,
        };
        lists.push(expander.subtasks(&at));
    }
    if copies_of.is_empty() {
        return;
    }
    for (package, subtasks) in lists.into_iter().enumerate() {
        let subtasks = subtasks
            .into_iter()
            .map(|subtask| waiting(subtask, &copies_of));
        document.replace_subtasks(package, subtasks.collect());
    }
}

type SpannedValue<'t> = Spanned<DeValue<'t>>;

struct Expander<'a, 't> {
    document: &'a Document<'t>,
    parameters: &'a Map<String, Value>,
    problems: &'a mut Vec<Diagnostic>,
    /// Ids of the copies by the id in the file.
    copies_of: &'a mut BTreeMap<String, Vec<String>>,
}

impl<'t> Expander<'_, 't> {
    fn subtasks(&mut self, at: &At) -> Vec<SpannedValue<'t>> {
        let mut all = Vec::new();
        for index in 0..self.document.count(at) {
            let at = at.index(index);
            let Some(value) = self.document.value(&at).cloned() else {
                continue;
            };
            let each = at.key("for_each");
            match self
                .document
                .table(&at)
                .filter(|_| self.document.has(&each))
            {
                Some(table) => {
                    let table = table.clone();
                    all.extend(self.copies(&at, &table, value.span()));
                }
                None => all.push(value),
            }
        }
        all
    }

    fn copies(
        &mut self,
        at: &At,
        table: &DeTable<'t>,
        span: std::ops::Range<usize>,
    ) -> Vec<SpannedValue<'t>> {
        let id = self
            .document
            .text(&at.key("id"))
            .unwrap_or_default()
            .to_owned();
        let mut copies = Vec::new();
        let mut seen: BTreeMap<String, String> = BTreeMap::new();
        for (item, place) in self.items(&at.key("for_each")) {
            let Some(slug) = slug_of(&item) else {
                let what = format!("{item} gives the copy no id");
                let help = "write texts or numbers, or tables with an `id`";
                self.problem(&place, what, help);
                continue;
            };
            let told = item.to_string();
            if let Some(other) = seen.insert(slug.clone(), told.clone()) {
                let what = format!("{told} and {other} both make the subtask `{id}[{slug}]`");
                self.problem(
                    &place,
                    what,
                    "write each item once, told apart by letters or digits",
                );
                continue;
            }
            self.copies_of
                .entry(id.clone())
                .or_default()
                .push(format!("{id}[{slug}]"));
            let copy = Copy {
                item: &item,
                slug: &slug,
            };
            copies.push(Spanned::new(
                span.clone(),
                DeValue::Table(copy.table(table)),
            ));
        }
        copies
    }

    fn problem(&mut self, at: &At, what: impl Into<String>, help: &str) {
        self.problems
            .push(self.document.problem(at, what).help(help));
    }

    /// The items of the list, each with its place.
    fn items(&mut self, at: &At) -> Vec<(Value, At)> {
        let list = self.list(at);
        let Some(Value::Array(items)) = list else {
            let what = "`for_each` is no list";
            let help = "write a list, or a parameter that is one: `for_each = \"{{ products }}\"`";
            self.problem(at, what, help);
            return Vec::new();
        };
        if items.is_empty() {
            let what = "`for_each` has no item: nothing would be done";
            self.problem(at, what, "give it one, or take the subtask out");
        }
        let written = self.document.count(at) == items.len();
        let mut all = Vec::new();
        for (index, item) in items.into_iter().enumerate() {
            let place = if written { at.index(index) } else { at.clone() };
            if holds_template(&item) {
                let what = "an item of `for_each` is a template";
                self.problem(
                    &place,
                    what,
                    "its items are known before the run: write them out",
                );
                continue;
            }
            all.push((item, place));
        }
        all
    }

    fn list(&mut self, at: &At) -> Option<Value> {
        match self.document.value(at)?.get_ref() {
            DeValue::Array(_) => {
                let alone = self.document.alone(at)?;
                let mut table = table_to_json(&alone, self.document.source, self.problems);
                table.shift_remove("for_each")
            }
            DeValue::String(text) if is_template(text) => {
                let tree = Value::Object(self.parameters.clone());
                render_fields(&Value::from(text.as_ref()), &tree).ok()
            }
            _ => None,
        }
    }
}

fn holds_template(item: &Value) -> bool {
    match item {
        Value::String(text) => is_template(text),
        Value::Array(items) => items.iter().any(holds_template),
        Value::Object(table) => table.values().any(holds_template),
        _ => false,
    }
}

/// What tells a copy apart in ids: letters, digits, `-`, `_` and `.`.
fn slug_of(item: &Value) -> Option<String> {
    const LONGEST: usize = 40;
    let text = match item {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        Value::Object(table) => {
            let id = table.get("id").or_else(|| table.get("name"))?;
            return slug_of(id).filter(|_| id.is_string());
        }
        Value::Null | Value::Array(_) => return None,
    };
    let plain = |letter: char| {
        if letter.is_ascii_alphanumeric() || "-_.".contains(letter) {
            letter
        } else {
            '-'
        }
    };
    let slug: String = text.chars().map(plain).take(LONGEST).collect();
    let told = slug.chars().any(|letter| letter.is_ascii_alphanumeric());
    told.then_some(slug)
}

/// The same as a part of a fact's name.
fn fact_part(slug: &str) -> String {
    let plain = |letter: char| {
        if letter.is_ascii_alphanumeric() {
            letter.to_ascii_lowercase()
        } else {
            '_'
        }
    };
    let part: String = slug.chars().map(plain).collect();
    if part.starts_with(|first: char| first.is_ascii_digit()) {
        return format!("_{part}");
    }
    part
}

/// One copy of a subtask.
struct Copy<'a> {
    item: &'a Value,
    slug: &'a str,
}

impl Copy<'_> {
    fn table<'t>(&self, table: &DeTable<'t>) -> DeTable<'t> {
        let mut copy = DeTable::new();
        for (key, value) in table {
            let filled = match (key.get_ref().as_ref(), value.get_ref()) {
                ("for_each", _) => continue,
                ("id", DeValue::String(id)) => text(value, format!("{id}[{}]", self.slug)),
                ("title", DeValue::String(title)) if !quotes_item(title) => {
                    text(value, format!("{title} ({})", self.slug))
                }
                ("as", DeValue::String(name)) if !quotes_item(name) => {
                    text(value, format!("{name}.{}", fact_part(self.slug)))
                }
                ("as", DeValue::String(name)) => {
                    let of = |_: &Captures<'_>| fact_part(self.slug);
                    text(value, quoting().replace_all(name, of).into_owned())
                }
                _ => self.value(value),
            };
            copy.insert(key.clone(), filled);
        }
        copy
    }

    fn value<'t>(&self, value: &SpannedValue<'t>) -> SpannedValue<'t> {
        let filled = match value.get_ref() {
            DeValue::String(found) => return self.text(value, found),
            DeValue::Array(items) => DeValue::Array(
                items
                    .iter()
                    .map(|item| self.value(item))
                    .collect::<DeArray<'_>>(),
            ),
            DeValue::Table(table) => {
                let entries = table
                    .iter()
                    .map(|(key, item)| (key.clone(), self.value(item)));
                DeValue::Table(entries.collect())
            }
            other => other.clone(),
        };
        Spanned::new(value.span(), filled)
    }

    fn text<'t>(&self, value: &SpannedValue<'t>, found: &str) -> SpannedValue<'t> {
        if !quotes_item(found) {
            return value.clone();
        }
        let whole = quoting()
            .find(found)
            .is_some_and(|all| all.as_str() == found.trim());
        if whole
            && let Some(Value::Bool(flag)) = quoting()
                .captures(found)
                .and_then(|all| self.path(&all).cloned())
        {
            return Spanned::new(value.span(), DeValue::Boolean(flag));
        }
        let filled = quoting().replace_all(found, |quoted: &Captures<'_>| {
            match self.path(quoted) {
                Some(Value::String(text)) => text.clone(),
                Some(other) => other.to_string(),
                // Left as it is: the check of names says what is wrong.
                None => quoted[0].to_owned(),
            }
        });
        text(value, filled.into_owned())
    }

    fn path(&self, quoted: &Captures<'_>) -> Option<&Value> {
        let path = quoted.get(1).map_or("", |path| path.as_str());
        value_at(self.item, path)
    }
}

fn text<'t>(value: &SpannedValue<'t>, text: String) -> SpannedValue<'t> {
    Spanned::new(value.span(), DeValue::String(Cow::Owned(text)))
}

/// `{{ item }}` or `{{ item.name }}`.
fn quoting() -> &'static Regex {
    static QUOTING: LazyLock<Regex> = LazyLock::new(|| {
        let pattern = r"\{\{-?\s*item((?:\.[a-z_][a-z0-9_]*)*)\s*-?\}\}";
        Regex::new(pattern).unwrap_or_else(|error| unreachable!("a fixed pattern: {error}"))
    });
    &QUOTING
}

fn quotes_item(text: &str) -> bool {
    text.contains("item") && quoting().is_match(text)
}

/// A subtask with `after` naming the copies where it names what was copied.
fn waiting<'t>(
    subtask: SpannedValue<'t>,
    copies_of: &BTreeMap<String, Vec<String>>,
) -> SpannedValue<'t> {
    let span = subtask.span();
    let DeValue::Table(mut table) = subtask.into_inner() else {
        return Spanned::new(span, DeValue::Table(DeTable::new()));
    };
    if let Some(after) = table.get_mut("after")
        && let DeValue::Array(ids) = after.get_ref()
    {
        let named = |id: &SpannedValue<'t>| match id.get_ref().as_str() {
            Some(name) => match copies_of.get(name) {
                Some(copies) => copies.iter().map(|copy| text(id, copy.clone())).collect(),
                None => vec![id.clone()],
            },
            None => vec![id.clone()],
        };
        let ids: DeArray<'_> = ids.iter().flat_map(named).collect();
        let span = after.span();
        *after = Spanned::new(span, DeValue::Array(ids));
    }
    Spanned::new(span, DeValue::Table(table))
}
