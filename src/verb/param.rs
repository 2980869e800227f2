//! Verb fields that are not texts but may still be templates.

use serde::{Deserialize, Serialize};

/// A value that is not text: given as it is, or as a template that yields it.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
#[serde(untagged)]
pub enum Param<T> {
    /// Given.
    Given(T),
    /// `{{ name }}`, replaced by that fact's or parameter's value before the verb runs.
    Template(String),
}

impl<T> Param<T> {
    /// The value; none while it is still a template.
    pub fn given(&self) -> Option<&T> {
        match self {
            Self::Given(value) => Some(value),
            Self::Template(_) => None,
        }
    }
}

/// A text that is no template is of the wrong type: once templates are filled in, what is left
/// must be given.
impl<'de, T: Deserialize<'de>> Deserialize<'de> for Param<T> {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(
            untagged,
            expecting = "a value of another type, or a template that yields it"
        )]
        enum Written<T> {
            Given(T),
            Text(String),
        }
        match Written::deserialize(from)? {
            Written::Given(value) => Ok(Self::Given(value)),
            Written::Text(text) if text.contains("{{") => Ok(Self::Template(text)),
            Written::Text(text) => Err(serde::de::Error::custom(format!(
                "the text `{text}` where a value of another type, or a template that yields it, is needed"
            ))),
        }
    }
}
