//! Names of work packages and subtasks.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Id of a subtask, such as `T004`. Sorts as text.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(transparent)]
pub struct SubtaskId(String);

impl SubtaskId {
    /// An id from its written form.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// What requests that are the whole run's and no subtask's are made by, such as for the time
    /// at which it began.
    #[must_use]
    pub fn whole_run() -> Self {
        Self::new("run")
    }

    /// The written form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SubtaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}
