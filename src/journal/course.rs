//! One execution of a subtask: its requests, its facts, and how it ended. Pure.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::{Answer, Said};
use crate::model::{Fact, Outcome};
use crate::world::Effect;
use crate::world::policy::{Reach, classify};

/// One time that a subtask was run.
#[derive(Debug, Clone, PartialEq)]
pub struct Course {
    /// By which process.
    pub epoch: u32,
    /// When it started; never, when it was not run.
    pub started: Option<Timestamp>,
    /// What it asked the outside, by number.
    pub exchanges: BTreeMap<u32, Exchange>,
    /// What it published, in order.
    pub facts: Vec<Fact>,
    /// How it ended, when it did.
    pub ended: Option<EndedCourse>,
}

/// How a subtask ended.
#[derive(Debug, Clone, PartialEq)]
pub struct EndedCourse {
    /// How.
    pub outcome: Outcome,
    /// When.
    pub at: Timestamp,
    /// How long it took.
    pub took: Duration,
    /// What the result depends on, by name, as it was; none where it was not kept.
    pub inputs: BTreeMap<String, String>,
}

/// One request and what came back.
#[derive(Debug, Clone, PartialEq)]
pub struct Exchange {
    /// Its number within the subtask.
    pub n: u32,
    /// Which were unanswered when it was made.
    pub open: Vec<u32>,
    /// The strand it belongs to.
    pub strand: Option<String>,
    /// The request, long texts as references.
    pub effect: Said,
    /// What came back; nothing, when the run ended first.
    pub answer: Option<Answer>,
}

impl Exchange {
    /// Whether it may have changed something outside; true also when it cannot be told.
    #[must_use]
    pub fn touches_outside(&self) -> bool {
        match self.effect.read::<Effect>() {
            Ok(effect) => classify(&effect) == Reach::Outside,
            // A long text in it is a reference now. Such a request is judged by its kind.
            Err(_) => matches!(
                self.effect.shown().get("effect").and_then(Value::as_str),
                Some("run" | "end-processes") | None
            ),
        }
    }
}
