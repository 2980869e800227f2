//! Checks of what a rehearsal plays: it quotes parameters only, and sets those that there are.

use camino::{Utf8Component, Utf8Path};
use serde_json::{Map, Value};

use super::document::{At, Document};
use super::draft::Draft;
use super::names::did_you_mean;
use crate::gate::parameters::leaves;
use crate::model::template::{is_template, look_up, quoted_names, render_parameters, syntax_error};
use crate::model::{Diagnostic, is_issue_reference};

/// Checks the rehearsal of a gate.
pub(super) fn check(document: &Document<'_>, draft: &Draft, problems: &mut Vec<Diagnostic>) {
    let Some(rehearsal) = &draft.rehearsal else {
        return;
    };
    let mut checker = Checker {
        document,
        parameters: &draft.parameters,
        problems,
    };
    let at = At::root().key("rehearsal");
    let written = serde_json::to_value(rehearsal).unwrap_or_default();
    checker.texts(&at, &written);
    for (name, _) in leaves(&rehearsal.parameters) {
        checker.parameter(&at.key("parameters"), &name);
    }
    for (index, played) in rehearsal.issue.iter().enumerate() {
        checker.issue(&at.key("issue").index(index).key("issue"), &played.issue);
    }
    for (index, page) in rehearsal.page.iter().enumerate() {
        if page.json.is_some() && page.body.is_some() {
            let at = at.key("page").index(index).key("body");
            let message = "a page has one body: `json` or `body`";
            let problem = document.problem(&at, message);
            checker.problems.push(problem.help("take one of them out"));
        }
    }
    for (index, checkout) in rehearsal.checkout.iter().enumerate() {
        let at = at.key("checkout").index(index);
        checker.inside(&at.key("directory"), &checkout.directory);
        for path in checkout.files.keys() {
            checker.inside(&at.key("files").key(path), path);
        }
    }
    for (index, program) in rehearsal.program.iter().enumerate() {
        for path in program.writes.keys() {
            let at = at.key("program").index(index).key("writes").key(path);
            checker.inside(&at, path);
        }
        if program.argv.is_empty() {
            let at = at.key("program").index(index).key("argv");
            let problem = document.problem(&at, "no program is named");
            checker
                .problems
                .push(problem.help("write how its command line begins: `argv = [\"make\"]`"));
        }
    }
}

struct Checker<'a, 't> {
    document: &'a Document<'t>,
    parameters: &'a Map<String, Value>,
    problems: &'a mut Vec<Diagnostic>,
}

impl Checker<'_, '_> {
    fn texts(&mut self, at: &At, value: &Value) {
        match value {
            Value::String(text) if is_template(text) => self.template(at, text),
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.texts(&at.index(index), item);
                }
            }
            Value::Object(table) => {
                for (key, item) in table {
                    self.texts(&at.key(key), item);
                }
            }
            _ => {}
        }
    }

    fn template(&mut self, at: &At, text: &str) {
        if let Some((_, reason)) = syntax_error(text) {
            let message = format!("the template `{text}` cannot be read: {reason}");
            let problem = self.document.problem(at, message);
            self.problems
                .push(problem.help("templates quote values as `{{ name }}`"));
            return;
        }
        let tree = Value::Object(self.parameters.clone());
        for name in quoted_names(text).unwrap_or_default() {
            if look_up(&tree, &name).is_none() {
                let message = format!("`{name}` is no parameter");
                let problem = self.document.words_problem(at, &name, message);
                self.problems.push(problem.label("not known").help(
                    "a rehearsal is made before anything runs: it quotes parameters, never facts",
                ));
            }
        }
    }

    fn parameter(&mut self, at: &At, name: &str) {
        let tree = Value::Object(self.parameters.clone());
        if look_up(&tree, name).is_some_and(|value| !value.is_object()) {
            return;
        }
        let at = name.split('.').fold(at.clone(), |at, part| at.key(part));
        let known = leaves(self.parameters);
        let help = did_you_mean(name, known.iter().map(|(name, _)| name.as_str()));
        let message = format!("the gate has no parameter `{name}`");
        let problem = self.document.key_problem(&at, message);
        self.problems.push(problem.label("not known").help(help));
    }

    /// Nothing is written outside of the rehearsal's own directories.
    fn inside(&mut self, at: &At, text: &str) {
        let path = render_parameters(self.parameters, text).unwrap_or_default();
        let normal = |part| matches!(part, Utf8Component::Normal(_));
        let inside = !path.is_empty() && Utf8Path::new(&path).components().all(normal);
        if !inside && !path.is_empty() || text.is_empty() {
            let message = format!("`{path}` leads out of the rehearsal");
            let problem = self.document.problem(at, message);
            self.problems
                .push(problem.help("write a path below the directory, without `..`"));
        }
    }

    fn issue(&mut self, at: &At, text: &str) {
        let Ok(filled) = render_parameters(self.parameters, text) else {
            return;
        };
        if !is_issue_reference(&filled) {
            let problem = self
                .document
                .problem(at, format!("`{filled}` is not an issue"));
            self.problems
                .push(problem.help("write it as `owner/repo#N`"));
        }
    }
}
