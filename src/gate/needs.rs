//! What a part of a gate needs from the rest of it: facts that others publish. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Gate, Subtask, WorkPackage};
use crate::model::template::{look_up, quoted_names};
use crate::model::{Condition, SubtaskId};

/// A fact that a part of a gate reads, and the rest publishes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// The fact.
    pub fact: String,
    /// Who publishes it.
    pub by: SubtaskId,
    /// The work package that this is in.
    pub work_package: String,
    /// The first that reads it.
    pub reader: SubtaskId,
}

impl Gate {
    /// The names that the fields of a verb quote, those in its comment template included.
    #[must_use]
    pub fn quoted(&self, subtask: &Subtask) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        self.collect(&subtask.fields, &mut names);
        names
    }

    fn collect(&self, fields: &Value, names: &mut BTreeSet<String>) {
        match fields {
            Value::String(text) => {
                let template = self.templates.get(text);
                for text in template.into_iter().chain([text]) {
                    names.extend(quoted_names(text).unwrap_or_default());
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.collect(item, names)),
            Value::Object(table) => table.values().for_each(|item| self.collect(item, names)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// The facts that these work packages read and others publish, in the order of the plan.
    #[must_use]
    pub fn needs_of(&self, work_packages: &[&str]) -> Vec<Need> {
        let inside = |package: &WorkPackage| work_packages.contains(&package.id.as_str());
        let mut publishers: BTreeMap<&str, (&WorkPackage, &Subtask)> = BTreeMap::new();
        for (package, subtask) in self.subtasks() {
            if let Some(name) = subtask.verb.declares().publishes() {
                publishers.insert(name, (package, subtask));
            }
        }
        let mut readers: BTreeMap<&str, &SubtaskId> = BTreeMap::new();
        for (_, subtask) in self.subtasks().filter(|(package, _)| inside(package)) {
            for name in self.read_by(subtask) {
                let beginnings = name.match_indices(['.', '[']).map(|(at, _)| &name[..at]);
                let fact = beginnings
                    .chain([name.as_str()])
                    .find_map(|name| publishers.get_key_value(name));
                if let Some((fact, (package, _))) = fact
                    && !inside(package)
                {
                    readers.entry(fact).or_insert(&subtask.id);
                }
            }
        }
        self.subtasks()
            .filter_map(|(package, subtask)| {
                let fact = subtask.verb.declares().publishes()?;
                Some(Need {
                    reader: (*readers.get(fact)?).clone(),
                    fact: fact.to_owned(),
                    by: subtask.id.clone(),
                    work_package: package.id.clone(),
                })
            })
            .collect()
    }

    /// The names that a subtask reads and that are no parameters.
    pub(super) fn read_by(&self, subtask: &Subtask) -> BTreeSet<String> {
        let mut names = self.quoted(subtask);
        for text in [Some(&subtask.timeout), subtask.max_age.as_ref()]
            .into_iter()
            .flatten()
        {
            names.extend(quoted_names(text).unwrap_or_default());
        }
        let parameters = Value::Object(self.parameters.clone());
        names.retain(|name| look_up(&parameters, name).is_none_or(Value::is_object));
        names.extend(subtask.only_if.as_deref().map(Condition::path_of));
        let reads = subtask.verb.declares().reads();
        names.extend(reads.into_iter().map(str::to_owned));
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_work_package_needs_what_it_reads_of_others() {
        let gate = Gate::built_in().unwrap();
        for free in ["WP01", "WP03"] {
            assert_eq!(gate.needs_of(&[free]), [], "{free}");
        }
        let needs = |package: &str| -> Vec<String> {
            let told = |need: Need| {
                let Need {
                    fact,
                    by,
                    work_package,
                    reader,
                } = need;
                format!("{fact} {by} {work_package} {reader}")
            };
            gate.needs_of(&[package]).into_iter().map(told).collect()
        };
        assert_eq!(
            needs("WP02"),
            [
                "fixes.rollback T004 WP01 T011",
                "fixes.classification T006 WP01 T011"
            ]
        );
        assert_eq!(
            needs("WP05"),
            [
                "rc T007 WP02 T025",
                "saas.health T013 WP03 T026",
                "saas.ready T014 WP03 T026",
                "saas.terminal_failed T015 WP03 T026",
                "canary.environment T017 WP04 T024",
            ]
        );
        // What only a comment template quotes counts.
        let tracker = needs("WP08");
        let comment = "comments.canary T031 WP06 T042".to_owned();
        assert!(tracker.contains(&comment), "{tracker:?}");
    }
}
