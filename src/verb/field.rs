//! The fields of a fact, as its verb knows them before the run.

use crate::model::Kind;

/// A field of a fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// The kind of its value.
    pub kind: Kind,
    /// Whether it may be null, or absent.
    pub optional: bool,
}

impl Field {
    /// A field that is always present.
    pub fn new(name: impl Into<String>, kind: Kind) -> Self {
        Self {
            name: name.into(),
            kind,
            optional: false,
        }
    }

    /// Fields in the notation of verbs: `url: text`, `closed_at: text?` if it may be null.
    pub fn all<S: AsRef<str>>(written: impl IntoIterator<Item = S>) -> Vec<Self> {
        written
            .into_iter()
            .map(|field| Self::read(field.as_ref()))
            .collect()
    }

    fn read(written: &str) -> Self {
        let (name, kind) = written.split_once(": ").unwrap_or((written, ""));
        let kind = match kind.trim_end_matches('?') {
            "text" => Kind::Text,
            "number" => Kind::Number,
            "integer" => Kind::Integer,
            "boolean" => Kind::Boolean,
            "list" => Kind::List,
            "table" => Kind::Table,
            _ => Kind::Any,
        };
        Self {
            optional: written.ends_with('?'),
            ..Self::new(name, kind)
        }
    }
}
