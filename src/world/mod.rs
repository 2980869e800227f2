//! The one door to the outside.
//!
//! Owns [`Effect`], [`Response`] and the trait [`World`]; its layers wrap a world and are
//! worlds. Nothing outside `world/live/` spawns, opens, connects, signals or reads a clock.

mod effect;
mod error;
pub mod fault;
pub mod live;
mod observation;
mod place;
pub mod policy;
pub mod process_rule;
mod record;
pub mod redact;
mod replay;
mod response;
#[cfg(test)]
pub(crate) mod scripted;
mod spared;
mod strand;

use std::sync::Arc;

use async_trait::async_trait;

pub(crate) use effect::milliseconds;
pub use effect::{
    Effect, EndProcesses, EnvBase, Fixed, HttpGet, KeepFiles, ListFiles, Pack, ProcessRule,
    Program, ReadFile, Watch, WriteFile,
};
pub use error::{FileFailure, WorldError};
pub use observation::{Asked, FixedSeen, Incident, Noticed, Observation};
pub use place::Place;
pub use process_rule::{CompiledRule, RuleError, Spared};
pub use record::{Exchanges, RecordLayer};
pub use replay::{Difference, ReplayWorld};
pub use response::{
    Captured, Ended, Fate, FileSeen, Finished, HttpAnswer, ProcessIdentity, ProcessSeen, Receipt,
    Response,
};
pub use strand::strand;

use crate::gate::SubtaskId;

/// Everything outside the gate.
///
/// A layer (policy, redaction, recording, faults) holds another world and is one itself, so a
/// verb cannot know which world it is in.
#[async_trait]
pub trait World: Send + Sync {
    /// Performs one effect on behalf of a subtask.
    ///
    /// # Errors
    /// The reason why there is no answer; the caller turns it into a verdict that is never a pass.
    async fn perform(&self, by: &SubtaskId, effect: Effect) -> Result<Response, WorldError>;
}

/// A shared world is a world: a layer may wrap one that others hold too.
#[async_trait]
impl<W: World + ?Sized> World for Arc<W> {
    async fn perform(&self, by: &SubtaskId, effect: Effect) -> Result<Response, WorldError> {
        (**self).perform(by, effect).await
    }
}
