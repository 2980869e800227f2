//! A requested field, and why it may have no value.

use serde_json::{Map, Value};

use super::super::state::Refusal;

/// A field while it is resolved.
pub(super) struct Asked<'a> {
    pub(super) name: &'a str,
    /// Its arguments, variables put in and defaults left out.
    pub(super) arguments: Map<String, Value>,
    /// Whether `nodes` of its value are requested.
    pub(super) nodes: bool,
    /// Name of the type that it returns.
    pub(super) returns: &'a str,
}

impl Asked<'_> {
    pub(super) fn text(&self, argument: &str) -> &str {
        let value = self.arguments.get(argument).and_then(Value::as_str);
        value.unwrap_or_default()
    }

    pub(super) fn number(&self, argument: &str) -> Option<i64> {
        self.arguments.get(argument).and_then(Value::as_i64)
    }
}

/// Why a field has no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refused {
    /// GitHub's error type, such as `NOT_FOUND`.
    pub(super) kind: &'static str,
    pub(super) message: String,
}

impl Refused {
    pub(super) fn not_found(message: String) -> Self {
        Self {
            kind: "NOT_FOUND",
            message,
        }
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        let kind = match refusal {
            Refusal::NoNode(_) => "NOT_FOUND",
            Refusal::Blank | Refusal::TooLong => "UNPROCESSABLE",
        };
        Self {
            kind,
            message: refusal.to_string(),
        }
    }
}
