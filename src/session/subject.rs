//! What a gate installs, in the types of the lower layers. Pure.

use serde_json::Value;

use crate::candidate::{Line, Subject, SubjectError, asked_for};
use crate::gate::Gate;
use crate::model::{Facts, TemplateError, context, render};
use crate::verbs::Verb;

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

/// Checks that the version in a gate's parameters can be a candidate. A value that quotes facts is
/// checked during the run.
///
/// # Errors
/// If it cannot.
pub fn can_be_asked_for(gate: &Gate) -> Result<(), String> {
    let Ok(quotable) = context(&gate.parameters, &Facts::default()) else {
        return Ok(());
    };
    for (_, subtask) in gate.subtasks() {
        let Verb::FindCandidate(find) = &subtask.verb else {
            continue;
        };
        let version = render(find.version.as_deref().unwrap_or_default(), &quotable);
        let line = render(&find.line, &quotable).map(|line| line.parse::<Line>());
        if let (Ok(version), Ok(Ok(line))) = (version, line) {
            asked_for(&version, &line)?;
        }
    }
    Ok(())
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
