//! The trait of every world.

use std::sync::Arc;

use async_trait::async_trait;

use super::{Effect, Response, WorldError};
use crate::model::SubtaskId;

/// The outside of the gate.
///
/// A layer (policy, redaction, recording, faults) wraps another world and is itself one, so a verb
/// cannot know which world it is in.
#[async_trait]
pub trait World: Send + Sync {
    /// Performs one effect on behalf of a subtask.
    ///
    /// # Errors
    /// Why there is no response; the caller turns it into a verdict that is never a pass.
    async fn perform(&self, by: &SubtaskId, effect: Effect) -> Result<Response, WorldError>;
}

/// A shared world is a world: several layers may wrap the same one.
#[async_trait]
impl<W: World + ?Sized> World for Arc<W> {
    async fn perform(&self, by: &SubtaskId, effect: Effect) -> Result<Response, WorldError> {
        (**self).perform(by, effect).await
    }
}
