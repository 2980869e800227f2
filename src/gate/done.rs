//! What a subtask needs that others do: their facts, and what they do to the same issue or
//! checkout. For a dry run, which leaves some of it undone. Pure.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Gate, Subtask};
use crate::model::{SubtaskId, is_issue_reference};

/// Fields in which verbs name a directory of the workspace that they work in.
const DIRECTORIES: [&str; 2] = ["project", "checkout"];

impl Gate {
    /// The subtasks of which this one needs what they do, with what it is in words.
    #[must_use]
    pub fn needs_done(&self, id: &SubtaskId) -> Vec<(SubtaskId, String)> {
        let Some(subtask) = self.subtask(id) else {
            return Vec::new();
        };
        let read = self.read_by(subtask);
        let things = self.things_of(subtask);
        let mut needs = Vec::new();
        for (_, other) in self.subtasks().filter(|(_, other)| other.id != *id) {
            let fact = other.verb.declares().publishes();
            if let Some(fact) = fact.filter(|fact| read.iter().any(|name| is_within(name, fact))) {
                needs.push((
                    other.id.clone(),
                    format!("`{fact}`, which {} publishes", other.id),
                ));
                continue;
            }
            let shared = self
                .things_of(other)
                .into_iter()
                .find(|one| things.contains(one));
            if let Some(thing) = shared
                && self.graph().is_ancestor(&other.id, id)
            {
                needs.push((
                    other.id.clone(),
                    format!("what {} does to {thing}", other.id),
                ));
            }
        }
        needs
    }

    /// Issues and checkouts that a subtask has to do with.
    fn things_of(&self, subtask: &Subtask) -> BTreeSet<String> {
        let texts = self.texts_before_the_run(subtask);
        let issues = texts.into_iter().filter(|text| is_issue_reference(text));
        let fields = self.fields_before_the_run(subtask);
        let directories = DIRECTORIES
            .iter()
            .filter_map(|field| fields.get(field).and_then(Value::as_str))
            .map(|directory| format!("`{directory}`"));
        issues.chain(directories).collect()
    }
}

/// Whether a name is a fact's, or lies in it.
fn is_within(name: &str, fact: &str) -> bool {
    name.strip_prefix(fact)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_after_a_write_to_the_same_issue_needs_it() {
        let gate = Gate::built_in().unwrap();
        let needs = |id: &str| -> Vec<String> {
            let needs = gate.needs_done(&SubtaskId::new(id)).into_iter();
            needs.map(|(id, _)| id.to_string()).collect()
        };
        assert!(needs("T033").contains(&"T032".to_owned()), "closed by T032");
        assert!(needs("T043").contains(&"T042".to_owned()));
        assert!(
            needs("T020").contains(&"T018".to_owned()),
            "the environment"
        );
        assert!(needs("T022").contains(&"T021".to_owned()), "its fact");
        assert!(!needs("T034").contains(&"T031".to_owned()), "another issue");
        assert_eq!(needs("T013"), Vec::<String>::new());
    }
}
