//! What a gate is: definition, loading and its diagnostics, graph, facts, verdict. Pure, no I/O.

mod id;

pub use id::SubtaskId;
