//! The rehearsal's answers in place of the real world: the prompt is confirmed, and a webhook
//! accepts what is sent. Nothing leaves this machine.

use std::sync::Arc;

use async_trait::async_trait;

use crate::model::SubtaskId;
use crate::world::{Effect, HttpAnswer, Response, World, WorldError};

/// The layer that answers.
pub(super) struct Answering(pub(super) Arc<dyn World>);

#[async_trait]
impl World for Answering {
    async fn perform(&self, by: &SubtaskId, effect: Effect) -> Result<Response, WorldError> {
        match effect {
            Effect::AskPerson(asked) => Ok(Response::Typed(asked.expected.first().cloned())),
            Effect::HttpPost(_) => Ok(Response::Http(HttpAnswer {
                status: 204,
                ..HttpAnswer::default()
            })),
            other => self.0.perform(by, other).await,
        }
    }
}
