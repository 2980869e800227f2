//! The shared vocabulary: ids, facts, verdicts, scopes, events, templates, diagnostics. Pure data
//! and pure functions; never touches a file, a process, the network or a clock.

pub(crate) mod alignment;
mod bounds;
mod closing;
mod closing_rendered;
mod comment_text;
mod condition;
mod diagnostic;
mod duration;
pub mod escape;
mod event;
mod facts;
mod holder;
mod id;
mod kind;
pub(crate) mod milliseconds;
mod nearest;
mod numbered;
mod policy_table;
mod scope;
mod shape;
mod shell;
mod strict_json;
pub mod subject;
mod tags;
pub(crate) mod template;
mod template_error;
mod triage;
mod verdict;

pub use closing::closing_reference;
pub use comment_text::render_comment;
pub use condition::{Condition, Operator};
pub use diagnostic::{Diagnostic, Diagnostics, Look, SourceText};
pub use duration::{DurationError, parse_duration};
pub use event::{EVENT_FORMAT, Event, EventKind};
pub use facts::{AlreadyPublished, Fact, Facts, Origin, ReadFrom, Source, value_at};
pub use holder::Holder;
pub use id::SubtaskId;
pub use kind::Kind;
pub use nearest::nearest;
pub use numbered::{is_numbered_name, numbered_paths};
pub use policy_table::{
    PolicyTable, ResolvedPolicy, is_issue_reference, is_repository, same_issue,
};
pub use scope::{Asked, Repeat, Scope};
pub use shape::Shape;
pub use shell::{command_line, quoted};
pub use strict_json::{JsonError, kind_of, read_first_json, read_json, read_json_as};
pub use template::{context, is_template, quoted_names, render, render_fields};
pub use template_error::TemplateError;
pub use triage::{Triage, matches_everything};
pub use verdict::{Finding, Outcome, Stop, Verdict};
