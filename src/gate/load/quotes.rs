//! Checks of everything that is quoted: templates compile, and each name they quote is a
//! parameter, or a fact that is published before it is read.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use serde_json::{Map, Value};

use super::document::{At, Document};
use super::draft::{Draft, DraftSubtask};
use super::names::meant;
use super::values::prefixes;
use crate::gate::diagnostic::{Diagnostic, SourceText};
use crate::gate::graph::Graph;
use crate::gate::template::{
    holds_template, is_template, look_up, quoted_names, render_fields, syntax_error,
};
use crate::gate::{PolicyTable, SubtaskId, closing_reference};
use crate::verbs::Verb;

/// The comment templates that a gate uses, by name.
pub(super) type Templates = BTreeMap<String, String>;

/// Checks all quotes; the comment templates that the gate uses. Without a graph, names are not
/// checked against the order.
pub(super) fn check(
    document: &Document<'_>,
    draft: &Draft,
    graph: Option<&Graph>,
    find: &dyn Fn(&str) -> Option<String>,
    problems: &mut Vec<Diagnostic>,
) -> Templates {
    let mut quotes = Quotes {
        document,
        graph,
        publishers: publishers(draft),
        parameters: Value::Object(draft.parameters.clone()),
        descendants: RefCell::default(),
        templates: Templates::new(),
        problems,
    };
    quotes.policy(draft);
    for (_, subtask) in draft.subtasks() {
        quotes.subtask(subtask, find);
    }
    quotes.templates
}

/// Who publishes what; of two, which is an error of its own, the first.
fn publishers(draft: &Draft) -> BTreeMap<&str, &SubtaskId> {
    let mut by_name = BTreeMap::new();
    for (_, subtask) in draft.subtasks() {
        if let Some(name) = subtask.publishes.as_deref() {
            by_name.entry(name).or_insert(&subtask.id);
        }
    }
    by_name
}

struct Quotes<'a, 't> {
    document: &'a Document<'t>,
    graph: Option<&'a Graph>,
    publishers: BTreeMap<&'a str, &'a SubtaskId>,
    parameters: Value,
    /// Who comes after a subtask whose fact is read from afar.
    descendants: RefCell<HashMap<&'a SubtaskId, HashSet<SubtaskId>>>,
    templates: Templates,
    problems: &'a mut Vec<Diagnostic>,
}

