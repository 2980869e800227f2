//! Settings of the gate file outside the subtasks.

use std::collections::BTreeMap;

use crate::model::{Repeat, Triage};
use crate::world::ProcessRule;

/// The settings of the gate file outside the subtasks, parameters filled in.
#[derive(Debug, Clone, Default)]
pub struct Setting {
    /// Id of the run; part of the idempotency key in comments.
    pub run: String,
    /// Format of the journal that is written; 0 without a journal.
    pub format: u32,
    /// Name of the gate.
    pub gate: String,
    /// The candidate's version, if it is known when the subtask starts.
    pub candidate: Option<String>,
    /// What to do about a comment of another run for the same candidate.
    pub again: Option<Repeat>,
    /// Process rules by name.
    pub processes: BTreeMap<String, ProcessRule>,
    /// Issues that must never be closed, under any name.
    pub never_close: Vec<String>,
    /// The triage rules for failures.
    pub triage: Vec<Triage>,
    /// Comment templates by name.
    pub templates: BTreeMap<String, String>,
    /// The gate's parameters as one tree.
    pub parameters: serde_json::Map<String, serde_json::Value>,
}
