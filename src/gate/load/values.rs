//! Checks of the names that templates quote: parameters and facts.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value};

use super::document::{At, Document};
use super::draft::{Draft, DraftSubtask};
use crate::model::Diagnostic;

/// Checks that each name can be quoted and means one thing only.
pub(super) fn check(document: &Document<'_>, draft: &Draft, problems: &mut Vec<Diagnostic>) {
    let mut values = Values { document, problems };
    values.parameters(&draft.parameters);
    values.facts(draft);
}

struct Values<'a, 't> {
    document: &'a Document<'t>,
    problems: &'a mut Vec<Diagnostic>,
}

impl Values<'_, '_> {
    fn parameters(&mut self, parameters: &Map<String, Value>) {
        let at = At::root().key("parameters");
        let mut by_variable: HashMap<String, String> = HashMap::new();
        for (name, _) in crate::gate::parameters::leaves(parameters) {
            let place = name.split('.').fold(at.clone(), |at, part| at.key(part));
            if !is_fact_name(&name) {
                let message = format!("a template cannot quote a parameter named `{name}`");
                let problem = self.document.key_problem(&place, message);
                self.problems
                    .push(problem.help("use lower-case letters, digits and `_`"));
            }
            if crate::gate::parameters::RESERVED.contains(&name.as_str()) {
                let message = format!("`{name}` is a setting of the program, not a parameter");
                let problem = self.document.key_problem(&place, message);
                self.problems.push(problem.help("choose another name"));
            }
            let variable = crate::gate::parameters::variable_name(&name);
            if let Some(other) = by_variable.insert(variable.clone(), name.clone()) {
                let message = format!("`{name}` and `{other}` would both be set by `{variable}`");
                let problem = self.document.key_problem(&place, message);
                self.problems.push(problem.help("rename one of them"));
            }
        }
    }

    fn facts(&mut self, draft: &Draft) {
        let mut by_name: BTreeMap<&str, &DraftSubtask> = BTreeMap::new();
        for (_, subtask) in draft.subtasks() {
            let Some(name) = subtask.publishes.as_deref() else {
                continue;
            };
            let at = subtask.at.key("as");
            if !is_fact_name(name) {
                let problem = self
                    .document
                    .problem(&at, format!("`{name}` is not a valid name for a fact"));
                self.problems.push(
                    problem.help("use lower-case words joined by dots, such as `rc.version`"),
                );
            } else if let Some(first) = by_name.insert(name, subtask) {
                let message = format!("`{}` and `{}` both publish `{name}`", first.id, subtask.id);
                let problem = self.document.problem(&at, message).label("published again");
                self.problems
                    .push(problem.help("facts never change; give this one another name"));
            }
            self.parameter_clash(&at, name, &draft.parameters);
        }
        for (name, subtask) in &by_name {
            if let Some(outer) = prefixes(name).find(|outer| by_name.contains_key(outer)) {
                let message = format!("fact `{name}` lies inside fact `{outer}`");
                let problem = self.document.problem(&subtask.at.key("as"), message);
                self.problems
                    .push(problem.help("give one of them another name"));
            }
        }
    }

    fn parameter_clash(&mut self, at: &At, name: &str, parameters: &Map<String, Value>) {
        let clash = prefixes(name).chain([name]).find(|path| {
            let mut parts = path.split('.');
            let first = parts.next().and_then(|part| parameters.get(part));
            parts
                .fold(first, |value, part| value.and_then(|value| value.get(part)))
                .is_some_and(|value| !value.is_object())
        });
        if let Some(parameter) = clash {
            let message = format!("fact `{name}` would replace parameter `{parameter}`");
            let problem = self.document.problem(at, message).label("is a parameter");
            self.problems
                .push(problem.help("give the fact another name"));
        }
    }
}

/// The names that a dotted name lies inside of, without itself.
pub(super) fn prefixes(name: &str) -> impl Iterator<Item = &str> {
    name.match_indices(['.', '[']).map(|(at, _)| &name[..at])
}

/// Words that mean something else to the template language.
const TAKEN: &[&str] = &[
    "and",
    "else",
    "false",
    "if",
    "in",
    "is",
    "loop",
    "none",
    "not",
    "null",
    "or",
    "self",
    "super",
    "true",
    "caller",
    "debug",
    "dict",
    "namespace",
    "range",
];

fn is_fact_name(name: &str) -> bool {
    name.len() <= 200
        && name.split('.').all(|part| {
            part.starts_with(|first: char| first.is_ascii_lowercase() || first == '_')
                && part
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        })
        && !TAKEN.contains(&name.split('.').next().unwrap_or(name))
}
