//! Settings of the gate file outside the subtasks.

use std::collections::BTreeMap;

use crate::model::{Repeat, Triage};
use crate::world::ProcessRule;

/// What the gate file says beside the subtasks, parameters filled in.
#[derive(Debug, Clone, Default)]
pub struct Setting {
    /// Id of the run; part of the hidden marker in comments.
    pub run: String,
    /// Format of the journal that is kept; 0 where none is.
    pub format: u32,
    /// Name of the gate.
    pub gate: String,
    /// The version that the run is about, as far as it is known when the subtask starts.
    pub candidate: Option<String>,
    /// What is done about the comment of another run for the same candidate.
    pub again: Option<Repeat>,
    /// Process rules by name.
    pub processes: BTreeMap<String, ProcessRule>,
    /// Issues that may never be closed, under whatever name.
    pub never_close: Vec<String>,
    /// What failures mean.
    pub triage: Vec<Triage>,
    /// Comment templates by name.
    pub templates: BTreeMap<String, String>,
    /// The gate's parameters as one tree.
    pub parameters: serde_json::Map<String, serde_json::Value>,
}
