//! Why a template could not be rendered, and the position of the error.

use std::fmt;

use crate::model::SubtaskId;

/// Why a template could not be rendered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// It quotes something that does not exist.
    #[error("{at}: `{name}` is neither a fact nor a parameter", at = place(subtask.as_ref(), field))]
    Undefined {
        /// The subtask, where there is one.
        subtask: Option<SubtaskId>,
        /// The field, dotted; empty when unknown.
        field: String,
        /// What is missing.
        name: String,
    },
    /// It cannot be parsed or rendered.
    #[error("{at}: {reason}", at = place(subtask.as_ref(), field))]
    Broken {
        /// The subtask, where there is one.
        subtask: Option<SubtaskId>,
        /// The field, dotted; empty when unknown.
        field: String,
        /// Why.
        reason: String,
    },
    /// A fact would replace a parameter, or is inside another fact.
    #[error("fact `{fact}` and `{other}` say different things")]
    Conflict {
        /// The fact.
        fact: String,
        /// The path at which they meet.
        other: String,
    },
}

fn place(subtask: Option<&SubtaskId>, field: &str) -> String {
    match (subtask, field) {
        (Some(subtask), "") => format!("subtask `{subtask}`"),
        (Some(subtask), field) => format!("subtask `{subtask}`, field `{field}`"),
        (None, "") => "template".to_owned(),
        (None, field) => format!("field `{field}`"),
    }
}

impl TemplateError {
    pub(crate) fn broken(reason: impl fmt::Display) -> Self {
        Self::Broken {
            subtask: None,
            field: String::new(),
            reason: reason.to_string(),
        }
    }

    pub(crate) fn in_field(mut self, part: &str) -> Self {
        if let Self::Undefined { field, .. } | Self::Broken { field, .. } = &mut self {
            *field = match (part.is_empty(), field.is_empty()) {
                (true, _) => std::mem::take(field),
                (_, true) => part.to_owned(),
                _ if field.starts_with('[') => format!("{part}{field}"),
                _ => format!("{part}.{field}"),
            };
        }
        self
    }

    pub(crate) fn in_subtask(mut self, id: &SubtaskId) -> Self {
        if let Self::Undefined { subtask, .. } | Self::Broken { subtask, .. } = &mut self {
            *subtask = Some(id.clone());
        }
        self
    }
}
