//! The input and result of running a recorded gate again.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;

use crate::journal::Folded;
use crate::model::{Facts, Outcome, SubtaskId};
use crate::world::World;

/// What is needed to run a gate again: the engine and the reports.
#[async_trait]
pub trait Rerun: Send + Sync {
    /// Runs the gate of a recording in a world, to its end. Nothing else may be accessed.
    ///
    /// # Errors
    /// If it cannot start.
    async fn run(&self, recorded: &Folded, world: Arc<dyn World>) -> Result<Rerunned, String>;

    /// Renders all reports of a run from its journal, by file name.
    ///
    /// # Errors
    /// If the journal does not contain what they need.
    fn reports(&self, folded: &Folded) -> Result<BTreeMap<String, Vec<u8>>, String>;
}

/// The result of running a gate again.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rerunned {
    /// How the subtasks ended.
    pub outcomes: BTreeMap<SubtaskId, Outcome>,
    /// The facts they published.
    pub facts: Facts,
}
