//! The contract of a verb: what it declares, its context, and how it may end early. Knows no
//! specific verb.

mod ctx;
mod declare;
pub(crate) mod durations;
mod error;
mod field;
pub mod inputs;
mod param;
pub(crate) mod programs;
#[cfg(test)]
pub(crate) mod scripted;
mod setting;

use async_trait::async_trait;

use crate::model::Outcome;

pub use ctx::Ctx;
pub use declare::{Ask, Declares, Leaves, OnMachine, Write, Wrong};
pub use error::VerbError;
pub use field::Field;
pub use inputs::{Input, Inputs};
pub use param::Param;
pub use setting::Setting;

/// What a verb does when its subtask runs.
#[async_trait]
pub trait Act: Sync {
    /// Runs the verb, and returns its outcome.
    ///
    /// # Errors
    /// Whatever prevented a verdict; never a pass.
    async fn act(&self, ctx: &Ctx) -> Result<Outcome, VerbError>;

    /// Recreates, on a machine to which a run was passed on, what the verb left on the previous
    /// one.
    ///
    /// # Errors
    /// Whatever prevented it.
    async fn remake(&self, ctx: &Ctx) -> Result<Outcome, VerbError> {
        self.act(ctx).await
    }
}
