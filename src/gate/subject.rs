//! What a recorded run is a verdict on: read from its journal and the gate that it was begun with,
//! as its file gives it. Believes of neither what the other can show. Pure.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Gate;
use super::parameters::leaves;
use crate::journal::{Folded, GateRef};
use crate::model::subject::{Circumstances, JudgedBy, JudgedCandidate, Packages, Program, Subject};
use crate::model::{Facts, Outcome, Scope, Stop, SubtaskId};
use crate::store::sha256_hex;
use crate::verbs::Verb;

impl GateRef {
    /// Which gate this is.
    #[must_use]
    pub fn of(gate: &Gate) -> Self {
        let digest = |(name, text): (&String, &String)| (name.clone(), sha256_hex(text.as_bytes()));
        Self {
            name: gate.name.clone(),
            sha256: gate.source.sha256.clone(),
            templates: gate.templates.iter().map(digest).collect(),
        }
    }
}

impl Gate {
    /// What a recording is a verdict on, when this is its gate.
    #[must_use]
    pub fn subject(&self, folded: &Folded) -> Subject {
        let outcomes = folded.outcomes();
        let (mut counts, mut complete) = (BTreeMap::new(), true);
        for (_, subtask) in self.subtasks() {
            let outcome = outcomes.get(&subtask.id);
            let word = outcome.map_or("waiting", Outcome::word);
            *counts.entry(word.to_owned()).or_default() += 1;
            complete &= !matches!(outcome, None | Some(Outcome::NotRun { .. }));
        }
        let plan = self.subtasks().map(|(_, subtask)| &subtask.id);
        let (scope, dry_run) = (scope(folded), folded.asked().dry_run);
        let whole = scope == Scope::All && !dry_run;
        let in_scope = self.packages_in(&scope);
        let ids = self.work_packages.iter().map(|package| &package.id);
        let asked_for = ids.filter(|id| in_scope.contains(id.as_str()));
        Subject {
            packages: Packages {
                asked_for: asked_for.cloned().collect(),
                of: self.work_packages.len(),
            },
            parameters: Some(self.differing(folded)),
            candidate: self.candidate(&folded.facts().unwrap_or_default()),
            outcomes: counts,
            complete: complete && whole && plan.eq(&folded.header.plan),
            ..without_gate(folded)
        }
    }

    /// The parameters of a run that are not what the gate's file says.
    fn differing(&self, folded: &Folded) -> BTreeMap<String, Value> {
        let own: BTreeMap<String, &Value> = leaves(&self.parameters).into_iter().collect();
        let mut run = folded.parameters();
        run.retain(|name, value| own.get(name) != Some(&&*value));
        run
    }

    /// The candidate by what its subtasks published; none where none did.
    fn candidate(&self, facts: &Facts) -> Option<JudgedCandidate> {
        let mut found = None;
        for (_, subtask) in self.subtasks() {
            let text = |path: &str| facts.value(path)?.as_str().map(str::to_owned);
            match &subtask.verb {
                Verb::FindCandidate(find) if facts.get(&find.publish).is_some() => {
                    let of = |part: &str| text(&format!("{}.{part}", find.publish));
                    let one: &mut JudgedCandidate = found.get_or_insert_default();
                    one.version = of("version");
                    one.tag = of("tag");
                    one.commit = of("commit");
                }
                Verb::InstallCandidate(install) if facts.get(&install.publish).is_some() => {
                    let of = |part: &str| text(&format!("{}.{part}", install.publish));
                    let one: &mut JudgedCandidate = found.get_or_insert_default();
                    one.package = of("package");
                    one.version = of("version");
                    let packages = facts.value(&format!("{}.packages", install.publish));
                    one.wheels = wheels(packages, one.package.as_deref());
                }
                _ => {}
            }
        }
        found
    }
}

/// The digests of a package's own wheels among those of its closure.
fn wheels(packages: Option<&Value>, package: Option<&str>) -> Vec<String> {
    let all = packages.and_then(Value::as_array).into_iter().flatten();
    let own = all.filter(|one| package.is_some() && one["name"].as_str() == package);
    let digests = own.flat_map(|one| match &one["wheel_sha256"] {
        Value::Array(wheels) => wheels.iter().collect(),
        _ => vec![&one["sha256"]],
    });
    digests
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}

