//! The fix audit: shows that a fix changes behaviour, is proved by a test, and is in a release.
//!
//! Owns the judgement. Never changes the audited repository beyond its own worktrees, which it
//! removes again; every external effect goes through [`crate::world::World`].

mod asserts;
mod behaviour;
mod bench;
mod blobs;
mod brought;
mod bytes;
mod captured;
mod change;
mod contained;
mod encoding;
mod environment;
mod error;
mod git;
mod imports;
pub(crate) mod junit;
mod linked;
mod load;
mod neutral;
mod outcome;
mod overlay;
mod project;
mod proof;
mod prover;
mod proving;
mod python;
mod raised;
mod report;
mod request;
mod rule;
mod run;
mod selection;
mod side;
mod sides;
mod sources;
mod stubs;
pub mod syntax;
mod uses;
mod uv;
mod verdict;
mod weigh;
mod worktrees;

pub use behaviour::{Behaviour, Nature, behaviour};
pub use change::{ChangedFile, Commits, Status, in_scope, is_test};
pub use contained::{Containment, ContainmentRequest, Differs, containment};
pub use error::AuditError;
pub use linked::{
    HEADLINES_QUERY, History, LinkedChange, NamingCommit, NoLinkedChange, TIMELINE_QUERY, base_of,
    commits_naming, headlines,
};
pub use outcome::{Outcome, Outcomes};
pub use proof::{Hunk, Load, Proof, ProvingTest, Told, Without};
pub use proving::{clean_up, prove};
pub use report::{AuditReport, REPORT_VERSION, audit};
pub use request::{AuditRequest, Limits, TestCommand};
pub use rule::{AssertsOn, Reading};
pub use side::TestEnvironment;
pub use verdict::{Decision, Verdict, verdict, verdict_of_change, verdict_of_proof};
pub use worktrees::clean_up_below;
