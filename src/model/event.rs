//! The events of a run, for every consumer: terminal, JSON lines, journal, reports.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::{Fact, Outcome, SubtaskId, Verdict};

/// One event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Its time.
    pub time: Timestamp,
    /// Milliseconds since the run began.
    #[serde(rename = "elapsed_milliseconds", with = "crate::model::milliseconds")]
    pub elapsed: Duration,
    /// Its kind.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// The kind of an event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum EventKind {
    /// The run began.
    RunStarted {
        /// Version of this stream's format; see [`EVENT_FORMAT`].
        format: u32,
        /// Id of the run.
        run: String,
        /// Name of the gate.
        gate: String,
        /// How many subtasks are in scope.
        subtasks: usize,
    },
    /// A subtask was registered and may start.
    SubtaskStarted {
        /// Which.
        subtask: SubtaskId,
    },
    /// A subtask reports what it is doing.
    Progress {
        /// Which.
        subtask: SubtaskId,
        /// One line.
        line: String,
    },
    /// A subtask published a fact.
    FactPublished(Fact),
    /// A subtask ended.
    SubtaskEnded {
        /// Which.
        subtask: SubtaskId,
        /// How.
        #[serde(flatten)]
        outcome: Outcome,
        /// How long it took, in milliseconds; 0 when it was never started.
        #[serde(rename = "took_milliseconds", with = "crate::model::milliseconds")]
        took: Duration,
        /// How many subtasks have ended, this one included.
        done: usize,
        /// The inputs of the result, by name, at that time; empty if the subtask was never started,
        /// and in journals from before they were recorded.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        inputs: BTreeMap<String, String>,
    },
    /// The operator asked to stop; running subtasks are ended.
    Interrupted,
    /// The run ended.
    RunEnded {
        /// The gate's verdict.
        verdict: Verdict,
    },
}

/// Version of the event stream's format.
pub const EVENT_FORMAT: u32 = 1;
