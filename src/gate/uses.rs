//! What a gate needs of a machine: programs, checkouts, variables. As far as its file says it. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Gate;
use crate::model::{Scope, SubtaskId, is_template};
use crate::verb::Input;
use crate::world::Effect;

/// Fields in which verbs name the operator's variables that they hand on.
const VARIABLES: [&str; 1] = ["pass"];

/// What a gate needs, each with the first subtask that needs it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Uses {
    /// Programs by their bare names.
    pub programs: BTreeMap<String, SubtaskId>,
    /// Directories in the workspace.
    pub checkouts: BTreeMap<String, SubtaskId>,
    /// The operator's variables.
    pub variables: BTreeMap<String, SubtaskId>,
}

impl Gate {
    /// What it needs of a machine, so far as that part of it goes.
    #[must_use]
    pub fn uses(&self, scope: &Scope) -> Uses {
        let mut uses = Uses::default();
        let packages = self.packages_in(scope);
        let in_scope = self.subtasks();
        let in_scope = in_scope.filter(|(package, _)| packages.contains(package.id.as_str()));
        for (_, subtask) in in_scope {
            let Some(verb) = self.verb_before_the_run(subtask) else {
                continue;
            };
            let by = &subtask.id;
            let note = |into: &mut BTreeMap<String, SubtaskId>, name: &str| {
                if !is_template(name) {
                    into.entry(name.to_owned()).or_insert_with(|| by.clone());
                }
            };
            for name in verb.declares().starts() {
                note(&mut uses.programs, name);
            }
            for ask in verb.declares().asks() {
                let Effect::Run(program) = ask.effect else {
                    continue;
                };
                // What has a path is not looked up: it is a file of the run's or the project's.
                let name = program.argv.first().filter(|name| !name.contains('/'));
                if let Some(name) = name {
                    note(&mut uses.programs, name);
                }
            }
            for input in verb.declares().inputs() {
                if let Input::Checkout(name)
                | Input::Tags(name)
                | Input::Tag { checkout: name, .. } = input
                {
                    note(&mut uses.checkouts, &name);
                }
            }
            for name in self.variables_of(subtask) {
                note(&mut uses.variables, &name);
            }
        }
        uses
    }

    /// Names of programs that it may start: what its subtasks say, and what its policy lists.
    #[must_use]
    pub fn programs_it_may_start(&self) -> BTreeSet<String> {
        let listed = self.resolved_policy().programs;
        self.uses(&Scope::All)
            .programs
            .into_keys()
            .chain(listed)
            .collect()
    }

    fn variables_of(&self, subtask: &super::Subtask) -> Vec<String> {
        let fields = self.fields_before_the_run(subtask);
        let lists = VARIABLES
            .iter()
            .filter_map(|field| fields.get(field)?.as_array());
        let names = lists.flatten().filter_map(Value::as_str);
        names.map(str::to_owned).collect()
    }
}
