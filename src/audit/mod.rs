//! The fix audit: shows that a fix changes behaviour, is proved by a test, and is in a release.
//!
//! Owns the judgement. Never changes the audited repository beyond its own worktrees, which it
//! takes away again; everything it asks of the outside goes through [`crate::world::World`].

mod behaviour;
mod change;
mod error;
mod git;
mod request;
pub mod syntax;

pub use behaviour::{Behaviour, Nature, behaviour};
pub use change::{ChangedFile, Commits, Status, in_scope, is_test};
pub use error::AuditError;
pub use request::{AuditRequest, Limits, TestCommand};
