//! What a gate needs of this machine besides programs: checkouts in the workspace, variables.

use super::console::Console;
use super::operator::{self, Settings};
use crate::gate::Gate;
use crate::model::Scope;
use crate::model::subject::WorldKind;
use crate::toolbox::Needed;
use crate::world::live::{self, Operator};

/// What is looked for, or made, before the gate runs. In a world that is made of the gate file,
/// every other program is played.
pub(super) fn needed(gate: &Gate, world: &WorldKind) -> Needed {
    let mut names = gate.programs_it_may_start();
    if matches!(world, WorldKind::Rehearsal { .. }) && gate.rehearsal.world.is_none() {
        names.retain(|name| matches!(name.as_str(), "gh" | "git"));
    }
    Needed::Only(names)
}

/// Something that a gate needs, and whether it is there.
pub(super) struct Found {
    pub(super) what: String,
    /// What to do where it is not; none where it is there.
    pub(super) remedy: Option<String>,
}

/// The checkouts of a gate.
pub(super) fn checkouts(gate: &Gate, scope: &Scope, settings: &Settings) -> Vec<Found> {
    let uses = gate.uses(scope);
    let found = uses.checkouts.into_iter().map(|(name, by)| {
        let path = settings.workspace.join(&name);
        let missing = !operator::is_directory(&path);
        Found {
            what: format!("directory `{name}` ({by}) in {}", settings.workspace),
            remedy: missing.then(|| {
                format!(
                    "check it out there, or say where it is: `--set workspace=DIR` holds `{name}`"
                )
            }),
        }
    });
    found.collect()
}

/// The operator's variables that a gate hands on.
pub(super) fn variables(gate: &Gate, operator: &Operator) -> Vec<Found> {
    let uses = gate.uses(&Scope::All);
    let found = uses.variables.into_iter().map(|(name, by)| {
        let missing = operator.var(&name).is_none();
        Found {
            remedy: missing.then(|| format!("set `{name}` before the run")),
            what: format!("variable `{name}` ({by})"),
        }
    });
    found.collect()
}

/// Secrets of the operator's that cannot be hidden in what a run writes and prints.
fn unhidden(gate: &Gate, operator: &Operator) -> Vec<Found> {
    let passed = gate.uses(&Scope::All).variables;
    let found = live::unhidden(operator, passed.keys().map(String::as_str));
    let found = found.into_iter().map(|(name, why)| Found {
        what: format!("the value of `{name}` cannot be hidden in what a run writes: {why}"),
        remedy: Some(format!(
            "give `{name}` a longer value, or unset it and take it out of the variables that the \
             gate passes"
        )),
    });
    found.collect()
}

/// The same for `gate doctor`.
pub(super) fn listed_unhidden(gate: &Gate, operator: &Operator) -> String {
    let lines = unhidden(gate, operator).into_iter().map(|one| {
        let remedy = one.remedy.unwrap_or_default();
        format!("\nexposed   {}\n          → {remedy}\n", one.what)
    });
    lines.collect()
}

/// Says before anything runs which secrets cannot be hidden.
pub(super) fn warn_of_unhidden(gate: &Gate, operator: &Operator, console: &Console) {
    for found in unhidden(gate, operator) {
        let remedy = found.remedy.unwrap_or_default();
        console.note(&format!("warning: {}\n  → {remedy}", found.what));
    }
}

/// Says which checkouts are not there: an earlier subtask may make them, so this is no error.
pub(super) fn warn_of_missing_checkouts(
    gate: &Gate,
    scope: &Scope,
    settings: &Settings,
    console: &Console,
) {
    for found in checkouts(gate, scope, settings) {
        if let Some(remedy) = found.remedy {
            console.note(&format!(
                "warning: there is no {}\n  → {remedy}",
                found.what
            ));
        }
    }
}
