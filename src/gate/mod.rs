//! The gate file: definition, loading with its checks, graph, plan, parameters, schema; and the
//! gates that ship. Pure: texts in, values or diagnostics out.

mod built_in;
mod candidate;
mod consent;
mod definition;
mod done;
mod graph;
mod load;
mod needs;
mod parameters;
pub mod plan;
mod played;
pub mod reference;
mod rehearsal;
mod resolve;
mod schema;
mod scope;
mod starter;
mod subject;
mod uses;
mod workflow;

pub use definition::{
    DEFAULT_TIMEOUT, GATE_FORMAT, Gate, GateSource, Priority, Start, Subtask, WorkPackage,
};
pub use graph::{Cycle, Graph};
pub use load::digest_of;
pub use needs::Need;
pub use parameters::{Overrides, ParameterError, RESERVED, SetError, leaves, variable_name};
pub use rehearsal::{
    PlayedCheckout, PlayedComment, PlayedIssue, PlayedPage, PlayedProgram, PlayedState, Rehearsal,
    ShippedWorld,
};
pub use schema::{schema, schema_text};
pub use scope::UnknownWorkPackage;
pub use starter::{Question, STARTERS, Starter};
pub use subject::without_gate as subject_without_gate;
pub use uses::Uses;
pub use workflow::{Recipe, Started, UnknownSplit, WorkflowError, workflow};
