//! What a gate is, as data: work packages, subtasks, policy, rules. Owns the types; never reads
//! a file (that is [`super::load`]) and never decides what runs next (that is [`super::Graph`]).

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Graph;
use super::rehearsal::Rehearsal;
use crate::model::{PolicyTable, ResolvedPolicy, SubtaskId, Triage};
use crate::verbs::Verb;
use crate::world::ProcessRule;

/// Version of the gate file's format that this program reads.
pub const GATE_FORMAT: u32 = 1;

/// How long a subtask may take when its gate does not say.
pub const DEFAULT_TIMEOUT: &str = "5m";

/// A gate that was read and checked.
///
/// Invariant: ids are unique, edges lead to subtasks that exist and form no cycle, every name a
/// template quotes is a parameter or published earlier, every write is in the policy. Only
/// [`Gate::load`] makes one.
#[derive(Debug, Clone)]
pub struct Gate {
    /// Version of its file's format.
    pub format: u32,
    /// Short name, fit for file names.
    pub name: String,
    /// Title for people.
    pub title: String,
    /// The mission it belongs to; empty when it has none.
    pub mission: String,
    /// Parameters as one tree, overrides applied.
    pub parameters: Map<String, Value>,
    /// Every write that may ever happen, as written.
    pub policy: PolicyTable,
    /// How processes are recognised, by name.
    pub processes: BTreeMap<String, ProcessRule>,
    /// What failures mean, parameters filled in.
    pub triage: Vec<Triage>,
    /// What the outside is in a rehearsal, as written.
    pub rehearsal: Rehearsal,
    /// Comment templates by name.
    pub templates: BTreeMap<String, String>,
    /// Work packages, in file order.
    pub work_packages: Vec<WorkPackage>,
    /// The file it was read from.
    pub source: GateSource,
    pub(super) graph: Graph,
    pub(super) resolved_policy: ResolvedPolicy,
}

/// The file a gate was read from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateSource {
    /// Its name, as diagnostics show it.
    pub name: String,
    /// Its text.
    pub text: String,
    /// SHA-256 of the text, lower-case hex.
    pub sha256: String,
}

/// A named group of subtasks.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkPackage {
    /// Id, such as `WP01`.
    pub id: String,
    /// Title for people.
    pub title: String,
    /// How much it matters.
    pub priority: Priority,
    /// Whether a non-pass also stops what does not depend on it. What depends on a work package
    /// never starts unless it passed, hard gate or not.
    pub hard_gate: bool,
    /// Ids of the work packages that must have passed before.
    pub depends_on: Vec<String>,
    /// What it is for.
    pub goal: String,
    /// The label of the runner that it wants, where `gate workflow` makes jobs of the gate.
    pub runs_on: Option<String>,
    /// Its subtasks, in file order.
    pub subtasks: Vec<Subtask>,
}

/// How much a work package matters.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Priority {
    /// The release hangs on it.
    Critical,
    /// Needed for the gate to close.
    High,
    /// Worth knowing.
    Medium,
    /// Nice to know.
    Low,
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Critical => "Critical",
            Self::High => "High",
            Self::Medium => "Medium",
            Self::Low => "Low",
        })
    }
}

/// The smallest unit with a verdict.
#[derive(Debug, Clone, PartialEq)]
pub struct Subtask {
    /// Id, such as `T004`.
    pub id: SubtaskId,
    /// Title for people.
    pub title: String,
    /// Whether it starts together with the subtask before it.
    pub parallel: bool,
    /// The subtasks it waits for, where these are not simply the ones before it.
    pub after: Option<Vec<SubtaskId>>,
    /// What must have happened for it to start.
    pub on: Start,
    /// Dotted path of the fact that says whether it applies: a table with `holds` and `why`.
    pub only_if: Option<String>,
    /// Template of its time limit, such as `15m`.
    pub timeout: String,
    /// Template of the age after which its result is taken again.
    pub max_age: Option<String>,
    /// What it does, templates not yet filled in.
    pub verb: Verb,
    /// The verb's raw fields with their templates, `uses` included.
    pub fields: Value,
}

/// What must have happened for a subtask to start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Start {
    /// All it waits for has passed or was skipped.
    #[default]
    Success,
    /// An earlier subtask of its work package failed; otherwise it is skipped, "not needed".
    Failure,
}

impl Gate {
    /// Its subtasks with their work packages, in file order.
    pub fn subtasks(&self) -> impl Iterator<Item = (&WorkPackage, &Subtask)> {
        self.work_packages.iter().flat_map(|package| {
            package
                .subtasks
                .iter()
                .map(move |subtask| (package, subtask))
        })
    }

    /// The subtask of this id.
    #[must_use]
    pub fn subtask(&self, id: &SubtaskId) -> Option<&Subtask> {
        self.subtasks()
            .map(|(_, subtask)| subtask)
            .find(|subtask| &subtask.id == id)
    }

    /// The work package that holds this subtask.
    #[must_use]
    pub fn work_package_of(&self, id: &SubtaskId) -> Option<&WorkPackage> {
        self.subtasks()
            .find(|(_, subtask)| &subtask.id == id)
            .map(|(package, _)| package)
    }

    /// What waits for what.
    #[must_use]
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The policy with all parameters filled in.
    #[must_use]
    pub fn resolved_policy(&self) -> ResolvedPolicy {
        self.resolved_policy.clone()
    }
}
