//! The result of a comparison.

use serde::Serialize;
use serde_json::Value;

use crate::model::{SubtaskId, Verdict};

/// The comparison of two runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Diff {
    /// Both verdicts.
    pub verdicts: (Verdict, Verdict),
    /// What they did not begin with alike: gate, parameters, what was asked for, tools, version of
    /// the program.
    pub began_with: Vec<Difference>,
    /// Where the two runs first asked something else, or were answered otherwise.
    pub first: Option<Divergence>,
    /// Subtasks that ended otherwise: how in the one, how in the other.
    pub outcomes: Vec<(SubtaskId, String, String)>,
    /// Facts that only the one run published, and those that only the other did, by name.
    pub only: (Vec<String>, Vec<String>),
    /// Facts of both that differ, by path.
    pub facts: Vec<Difference>,
    /// Among them, how many are volatile.
    pub volatile: usize,
}

/// Where two runs parted.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Divergence {
    /// In which subtask.
    pub subtask: SubtaskId,
    /// At which exchange of the one run, or of the other when the one has no more.
    pub exchange: u32,
    /// Whether the request or the answer differs.
    pub what: &'static str,
    /// In the one run; none when it made no such exchange.
    pub one: Option<Value>,
    /// In the other.
    pub other: Option<Value>,
    /// What in them differs and is not volatile, by path; empty when one of them is not there.
    pub parts: Vec<Difference>,
}

/// A value that differs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// Path, such as `canary.runs[2].outcome`.
    pub path: String,
    /// In the one run; none when it is not there.
    pub one: Option<Value>,
    /// In the other.
    pub other: Option<Value>,
    /// Of two long texts the lines that differ, without what is of the moment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lines: Option<String>,
    /// Why it says nothing that they differ, when it does not.
    pub volatile: Option<&'static str>,
}

impl Diff {
    /// Whether nothing differs but what always does.
    #[must_use]
    pub fn same(&self) -> bool {
        self.verdicts.0 == self.verdicts.1
            && self.began_with.is_empty()
            && self.first.is_none()
            && self.outcomes.is_empty()
            && self.only.0.is_empty()
            && self.only.1.is_empty()
            && self.facts.len() == self.volatile
    }
}
