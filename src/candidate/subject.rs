//! What a gate says of its candidate: the package, its command, what must import. Pure.

use serde_json::Value;

use crate::gate::{Facts, Gate, TemplateError, context, render};
use crate::verbs::Verb;

/// A gate's candidate, whichever version of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// Name of the package.
    pub package: String,
    /// The command it must bring.
    pub command: String,
    /// Modules that must import.
    pub modules: Vec<String>,
    /// The time that the gate's parameters say dependencies are resolved as of.
    pub as_of: Option<String>,
}

/// Why a gate says nothing usable of a candidate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SubjectError {
    /// It installs none.
    #[error("the gate `{0}` has no subtask with `uses = \"install-candidate\"`")]
    None(String),
    /// A value depends on what an earlier subtask finds out.
    #[error("what the gate installs cannot be told before it runs: {0}")]
    Fact(#[from] TemplateError),
}

impl Subject {
    /// The candidate of a gate's first `install-candidate`, with the modules of every
    /// `verify-boundary`.
    ///
    /// # Errors
    /// If the gate installs none, or a value quotes a fact.
    pub fn of(gate: &Gate) -> Result<Self, SubjectError> {
        let quotable = context(&gate.parameters, &Facts::default())?;
        let install = gate
            .subtasks()
            .find_map(|(_, subtask)| match &subtask.verb {
                Verb::InstallCandidate(install) => Some(install),
                _ => None,
            });
        let install = install.ok_or_else(|| SubjectError::None(gate.name.clone()))?;
        let as_of = install.as_of.as_deref().unwrap_or_default();
        Ok(Self {
            package: render(&install.package, &quotable)?,
            command: render(&install.command, &quotable)?,
            modules: modules(gate, &quotable)?,
            as_of: Some(render(as_of, &quotable)?).filter(|time| !time.is_empty()),
        })
    }
}

fn modules(gate: &Gate, quotable: &Value) -> Result<Vec<String>, TemplateError> {
    let mut found = Vec::new();
    for (_, subtask) in gate.subtasks() {
        if let Verb::VerifyBoundary(boundary) = &subtask.verb {
            for module in &boundary.modules {
                found.push(render(module, quotable)?);
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_gate_says_what_it_installs() {
        let subject = Subject::of(&Gate::built_in().unwrap()).unwrap();
        assert_eq!(subject.package, "spec-kitty-cli");
        assert_eq!(subject.command, "spec-kitty");
        assert_eq!(subject.modules.len(), 2);
        assert_eq!(subject.as_of, None);
    }
}
