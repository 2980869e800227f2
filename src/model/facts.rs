//! Facts: the results that subtasks publish, each with the request and response it came from.
//! Immutable once published.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::SubtaskId;

/// The source of a fact.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Source {
    /// The subtask that published it.
    pub by: SubtaskId,
    /// Number of the request within that subtask, from 1; none if it was concluded from other
    /// facts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exchange: Option<u32>,
    /// Names of the facts that were read before it was concluded; journals of format 1 have none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub facts: Vec<String>,
    /// Where its parts were read, as far as the verb recorded it; journals of format 1 have none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub origins: Vec<Origin>,
}

impl Source {
    /// A source without further details.
    #[must_use]
    pub fn of(by: SubtaskId, exchange: Option<u32>) -> Self {
        Self {
            by,
            exchange,
            facts: Vec::new(),
            origins: Vec::new(),
        }
    }

    /// The same as it is in journals of format 1.
    #[must_use]
    pub fn without_origins(&self) -> Self {
        Self::of(self.by.clone(), self.exchange)
    }
}

/// Where a part of a fact was read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Origin {
    /// The part, as a path within the fact: `runs[2]`; empty for all of it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub part: String,
    /// What it was read from.
    #[serde(flatten)]
    pub from: ReadFrom,
}

/// What a part of a fact was read from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReadFrom {
    /// A response to the same subtask.
    Answer {
        /// Number of the request.
        request: u32,
        /// JSON pointer into the answer, to a value or to a text.
        at: String,
        /// JSON pointer within the document that this text is; empty for all of it.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        inside: String,
    },
    /// Another fact, or a part of it.
    Fact(String),
}

impl Origin {
    /// Read from a response: at this JSON pointer, and at this one within the document at that
    /// place.
    pub fn answer(part: impl Into<String>, request: u32, at: &str, inside: &str) -> Self {
        Self {
            part: part.into(),
            from: ReadFrom::Answer {
                request,
                at: at.to_owned(),
                inside: inside.to_owned(),
            },
        }
    }

    /// Read from another fact, or a part of it.
    pub fn fact(part: impl Into<String>, fact: impl Into<String>) -> Self {
        Self {
            part: part.into(),
            from: ReadFrom::Fact(fact.into()),
        }
    }
}

/// A published value.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Fact {
    /// Dotted name, such as `rc.version`.
    pub name: String,
    /// The value: text, number, list or table.
    pub value: Value,
    /// Where it came from.
    pub source: Source,
}

/// All facts of a run, by name. Clones share them: each subtask gets one.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    by_name: BTreeMap<String, Arc<Fact>>,
}

/// A fact was published twice.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("fact `{name}` was already published by `{by}`")]
pub struct AlreadyPublished {
    /// Its name.
    pub name: String,
    /// The subtask that published it first.
    pub by: SubtaskId,
}

impl Facts {
    /// Publishes a fact.
    ///
    /// # Errors
    /// If there is already one with that name: facts are immutable.
    pub fn publish(&mut self, fact: Fact) -> Result<(), AlreadyPublished> {
        if let Some(first) = self.by_name.get(&fact.name) {
            return Err(AlreadyPublished {
                name: fact.name,
                by: first.source.by.clone(),
            });
        }
        self.by_name.insert(fact.name.clone(), Arc::new(fact));
        Ok(())
    }

    /// The fact of exactly this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Fact> {
        self.by_name.get(name).map(Arc::as_ref)
    }

    /// The value at a dotted path, which may reach into a fact: `runs[2].outcome`.
    #[must_use]
    pub fn value(&self, path: &str) -> Option<&Value> {
        let (fact, rest) = self.containing(path)?;
        value_at(&fact.value, rest)
    }

    /// The fact that contains the value at a dotted path, and the rest of the path.
    #[must_use]
    pub fn containing<'a>(&self, path: &'a str) -> Option<(&Fact, &'a str)> {
        let mut end = path.len();
        loop {
            if let Some(fact) = self.by_name.get(&path[..end]) {
                return Some((fact, &path[end..]));
            }
            end = path[..end].rfind(['.', '['])?;
        }
    }

    /// All facts, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Fact> {
        self.by_name.values().map(Arc::as_ref)
    }
}

/// The value at a path inside another: `runs[2].outcome`; the empty path is the value itself.
#[must_use]
pub fn value_at<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    let path = path.trim_start_matches('.');
    if path.is_empty() {
        return Some(value);
    }
    if let Some(rest) = path.strip_prefix('[') {
        let (index, rest) = rest.split_once(']')?;
        return value_at(value.get(index.parse::<usize>().ok()?)?, rest);
    }
    let end = path.find(['.', '[']).unwrap_or(path.len());
    value_at(value.get(&path[..end])?, &path[end..])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fact(name: &str, value: Value) -> Fact {
        Fact {
            name: name.into(),
            value,
            source: Source {
                by: SubtaskId::new("T001"),
                exchange: None,
                facts: Vec::new(),
                origins: Vec::new(),
            },
        }
    }

    #[test]
    fn a_path_reaches_into_lists_and_tables() {
        let mut facts = Facts::default();
        facts
            .publish(fact("canary.runs", json!([{"outcome": "pass"}])))
            .unwrap();
        assert_eq!(facts.value("canary.runs[0].outcome"), Some(&json!("pass")));
        assert_eq!(facts.value("canary.runs[1].outcome"), None);
        assert_eq!(facts.value("canary"), None);
    }

    #[test]
    fn a_second_publication_is_refused() {
        let mut facts = Facts::default();
        facts.publish(fact("rc.version", json!("1"))).unwrap();
        assert!(facts.publish(fact("rc.version", json!("2"))).is_err());
        assert_eq!(facts.value("rc.version"), Some(&json!("1")));
    }
}
