//! Which candidate a run of a gate is about: as it was asked for, or as its subtasks found it. Pure.

use super::{Gate, Subtask};
use crate::candidate::{Line, asked_for};
use crate::model::{Facts, Scope, SubtaskId, context, render};
use crate::verbs::Verb;

/// The parameter that `--candidate` sets.
const PARAMETER: &str = "rc.candidate";

impl Gate {
    /// The candidate that the parameters name, known before anything runs: what `find-candidate` or
    /// `install-candidate` is set to take, or else the parameter `rc.candidate`. None where it is
    /// still to be found, or where the gate is not about one.
    #[must_use]
    pub fn candidate_asked_for(&self) -> Option<String> {
        let quotable = context(&self.parameters, &Facts::default()).ok()?;
        let filled = |text: &str| render(text, &quotable).ok().filter(|text| !text.is_empty());
        let by_verb = self
            .subtasks()
            .find_map(|(_, subtask)| match &subtask.verb {
                Verb::FindCandidate(find) => {
                    let version = filled(find.version.as_deref()?)?;
                    let line: Line = filled(&find.line)?.parse().ok()?;
                    Some(asked_for(&version, &line).ok()??.to_string())
                }
                Verb::InstallCandidate(install) => filled(&install.version),
                _ => None,
            });
        by_verb.or_else(|| filled(&format!("{{{{ {PARAMETER} }}}}")))
    }

    /// The candidate that a subtask works on, when it starts with these facts: the one that a
    /// subtask before it found, or else the one that was asked for. Facts of subtasks beside it do
    /// not count, because whether they are there yet is chance.
    #[must_use]
    pub fn candidate_for(&self, id: &SubtaskId, facts: &Facts) -> Option<String> {
        let is_before = |one: &SubtaskId| self.graph().is_ancestor(one, id);
        self.candidate_among(facts, is_before)
    }

    /// The candidate of a run with these facts.
    #[must_use]
    pub fn candidate_of_run(&self, facts: &Facts) -> Option<String> {
        self.candidate_among(facts, |_| true)
    }

    /// Whether a subtask in this scope finds out which candidate the run is about.
    #[must_use]
    pub fn finds_candidate(&self, scope: &Scope) -> bool {
        self.any_in(scope, |subtask| subtask.verb.finds_candidate().is_some())
    }

    /// Whether a subtask in this scope writes in a checkout of the workspace.
    #[must_use]
    pub fn writes_checkouts(&self, scope: &Scope) -> bool {
        self.any_in(scope, |subtask| subtask.verb.declares().writes_checkouts())
    }

    fn any_in(&self, scope: &Scope, is: impl Fn(&Subtask) -> bool) -> bool {
        let packages = self.packages_in(scope);
        let mut all = self.subtasks();
        all.any(|(package, subtask)| packages.contains(package.id.as_str()) && is(subtask))
    }

    fn candidate_among(
        &self,
        facts: &Facts,
        counts: impl Fn(&SubtaskId) -> bool,
    ) -> Option<String> {
        let found = self.subtasks().filter(|(_, subtask)| counts(&subtask.id));
        let found = found.filter_map(|(_, subtask)| {
            let fact = subtask.verb.finds_candidate()?;
            let version = facts.value(&format!("{fact}.version"))?;
            version.as_str().map(str::to_owned)
        });
        found.last().or_else(|| self.candidate_asked_for())
    }
}

impl Verb {
    /// The fact in which it says which candidate it found or installed.
    #[must_use]
    pub fn finds_candidate(&self) -> Option<&str> {
        match self {
            Self::FindCandidate(find) => Some(&find.publish),
            Self::InstallCandidate(install) => Some(&install.publish),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;
    use crate::model::{Fact, Source};

    fn with(parameter: &str, value: &str) -> Gate {
        let mut gate = Gate::built_in().unwrap();
        let set = BTreeMap::from([(parameter.to_owned(), json!(value))]);
        gate.set(&set).unwrap();
        gate
    }

    fn found(version: &str) -> Facts {
        let mut facts = Facts::default();
        let source = Source {
            by: SubtaskId::new("T007"),
            exchange: None,
            facts: Vec::new(),
            origins: Vec::new(),
        };
        let value = json!({ "version": version });
        let name = "rc".to_owned();
        facts
            .publish(Fact {
                name,
                value,
                source,
            })
            .unwrap();
        facts
    }

    #[test]
    fn a_candidate_is_known_as_soon_as_it_is_asked_for_or_found() {
        let newest = Gate::built_in().unwrap();
        assert_eq!(newest.candidate_asked_for(), None);
        let one = with("rc.candidate", "v3.2.0-rc.16");
        assert_eq!(one.candidate_asked_for().as_deref(), Some("3.2.0rc16"));
        let of = |id: &str, facts: &Facts| newest.candidate_for(&SubtaskId::new(id), facts);
        assert_eq!(
            of("T031", &found("3.2.0rc17")).as_deref(),
            Some("3.2.0rc17")
        );
        assert_eq!(of("T031", &Facts::default()), None);
        // Beside T007 nobody knows yet what it will find.
        assert_eq!(of("T013", &found("3.2.0rc17")), None);
    }
}
