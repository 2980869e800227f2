//! The progress of a run: its steps in plan order, the state of each, and the published facts.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::gate::Start;
use crate::model::{Facts, Outcome, SubtaskId};

/// A subtask as the dispatcher sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Its id.
    pub id: SubtaskId,
    /// Its work package.
    pub work_package: String,
    /// Subtasks that must have ended without stopping it before it starts.
    pub after: Vec<SubtaskId>,
    /// When it starts.
    pub start: Start,
    /// Fact that must hold, or it is skipped.
    pub only_if: Option<String>,
    /// The fact it publishes; if it is skipped, the fact is the reason.
    pub publishes: Option<String>,
    /// Whether it is within `--until` and `--only`.
    pub in_scope: bool,
    /// What it would do externally, if a dry run therefore stops before it.
    pub dry_run_stop: Option<String>,
    /// What it needs from other steps, with a description, for a dry run that goes through.
    pub needs: Vec<(SubtaskId, String)>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum StepState {
    Waiting,
    Running,
    Ended(Outcome),
}

/// The data for decisions.
#[derive(Debug)]
pub(super) struct RunState {
    pub(super) steps: Vec<Step>,
    pub(super) states: BTreeMap<SubtaskId, StepState>,
    pub(super) facts: Arc<Facts>,
    pub(super) interrupted: bool,
    /// Whether what a dry run leaves out stops only what needs it.
    pub(super) through: bool,
}

impl RunState {
    pub(super) fn new(steps: Vec<Step>) -> Self {
        let waiting = |step: &Step| (step.id.clone(), StepState::Waiting);
        Self {
            states: steps.iter().map(waiting).collect(),
            steps,
            facts: Arc::default(),
            interrupted: false,
            through: false,
        }
    }

    /// How a subtask ended, once it has.
    pub(super) fn outcome(&self, id: &SubtaskId) -> Option<&Outcome> {
        match self.states.get(id)? {
            StepState::Ended(outcome) => Some(outcome),
            StepState::Waiting | StepState::Running => None,
        }
    }
}
