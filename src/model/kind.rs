//! The kind of value of a fact or of its fields, as far as it is known before the run.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};

/// A kind of value.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Text.
    Text,
    /// A number.
    Number,
    /// A whole number.
    Integer,
    /// `true` or `false`.
    Boolean,
    /// A list.
    List,
    /// A table.
    Table,
    /// Whatever it is.
    #[default]
    Any,
}

impl Kind {
    /// Whether a value is of this kind.
    #[must_use]
    pub fn fits(self, value: &Value) -> bool {
        match self {
            Self::Text => value.is_string(),
            Self::Number => value.is_number(),
            Self::Integer => value.is_i64() || value.is_u64(),
            Self::Boolean => value.is_boolean(),
            Self::List => value.is_array(),
            Self::Table => value.is_object(),
            Self::Any => true,
        }
    }

    /// A text read as this kind; none where it is none.
    #[must_use]
    pub fn read(self, text: &str) -> Option<Value> {
        let text = text.trim();
        match self {
            Self::Text | Self::Any => Some(Value::from(text)),
            Self::Integer => text.parse::<i64>().ok().map(Value::from),
            Self::Number => {
                let whole = text.parse::<i64>().ok().map(Value::from);
                let number = || text.parse().ok().and_then(Number::from_f64);
                whole.or_else(|| number().map(Value::Number))
            }
            Self::Boolean => text.parse::<bool>().ok().map(Value::from),
            Self::List | Self::Table => {
                let value = super::read_json(text).ok()?;
                self.fits(&value).then_some(value)
            }
        }
    }

    /// The kind of a value.
    #[must_use]
    pub fn of(value: &Value) -> Self {
        match value {
            Value::String(_) => Self::Text,
            Value::Number(number) if number.is_f64() => Self::Number,
            Value::Number(_) => Self::Integer,
            Value::Bool(_) => Self::Boolean,
            Value::Array(_) => Self::List,
            Value::Object(_) => Self::Table,
            Value::Null => Self::Any,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Text => "text",
            Self::Number => "number",
            Self::Integer => "integer",
            Self::Boolean => "boolean",
            Self::List => "list",
            Self::Table => "table",
            Self::Any => "any",
        })
    }
}