impl<'a> Quotes<'a, '_> {
    fn policy(&mut self, draft: &Draft) {
        for (name, items) in draft.policy.iter().flat_map(PolicyTable::lists) {
            for (index, item) in items.iter().enumerate() {
                let at = At::root().key("policy").key(name).index(index);
                self.compiles(&at, item);
            }
        }
        for (at, rule) in &draft.triage {
            if let Some(reopen) = &rule.reopen {
                self.compiles(&at.key("reopen"), reopen);
            }
        }
    }

    fn subtask(&mut self, subtask: &'a DraftSubtask, find: &dyn Fn(&str) -> Option<String>) {
        if let Value::Object(fields) = &subtask.fields {
            self.fields(&subtask.at, fields, subtask);
        }
        if let Some(table) = &subtask.table {
            for (key, text) in [("timeout", &table.timeout), ("max_age", &table.max_age)] {
                if let Some(text) = text {
                    self.template(&subtask.at.key(key), text, subtask);
                }
            }
            if let Some(path) = &table.only_if {
                self.name(&subtask.at.key("only_if"), path, subtask, Kind::Fact);
            }
        }
        let Some(verb) = &subtask.verb else { return };
        self.types(subtask, verb);
        self.literal(subtask, verb);
        for path in verb.declares().reads() {
            let at = self.document.text_at(&subtask.at, path);
            self.name(&at, path, subtask, Kind::Fact);
        }
        if let Verb::Comment(comment) = verb {
            self.template_file(subtask, &comment.template, find);
        }
    }

    /// Every text among a verb's fields may be a template; keys may not.
    fn fields(&mut self, at: &At, fields: &Map<String, Value>, subtask: &DraftSubtask) {
        for (key, value) in fields {
            let place = at.key(key);
            if is_template(key) {
                let message =
                    format!("the key `{key}` looks like a template, and keys are never filled in");
                let problem = self.document.key_problem(&place, message);
                self.problems
                    .push(problem.help("quote facts and parameters in values only"));
            }
            self.value(&place, value, subtask);
        }
    }

    fn value(&mut self, at: &At, value: &Value, subtask: &DraftSubtask) {
        match value {
            Value::String(text) => self.template(at, text, subtask),
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.value(&at.index(index), item, subtask);
                }
            }
            Value::Object(table) => self.fields(at, table, subtask),
            _ => {}
        }
    }

    fn template(&mut self, at: &At, text: &str, subtask: &DraftSubtask) {
        if !is_template(text) || !self.compiles(at, text) {
            return;
        }
        for name in quoted_names(text).unwrap_or_default() {
            self.name(at, &name, subtask, Kind::Any);
        }
    }

    fn compiles(&mut self, at: &At, text: &str) -> bool {
        if !is_template(text) {
            return true;
        }
        let Some((range, reason)) = syntax_error(text) else {
            return true;
        };
        let words = text.get(range).unwrap_or(text);
        let message = format!("the template `{text}` cannot be read: {reason}");
        let problem = self.document.words_problem(at, words, message);
        self.problems.push(
            problem
                .label("here")
                .help("templates quote values as `{{ name }}`"),
        );
        false
    }

    /// What is made of parameters alone must already have the type that the verb needs.
    fn types(&mut self, subtask: &DraftSubtask, verb: &Verb) {
        let Value::Object(fields) = &subtask.fields else {
            return;
        };
        for (key, field) in fields.iter().filter(|(_, field)| holds_template(field)) {
            let Ok(filled) = render_fields(field, &self.parameters) else {
                continue;
            };
            let alone = Value::Object(Map::from_iter([(key.clone(), filled)]));
            let error = Verb::from_fields(verb.name(), alone).and_then(Result::err);
            // Of the other fields nothing is said here.
            let told = error.map(|error| error.to_string()).unwrap_or_default();
            if !told.is_empty() && !told.starts_with("missing field") {
                let message = format!("`{key}` of `{}`, with its parameters: {told}", subtask.id);
                let problem = self.document.problem(&subtask.at.key(key), message);
                self.problems.push(
                    problem
                        .label("of the wrong type")
                        .help("look at the type of the parameter"),
                );
            }
        }
    }

    /// Names of facts and rules decide the order and the policy: they are never filled in.
    fn literal(&mut self, subtask: &DraftSubtask, verb: &Verb) {
        let declares = verb.declares();
        let names = declares
            .publishes()
            .into_iter()
            .chain(declares.reads())
            .chain(declares.ends());
        for name in names.filter(|name| is_template(name)) {
            let at = self.document.text_at(&subtask.at, name);
            let message = format!("`{name}` is a template where a plain name is needed");
            let problem = self.document.problem(&at, message);
            self.problems
                .push(problem.help("write the fact's or the rule's name as it is"));
        }
    }

    fn name(&mut self, at: &At, path: &str, subtask: &DraftSubtask, kind: Kind) {
        if is_template(path) {
            return;
        }
        match self.known(path, &subtask.id, kind) {
            Known::Yes => {}
            Known::NotBefore(by) => {
                let message = if *by == subtask.id {
                    format!("`{path}` is what `{by}` itself publishes")
                } else {
                    format!(
                        "`{path}` is published by `{by}`, which is not done before `{}` starts",
                        subtask.id
                    )
                };
                let help = format!(
                    "read it in a subtask that comes after `{by}`, or add `{by}` to `after`"
                );
                let problem = self.document.words_problem(at, path, message);
                self.problems
                    .push(problem.label("not known yet").help(help));
            }
            Known::No => {
                let (message, help) = self.unknown(path, kind);
                let problem = self.document.words_problem(at, path, message);
                self.problems.push(problem.label("not known").help(help));
            }
        }
    }

    fn unknown(&self, path: &str, kind: Kind) -> (String, String) {
        let facts: Vec<String> = self
            .publishers
            .keys()
            .map(|name| (*name).to_owned())
            .collect();
        let parameters = match (&self.parameters, kind) {
            (Value::Object(tree), Kind::Any) => crate::gate::parameters::leaves(tree),
            _ => Vec::new(),
        };
        let names: BTreeSet<String> = parameters
            .into_iter()
            .map(|(name, _)| name)
            .chain(facts)
            .collect();
        let message = match kind {
            Kind::Fact => format!("no subtask publishes `{path}`"),
            Kind::Any => format!("`{path}` is neither a parameter nor a fact"),
        };
        (message, meant(path, &names))
    }

    fn known(&self, path: &str, reader: &SubtaskId, kind: Kind) -> Known<'a> {
        if kind == Kind::Any
            && look_up(&self.parameters, path).is_some_and(|value| !value.is_object())
        {
            return Known::Yes;
        }
        let holder = prefixes(path)
            .chain([path])
            .filter_map(|name| self.publishers.get(name))
            .last();
        if let Some(by) = holder {
            return self.before(by, reader);
        }
        if kind == Kind::Fact {
            return Known::No;
        }
        // A table of parameters, of facts, or of both may be quoted as a whole.
        let inside = format!("{path}.");
        let facts = self
            .publishers
            .range(inside.as_str()..)
            .take_while(|(name, _)| name.starts_with(&inside));
        let mut known = match look_up(&self.parameters, path) {
            Some(_) => Known::Yes,
            None => Known::No,
        };
        for (_, by) in facts {
            match self.before(by, reader) {
                Known::Yes => return Known::Yes,
                other if matches!(known, Known::No) => known = other,
                _ => {}
            }
        }
        known
    }

    fn before(&self, by: &'a SubtaskId, reader: &SubtaskId) -> Known<'a> {
        let Some(graph) = self.graph else {
            return Known::Yes;
        };
        // Most facts are read nearby. One that is read from afar is likely read by many.
        let before = graph.look_back(by, reader, 50).unwrap_or_else(|| {
            let mut far = self.descendants.borrow_mut();
            let after = far.entry(by).or_insert_with(|| graph.descendants(by));
            after.contains(reader)
        });
        if before {
            Known::Yes
        } else {
            Known::NotBefore(by)
        }
    }

    fn template_file(
        &mut self,
        subtask: &DraftSubtask,
        name: &str,
        find: &dyn Fn(&str) -> Option<String>,
    ) {
        let at = subtask.at.key("template");
        let Some(text) = find(name) else {
            let problem = self
                .document
                .problem(&at, format!("comment template `{name}` was not found"));
            self.problems.push(
                problem
                    .label("no such file")
                    .help("it lies beside the gate file"),
            );
            return;
        };
        let source = SourceText::new(name, text.as_str());
        self.template_text(&source, subtask);
        self.templates.insert(name.to_owned(), text);
    }

    fn template_text(&mut self, source: &Arc<SourceText>, subtask: &DraftSubtask) {
        let text = source.text();
        if let Some((range, reason)) = syntax_error(text) {
            let message = format!("the comment template cannot be read: {reason}");
            self.problems
                .push(Diagnostic::new(source, range, message).label("here"));
            return;
        }
        if let Some(range) = closing_reference(text) {
            let words = text[range.clone()].to_owned();
            self.problems.push(
                Diagnostic::new(source, range, format!("GitHub would act on `{words}`"))
                    .label("a closing keyword")
                    .help("say it in other words: a comment must never close an issue"),
            );
        }
        for name in quoted_names(text).unwrap_or_default() {
            let (message, help) = match self.known(&name, &subtask.id, Kind::Any) {
                Known::Yes => continue,
                Known::NotBefore(by) => (
                    format!(
                        "`{name}` is published by `{by}`, which is not done before `{}` starts",
                        subtask.id
                    ),
                    format!("post the comment after `{by}`"),
                ),
                Known::No => self.unknown(&name, Kind::Any),
            };
            let start = text.find(name.as_str()).unwrap_or(0);
            let span = start..start + name.len();
            self.problems.push(
                Diagnostic::new(source, span, message)
                    .label("not known")
                    .help(help),
            );
        }
    }
}

/// What a name may mean where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A fact.
    Fact,
    /// A fact or a parameter.
    Any,
}

enum Known<'a> {
    Yes,
    /// A fact of a subtask that is not done before.
    NotBefore(&'a SubtaskId),
    No,
}
