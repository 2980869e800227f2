//! When a program is run once more, and how much time there is for it.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{is_template, parse_duration};
use crate::verb::Wrong;
use crate::world::{Ended, Finished};

/// When a program is run once more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Retry {
    /// How many times it is run at most.
    pub times: u32,
    /// Wait before the second run; each further one is twice as long.
    #[serde(default = "a_second")]
    pub wait: String,
    /// Exit codes after which it is run again.
    #[serde(default)]
    pub on_exit: Vec<i32>,
    /// Whether it is run again when its time (`within`) was up.
    #[serde(default)]
    pub on_timeout: bool,
}

fn a_second() -> String {
    "1s".to_owned()
}

impl Retry {
    /// The wait before the next run; none where there is no next one.
    pub(super) fn wait(&self, attempts: u32, finished: &Finished) -> Option<Duration> {
        const MOST_DOUBLINGS: u32 = 10;
        let wanted = match finished.ended {
            Ended::Code(code) => self.on_exit.contains(&code),
            Ended::TimedOut => self.on_timeout,
            Ended::Signal(_) => false,
        };
        if !wanted || attempts >= self.times {
            return None;
        }
        let first = parse_duration(&self.wait).ok()?;
        Some(first.saturating_mul(2_u32.pow((attempts - 1).min(MOST_DOUBLINGS))))
    }

    pub(super) fn wrong(&self) -> Vec<Wrong> {
        let mut wrong = Vec::new();
        if let Err(error) = parse_duration(&self.wait)
            && !is_template(&self.wait)
        {
            let help = "write a number and a unit: `2s`";
            wrong.push(Wrong::new("retry.wait", error.to_string(), help));
        }
        if self.times < 2 || (self.on_exit.is_empty() && !self.on_timeout) {
            let what = "this never runs it again";
            let help = "give `times` of 2 or more, and `on_exit` or `on_timeout = true`";
            wrong.push(Wrong::new("retry", what, help));
        }
        if self.on_exit.contains(&0) {
            let what = "exit code 0 is no reason to run it again";
            wrong.push(Wrong::new("retry.on_exit", what, "take it out"));
        }
        wrong
    }
}

/// The time that a subtask has for all its attempts. Counted from what is recorded, so that a
/// replay finds the same.
pub(super) struct Budget {
    left: Duration,
    within: Option<Duration>,
}

impl Budget {
    pub(super) fn of(all: Duration, within: Option<Duration>) -> Self {
        Self { left: all, within }
    }

    /// The limit of the next attempt.
    pub(super) fn limit(&self) -> Duration {
        self.within
            .map_or(self.left, |within| within.min(self.left))
    }

    pub(super) fn spend(&mut self, time: Duration) {
        // Recorded in milliseconds.
        let time = Duration::from_millis(u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
        self.left = self.left.saturating_sub(time);
    }

    /// Whether there is more than this left.
    pub(super) fn has(&self, wait: Duration) -> bool {
        self.left > wait
    }
}
