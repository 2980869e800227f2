//! What a gate is: definition, loading and its diagnostics, graph, facts, verdict. Pure, no I/O.

mod bounds;
mod built_in;
mod closing;
mod definition;
mod diagnostic;
mod duration;
mod facts;
mod graph;
mod id;
mod load;
mod nearest;
mod needs;
mod parameters;
pub mod plan;
mod policy_table;
mod resolve;
mod schema;
mod tags;
mod template;
mod template_error;
mod triage;
mod verdict;

pub use closing::closing_reference;
pub use definition::{
    DEFAULT_TIMEOUT, GATE_FORMAT, Gate, GateSource, Priority, Start, Subtask, WorkPackage,
};
pub use diagnostic::{Diagnostic, Diagnostics, Look, SourceText};
pub use duration::{DurationError, parse_duration};
pub use facts::{AlreadyPublished, Fact, Facts, Source};
pub use graph::{Cycle, Graph};
pub use id::SubtaskId;
pub use nearest::nearest;
pub use needs::Need;
pub use parameters::{Overrides, ParameterError, RESERVED, SetError, leaves, variable_name};
pub use policy_table::{
    PolicyTable, ResolvedPolicy, is_issue_reference, is_repository, same_issue,
};
pub use schema::{schema, schema_text};
pub use template::{TemplateError, context, is_template, quoted_names, render, render_fields};
pub use triage::Triage;
pub use verdict::{Finding, Outcome, Stop, Verdict};
