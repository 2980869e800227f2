//! The inputs of a subtask's result: its definition with all values filled in, and what its verb
//! declares.

use serde_json::json;

use crate::gate::Gate;
use crate::model::{Facts, Repeat, SubtaskId, is_template};
use crate::store::sha256_hex;
use crate::verb::inputs::{Inputs, Written, take};
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

/// Directories that the gate's own programs write, each with its checkout.
fn written_by_runs(gate: &Gate) -> Written {
    let mut written = Written::new();
    for (_, subtask) in gate.subtasks() {
        let quotable = subtask.context(&gate.parameters, &Facts::default());
        let resolved = quotable
            .ok()
            .and_then(|quotable| subtask.resolve(&quotable).ok());
        let verb = resolved.as_ref().unwrap_or(&subtask.verb);
        let fills = verb.declares().fills().into_iter();
        written.extend(fills.map(|(checkout, top)| {
            // Quoted from a fact that is not there yet: it may be any.
            let checkout = (!is_template(checkout)).then(|| checkout.to_owned());
            (checkout, top.to_owned())
        }));
    }
    written
}

/// Whether the inputs of each result are recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotesInputs {
    /// They are.
    Yes,
    /// They are not, as in journals from before there were any.
    No,
}
