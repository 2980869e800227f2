//! What a gate is: definition, loading and its diagnostics, graph, facts, verdict. Pure, no I/O.

mod facts;
mod id;
mod triage;
mod verdict;

pub use facts::{AlreadyPublished, Fact, Facts, Source};
pub use id::SubtaskId;
pub use triage::Triage;
pub use verdict::{Finding, Outcome, Stop, Verdict};
