//! The fix audit: shows that a fix changes behaviour, is proved by a test, and is in a release.
//!
//! Owns the judgement. Never changes the audited repository beyond its own worktrees, which it
//! takes away again; everything it asks of the outside goes through [`crate::world::World`].

mod asserts;
mod behaviour;
mod blobs;
mod captured;
mod change;
mod contained;
mod error;
mod git;
mod junit;
mod linked;
mod load;
mod neutral;
mod proof;
mod report;
mod request;
mod rule;
mod run;
pub mod syntax;
mod verdict;
mod worktrees;

pub use behaviour::{Behaviour, Nature, behaviour};
pub use change::{ChangedFile, Commits, Status, in_scope, is_test};
pub use contained::{Containment, ContainmentRequest, Differs, containment};
pub use error::AuditError;
pub use junit::{Outcome, Outcomes, outcomes};
pub use linked::{
    HEADLINES_QUERY, LinkedChange, NamingCommit, NoLinkedChange, TIMELINE_QUERY, base_of,
    commits_naming, headlines, linked_change,
};
pub use load::{Hunk, Load, Without};
pub use proof::{Proof, ProvingTest, Told, clean_up, prove};
pub use report::{AuditReport, REPORT_VERSION, audit};
pub use request::{AuditRequest, Limits, TestCommand};
pub use rule::{AssertsOn, Reading};
pub use verdict::{Decision, Verdict, verdict, verdict_of_change, verdict_of_proof};
pub use worktrees::clean_up_below;
