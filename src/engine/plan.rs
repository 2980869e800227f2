//! Turns a gate into the dispatcher's steps: edges, scope, and which stops count.

use super::dispatcher::Step;
use crate::gate::{Gate, Subtask};
use crate::model::Asked;

/// The dispatcher's steps, in plan order.
#[must_use]
pub fn steps(gate: &Gate, asked: &Asked) -> Vec<Step> {
    let packages = gate.packages_in(&asked.scope);
    gate.subtasks()
        .map(|(package, subtask)| Step {
            id: subtask.id.clone(),
            work_package: package.id.clone(),
            after: gate.graph().predecessors(&subtask.id),
            start: subtask.on,
            only_if: subtask.only_if.clone(),
            publishes: subtask.verb.declares().publishes().map(str::to_owned),
            dry_run_stop: left_out(gate, subtask, asked),
            needs: if asked.dry_run && asked.through {
                gate.needs_done(&subtask.id)
            } else {
                Vec::new()
            },
            in_scope: packages.contains(package.id.as_str()),
        })
        .collect()
}

/// Why a dry run leaves out a subtask, as text with the parameters filled in. Whether it does is
/// decided from the definition as it is written.
fn left_out(gate: &Gate, subtask: &Subtask, asked: &Asked) -> Option<String> {
    let would = subtask.verb.declares().left_out(asked)?;
    let filled = gate.verb_before_the_run(subtask);
    let filled = filled.and_then(|verb| verb.declares().left_out(asked));
    Some(filled.unwrap_or(would))
}
