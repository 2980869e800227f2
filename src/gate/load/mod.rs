//! Reads a gate file, and refuses it with everything that is wrong with it. Pure: texts in, a
//! gate or diagnostics out.

mod document;
mod draft;
mod file;
mod form;
mod known;
mod names;
mod policy;
mod quotes;
mod reach;
mod rules;
mod table;
mod times;
mod values;

use std::sync::Arc;

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

pub(super) use document::{At, Document, table_to_json};
use draft::{Draft, DraftPackage, DraftSubtask};

pub(super) use file::{GateTable, SubtaskTable, WorkPackageTable, part_schemas};
pub(super) use names::did_you_mean;

use super::definition::{DEFAULT_TIMEOUT, Gate, GateSource, Subtask, WorkPackage};
use super::diagnostic::{Diagnostic, Diagnostics, SourceText};
use super::{GATE_FORMAT, Graph, ResolvedPolicy, Triage};

impl Gate {
    /// Reads a gate from the text of its file. `templates` gives the text of a comment template.
    ///
    /// # Errors
    /// Everything that is wrong, with its places.
    pub fn load(
        name: &str,
        text: &str,
        templates: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, Diagnostics> {
        load(name, text, templates, |_| ())
    }
}

/// Reads a gate; `change` may change the parameters before they are used.
pub(super) fn load(
    name: &str,
    text: &str,
    templates: &dyn Fn(&str) -> Option<String>,
    change: impl FnOnce(&mut Map<String, Value>),
) -> Result<Gate, Diagnostics> {
    let source = SourceText::new(name, text);
    let (document, mut problems) = Document::parse(&source);
    // What is no TOML would only be misunderstood further on.
    if let Some(diagnostics) = Diagnostics::of(name, std::mem::take(&mut problems)) {
        return Err(diagnostics);
    }
    let mut draft = Draft::read(&document, &mut problems);
    change(&mut draft.parameters);
    let graph = names::check(&document, &draft, &mut problems);
    values::check(&document, &draft, &mut problems);
    rules::check(&document, &draft, &mut problems);
    times::check(&document, &draft, &mut problems);
    let (policy, triage) = policy::check(&document, &draft, &mut problems);
    reach::check(&document, &draft, &policy, &mut problems);
    let used = quotes::check(&document, &draft, graph.as_ref(), templates, &mut problems);
    if let Some(diagnostics) = Diagnostics::of(name, problems) {
        return Err(diagnostics);
    }
    let gate_source = GateSource {
        name: name.to_owned(),
        text: text.to_owned(),
        sha256: hex(&Sha256::digest(text.as_bytes())),
    };
    let checked = Checked {
        graph: graph.unwrap_or_default(),
        policy,
        triage,
        templates: used,
    };
    finish(draft, checked, gate_source).ok_or_else(|| not_complete(&source))
}

/// What the checks have made of a draft.
struct Checked {
    graph: Graph,
    policy: ResolvedPolicy,
    triage: Vec<Triage>,
    templates: quotes::Templates,
}

/// The gate of a draft in which nothing is missing.
fn finish(draft: Draft, checked: Checked, source: GateSource) -> Option<Gate> {
    let header = draft.header?;
    Some(Gate {
        format: GATE_FORMAT,
        name: header.name,
        title: header.title,
        mission: header.mission,
        parameters: draft.parameters,
        policy: draft.policy?,
        processes: draft.processes,
        triage: checked.triage,
        templates: checked.templates,
        work_packages: draft
            .packages
            .into_iter()
            .map(work_package)
            .collect::<Option<_>>()?,
        source,
        graph: checked.graph,
        resolved_policy: checked.policy,
    })
}

fn work_package(draft: DraftPackage) -> Option<WorkPackage> {
    let table = draft.table?;
    Some(WorkPackage {
        id: table.id,
        title: table.title,
        priority: table.priority,
        hard_gate: table.hard_gate,
        depends_on: table.depends_on,
        goal: table.goal,
        subtasks: draft
            .subtasks
            .into_iter()
            .map(subtask)
            .collect::<Option<_>>()?,
    })
}

fn subtask(draft: DraftSubtask) -> Option<Subtask> {
    let table = draft.table?;
    Some(Subtask {
        id: table.id,
        title: table.title,
        parallel: table.parallel,
        after: table.after,
        on: table.on,
        only_if: table.only_if,
        timeout: table.timeout.unwrap_or_else(|| DEFAULT_TIMEOUT.to_owned()),
        max_age: table.max_age,
        verb: draft.verb?,
        fields: draft.fields,
    })
}

/// Something was not read and nobody said why: never a gate.
fn not_complete(source: &Arc<SourceText>) -> Diagnostics {
    let problem = Diagnostic::new(source, 0..0, "the gate file could not be read completely")
        .help("this is a fault of the program; please report it with the file");
    Diagnostics::one(problem)
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}
