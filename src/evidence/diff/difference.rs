//! The result of a comparison.

use serde::Serialize;
use serde_json::Value;

use crate::model::{SubtaskId, Verdict};

/// The comparison of two runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Diff {
    /// Both verdicts.
    pub verdicts: (Verdict, Verdict),
    /// Different inputs: gate, parameters, requested scope, tools, version of the program.
    pub began_with: Vec<Difference>,
    /// The first request or response that differs.
    pub first: Option<Divergence>,
    /// Subtasks with different outcomes: the outcome in the one run, and in the other.
    pub outcomes: Vec<(SubtaskId, String, String)>,
    /// Names of the facts that only one of the runs published: the one, and the other.
    pub only: (Vec<String>, Vec<String>),
    /// Facts of both that differ, by path.
    pub facts: Vec<Difference>,
    /// How many of them are nondeterministic.
    pub volatile: usize,
}

/// Where two runs diverged.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Divergence {
    /// In which subtask.
    pub subtask: SubtaskId,
    /// Number of the request in the one run, or in the other if the one has no more.
    pub exchange: u32,
    /// Whether the request or the response differs.
    pub what: &'static str,
    /// Its value in the one run; none if it does not exist there.
    pub one: Option<Value>,
    /// Its value in the other.
    pub other: Option<Value>,
    /// The differences within them that are not nondeterministic, by path; empty if one of them
    /// does not exist.
    pub parts: Vec<Difference>,
}

/// A value that differs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// Path, such as `canary.runs[2].outcome`.
    pub path: String,
    /// Its value in the one run; none if it does not exist there.
    pub one: Option<Value>,
    /// Its value in the other.
    pub other: Option<Value>,
    /// For two long texts, the lines that differ, without nondeterministic parts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lines: Option<String>,
    /// Why the difference has no meaning, if it has none.
    pub volatile: Option<&'static str>,
}

impl Diff {
    /// Whether there are no differences except nondeterministic ones.
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