/// What a recording is a verdict on, as far as its journal alone says it.
#[must_use]
pub fn without_gate(folded: &Folded) -> Subject {
    let header = &folded.header;
    let last = folded.resumptions.last();
    let circumstances = folded.circumstances();
    let gate = folded.gate();
    let mut programs = programs(folded);
    let program = programs.pop().unwrap_or_else(|| Program {
        version: header.version.clone(),
        flake: header.flake.clone(),
    });
    let asked = last.map_or(&header.asked, |last| &last.asked);
    let built_in = is_built_in(gate);
    let mut outcomes = BTreeMap::new();
    for outcome in folded.outcomes().values() {
        *outcomes.entry(outcome.word().to_owned()).or_default() += 1;
    }
    Subject {
        format: header.format,
        run: header.run.clone(),
        world: circumstances.map(|all| all.world.clone()),
        gate: JudgedBy {
            name: gate.name.clone(),
            sha256: gate.sha256.clone(),
            templates: gate.templates.clone(),
            built_in,
            file: gate_file(folded).filter(|_| !built_in),
        },
        scope: scope(folded),
        dry_run: asked.dry_run,
        packages: Packages::default(),
        parameters: None,
        candidate: None,
        program,
        earlier_programs: programs,
        sandbox: circumstances.map(|all| all.sandbox.clone()),
        outcomes,
        complete: false,
        verdict: folded.sealed.as_ref().map(|sealed| sealed.verdict),
    }
}

/// Which part of its gate a run is of: what was asked for at last; all of it, where earlier
/// processes had done the rest, and all that they found out was kept.
fn scope(folded: &Folded) -> Scope {
    let asked = &folded.asked().scope;
    let outcomes = folded.outcomes();
    let left_out = |id: &SubtaskId| {
        matches!(
            outcomes.get(id),
            None | Some(Outcome::NotRun {
                because: Stop::OutOfScope
            })
        )
    };
    if asked.alone().is_some() && !folded.header.plan.iter().any(left_out) {
        return Scope::All;
    }
    asked.clone()
}

/// Name of the gate's file: of the one that corrected it last, or else of the one it began with.
fn gate_file(folded: &Folded) -> Option<String> {
    let mut latest = folded.resumptions.iter().rev();
    let corrected = latest.find(|resumed| resumed.gate.is_some());
    let circumstances = match corrected {
        Some(resumed) => resumed.circumstances.as_ref(),
        None => folded.header.circumstances.as_ref(),
    };
    circumstances.and_then(|all| all.gate_file.clone())
}

/// The programs that had a part in a run, in order, each once in a row.
fn programs(folded: &Folded) -> Vec<Program> {
    let flake = |all: &Option<Circumstances>| all.as_ref().and_then(|all| all.flake.clone());
    let header = &folded.header;
    let first = Program {
        version: header.version.clone(),
        flake: header.flake.clone(),
    };
    let later = folded.resumptions.iter().map(|resumed| Program {
        version: resumed.version.clone(),
        flake: flake(&resumed.circumstances),
    });
    let mut all: Vec<Program> = std::iter::once(first).chain(later).collect();
    all.dedup();
    all
}

/// Whether a gate is, file and templates, one that ships with this program. A record that does not
/// name the templates does not show it.
fn is_built_in(gate: &GateRef) -> bool {
    Gate::built_in().is_ok_and(|own| {
        let own = GateRef::of(&own);
        (&own.sha256, &own.templates) == (&gate.sha256, &gate.templates)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_wheels_are_the_candidates_own() {
        let packages = json!([
            {"name": "p", "version": "1", "sha256": "aa"},
            {"name": "q", "version": "1", "sha256": "bb"},
            {"name": "r", "version": "1", "wheels": 2, "wheel_sha256": ["cc", "dd"]},
        ]);
        assert_eq!(wheels(Some(&packages), Some("p")), ["aa"]);
        assert_eq!(wheels(Some(&packages), Some("r")), ["cc", "dd"]);
        assert_eq!(wheels(Some(&packages), None), [""; 0]);
    }

    #[test]
    fn a_look_alike_is_not_built_in() {
        let mut gate = GateRef::of(&Gate::built_in().unwrap());
        assert!(is_built_in(&gate));
        gate.templates.insert("more.md".to_owned(), String::new());
        assert!(!is_built_in(&gate));
    }
}
