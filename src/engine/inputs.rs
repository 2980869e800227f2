//! The inputs of a subtask's result: its definition with all values filled in, and what its verb
//! declares.

use std::collections::BTreeSet;

use serde_json::json;

use crate::gate::Gate;
use crate::model::{Repeat, SubtaskId};
use crate::store::sha256_hex;
use crate::verb::inputs::{Inputs, take};
use crate::verb::{Ctx, Setting};
use crate::verbs::Verb;

/// Name of the definition among the inputs.
const DEFINITION: &str = "definition";

/// The settings of the gate file outside its subtasks, for the verbs.
#[must_use]
pub fn setting_of(gate: &Gate, run: &str, format: u32, again: Option<Repeat>) -> Setting {
    Setting {
        run: run.to_owned(),
        format,
        gate: gate.name.clone(),
        candidate: gate.candidate_asked_for(),
        again,
        processes: gate.processes.clone(),
        never_close: gate.resolved_policy().never_close,
        triage: gate.triage.clone(),
        templates: gate.templates.clone(),
        parameters: gate.parameters.clone(),
    }
}

/// The digest of a subtask's definition with all values filled in: what it does with which
/// arguments, and when.
#[must_use]
fn definition(gate: &Gate, id: &SubtaskId, verb: &Verb) -> String {
    let subtask = gate.subtask(id);
    let when = subtask.map(|subtask| (format!("{:?}", subtask.on), &subtask.only_if));
    sha256_hex(json!([verb, when]).to_string().as_bytes())
}

/// Determines the current inputs of a subtask's result.
pub async fn inputs_of(ctx: &Ctx, gate: &Gate, id: &SubtaskId, verb: &Verb) -> Inputs {
    let declared = verb.declares().inputs();
    let mut taken = take(ctx, &declared, &written_by_runs(gate)).await;
    taken.insert(DEFINITION.to_owned(), definition(gate, id, verb));
    taken
}

/// Directories of checkouts that runs of the gate's canaries write.
fn written_by_runs(gate: &Gate) -> BTreeSet<String> {
    let results = gate.subtasks().flat_map(|(_, subtask)| {
        let results = subtask.verb.declares().results();
        results.into_iter().map(str::to_owned).collect::<Vec<_>>()
    });
    let top = |path: String| path.split('/').next().map(str::to_owned);
    let scratch = gate.subtasks().flat_map(|(_, subtask)| {
        let scratch = subtask.verb.declares().scratch();
        scratch.into_iter().map(str::to_owned).collect::<Vec<_>>()
    });
    results
        .filter(|path| path.contains('/'))
        .filter_map(top)
        .chain(scratch)
        .collect()
}

/// Whether the inputs of each result are recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotesInputs {
    /// They are.
    Yes,
    /// They are not, as in journals from before there were any.
    No,
}
