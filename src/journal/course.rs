//! One execution of a subtask: its requests, its facts, and how it ended. Pure.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::{Answer, Said};
use crate::model::{Fact, Outcome};
use crate::world::Effect;
use crate::world::policy::{Reach, classify};

/// One execution of a subtask.
#[derive(Debug, Clone, PartialEq)]
pub struct Course {
    /// The process (epoch) that ran it.
    pub epoch: u32,
    /// When it started; none if it was not run.
    pub started: Option<Timestamp>,
    /// Its requests to the outside, by number.
    pub exchanges: BTreeMap<u32, Exchange>,
    /// What it published, in order.
    pub facts: Vec<Fact>,
    /// How it ended, if it did.
    pub ended: Option<EndedCourse>,
}

/// How a subtask ended.
#[derive(Debug, Clone, PartialEq)]
pub struct EndedCourse {
    /// Its outcome.
    pub outcome: Outcome,
    /// Its time.
    pub at: Timestamp,
    /// How long it took.
    pub took: Duration,
    /// The inputs of the result at that time, by name; empty if they were not recorded.
    pub inputs: BTreeMap<String, String>,
}

/// One request and its response.
#[derive(Debug, Clone, PartialEq)]
pub struct Exchange {
    /// Its number within the subtask.
    pub n: u32,
    /// Requests that were unanswered when it was made.
    pub open: Vec<u32>,
    /// The concurrent branch it belongs to.
    pub strand: Option<String>,
    /// The request, with long texts as references.
    pub effect: Said,
    /// The response; none if the run ended first.
    pub answer: Option<Answer>,
}

impl Exchange {
    /// Whether it may have changed something outside; also true if that cannot be determined.
    #[must_use]
    pub fn touches_outside(&self) -> bool {
        match self.effect.read::<Effect>() {
            Ok(effect) => classify(&effect) == Reach::Outside,
            // A long text in it is a reference here. Such a request is judged by its kind.
            Err(_) => matches!(
                self.effect.shown().get("effect").and_then(Value::as_str),
                Some("run" | "end-processes") | None
            ),
        }
    }
}
