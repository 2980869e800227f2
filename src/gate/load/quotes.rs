//! Checks of everything that is quoted: templates compile, and each name they quote is a
//! parameter, or a fact that is published before it is read.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::document::{At, Document};
use super::draft::{Draft, DraftSubtask};
use super::known::{Kind, Names};
use crate::gate::graph::Graph;
use crate::model::template::{
    holds_template, is_template, quoted_names, render_fields, syntax_error,
};
use crate::model::{Condition, Diagnostic, PolicyTable, SourceText, closing_reference};
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
        names: Names::of(draft, graph),
        templates: Templates::new(),
        problems,
    };
    quotes.policy(draft);
    for (_, subtask) in draft.subtasks() {
        quotes.subtask(subtask, find);
    }
    quotes.templates
}

/// What is meant by a template that quotes one name.
fn plain_name(template: &str) -> String {
    let names = quoted_names(template).unwrap_or_default();
    match names.first() {
        Some(name) if names.len() == 1 => format!("did you mean `{name}`?"),
        _ => "write the fact's or the rule's name as it is".to_owned(),
    }
}

struct Quotes<'a, 't> {
    document: &'a Document<'t>,
    names: Names<'a>,
    templates: Templates,
    problems: &'a mut Vec<Diagnostic>,
}

impl Quotes<'_, '_> {
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

    fn subtask(&mut self, subtask: &DraftSubtask, find: &dyn Fn(&str) -> Option<String>) {
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
                self.condition(path, subtask);
            }
        }
        let Some(verb) = &subtask.verb else { return };
        self.types(subtask, verb);
        self.literal(subtask, verb);
        for path in verb.declares().reads() {
            let at = self.document.text_at(&subtask.at, path);
            self.name(&at, path, subtask, Kind::Fact);
        }
        if let Some(template) = verb.declares().template() {
            self.template_file(subtask, template, find);
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
            let Ok(filled) = render_fields(field, self.names.parameters()) else {
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
            self.problems.push(problem.help(plain_name(name)));
        }
    }

    fn name(&mut self, at: &At, path: &str, subtask: &DraftSubtask, kind: Kind) {
        if is_template(path) {
            return;
        }
        if let Some(slip) = self.names.slip(path, &subtask.id, kind) {
            let problem = self.document.words_problem(at, path, slip.message);
            self.problems
                .push(problem.label(slip.label).help(slip.help));
        }
    }

    /// A condition that never says whether it holds would leave nothing out, and nobody would know.
    fn condition(&mut self, path: &str, subtask: &DraftSubtask) {
        let at = subtask.at.key("only_if");
        if is_template(path) {
            let message = format!("`{path}` is a template where a plain name is needed");
            let problem = self.document.problem(&at, message);
            self.problems.push(problem.help(plain_name(path)));
            return;
        }
        if Condition::is_comparison(path) {
            self.comparison(&at, path, subtask);
            return;
        }
        self.name(&at, path, subtask, Kind::Fact);
        let slip = |path: &str| self.names.slip(path, &subtask.id, Kind::Fact);
        if slip(path).is_none() && slip(&format!("{path}.holds")).is_some() {
            let message = format!("`{path}` does not say whether it holds");
            let problem = self.document.words_problem(&at, path, message);
            self.problems.push(
                problem
                    .label("has no field `holds`")
                    .help("read a fact that has one, such as `still-required` publishes"),
            );
        }
    }

    /// A comparison names a fact that is known by then, and compares it with its own kind.
    fn comparison(&mut self, at: &At, text: &str, subtask: &DraftSubtask) {
        let condition = match Condition::parse(text) {
            Ok(condition) => condition,
            Err(why) => {
                let problem = self.document.problem(at, why);
                let help =
                    "write `fact == value`, or the name of a fact that says whether it holds";
                self.problems
                    .push(problem.label("cannot be read").help(help));
                return;
            }
        };
        self.name(at, &condition.path, subtask, Kind::Fact);
        let kind = self.names.kind(&condition.path);
        if let Some(why) = kind.and_then(|kind| condition.misfit(kind)) {
            let problem = self.document.problem(at, why);
            let help = "compare it with a value of its own kind; texts stand in quotes";
            self.problems
                .push(problem.label("never the same").help(help));
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
        let on_github = matches!(subtask.verb, Some(Verb::Comment(_)));
        if let Some(range) = closing_reference(text).filter(|_| on_github) {
            let words = text[range.clone()].to_owned();
            self.problems.push(
                Diagnostic::new(source, range, format!("GitHub would act on `{words}`"))
                    .label("a closing keyword")
                    .help("say it in other words: a comment must never close an issue"),
            );
        }
        for name in quoted_names(text).unwrap_or_default() {
            let Some(slip) = self.names.slip(&name, &subtask.id, Kind::Any) else {
                continue;
            };
            let start = text.find(name.as_str()).unwrap_or(0);
            let span = start..start + name.len();
            self.problems.push(
                Diagnostic::new(source, span, slip.message)
                    .label(slip.label)
                    .help(slip.help),
            );
        }
    }
}
