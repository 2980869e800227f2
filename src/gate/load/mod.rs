//! Reads a gate file, and refuses it with everything that is wrong with it. Pure: texts in, a
//! gate or diagnostics out.

mod document;
mod draft;
mod each;
mod fields;
mod file;
mod form;
mod include;
mod known;
mod names;
mod policy;
mod quotes;
mod reach;
mod rehearsed;
mod rules;
mod table;
mod times;
mod values;

use std::sync::Arc;

use crate::store::sha256_hex;
use serde_json::{Map, Value};

pub(super) use document::{At, Document, table_to_json};
use draft::{Draft, DraftPackage, DraftSubtask};

pub(super) use file::{GateTable, SubtaskTable, WorkPackageTable, part_schemas};
pub(super) use names::did_you_mean;
pub(super) use table::whole_schemas;

use super::definition::{DEFAULT_TIMEOUT, Gate, GateSource, Subtask, WorkPackage};
use super::{GATE_FORMAT, Graph};
use crate::model::{Diagnostic, Diagnostics, ResolvedPolicy, SourceText, Triage};

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
    let mut problems = Vec::new();
    let (source, included) = include::sources(name, text, templates, &mut problems);
    let (mut document, errors) = Document::parse(&source);
    problems.extend(errors);
    // What is no TOML would only be misunderstood further on.
    if let Some(diagnostics) = Diagnostics::of(name, std::mem::take(&mut problems)) {
        return Err(diagnostics);
    }
    let mut parameters = Draft::parameters(&document, &mut problems);
    change(&mut parameters);
    each::expand(&mut document, &parameters, &mut problems);
    let draft = Draft::read(&document, parameters, &mut problems);
    let graph = names::check(&document, &draft, &mut problems);
    values::check(&document, &draft, &mut problems);
    rules::check(&document, &draft, &mut problems);
    times::check(&document, &draft, &mut problems);
    let (policy, triage) = policy::check(&document, &draft, &mut problems);
    fields::check(&document, &draft, &mut problems);
    reach::check(&document, &draft, &policy, &mut problems);
    rehearsed::check(&document, &draft, &mut problems);
    let mut used = quotes::check(&document, &draft, graph.as_ref(), templates, &mut problems);
    if let Some(diagnostics) = Diagnostics::of(name, problems) {
        return Err(diagnostics);
    }
    let gate_source = GateSource {
        name: name.to_owned(),
        text: text.to_owned(),
        sha256: digest(text, &included),
    };
    // In the bundle they lie beside the templates, where a gate file finds what it names.
    used.extend(included);
    let checked = Checked {
        graph: graph.unwrap_or_default(),
        policy,
        triage,
        templates: used,
    };
    finish(draft, checked, gate_source).ok_or_else(|| not_complete(&source))
}

/// The digest of a gate: of its file, and of all that it includes.
#[must_use]
pub fn digest_of(text: &str, find: &dyn Fn(&str) -> Option<String>) -> String {
    let (_, included) = include::sources("gate.toml", text, find, &mut Vec::new());
    digest(text, &included)
}

fn digest(text: &str, included: &[(String, String)]) -> String {
    let own = sha256_hex(text.as_bytes());
    if included.is_empty() {
        return own;
    }
    let mut lines = format!("{own}\n");
    for (name, text) in included {
        lines.extend([
            sha256_hex(text.as_bytes()).as_str(),
            " ",
            name.as_str(),
            "\n",
        ]);
    }
    sha256_hex(lines.as_bytes())
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
        rehearsal: draft.rehearsal.unwrap_or_default(),
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
        runs_on: table.runs_on,
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
