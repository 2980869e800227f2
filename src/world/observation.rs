//! What was observed while a watched program ran.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{FileSeen, HttpAnswer, Place, ProcessSeen};

/// What was seen at one boundary of a watched program, and since the one before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// `start`, the boundary file's name, or `end`.
    pub boundary: String,
    /// When.
    pub at: Timestamp,
    /// SHA-256 of the boundary file as it appeared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
    /// Processes that match the watch's rule.
    pub processes: Vec<ProcessSeen>,
    /// Watched files.
    pub files: Vec<FileSeen>,
    /// Answers of the watched addresses, in order; an error's text where there was none.
    pub answers: Vec<Result<HttpAnswer, String>>,
    /// What the watched addresses answered since the observation before. Of answers in a row
    /// that are the same, the first and the last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub asked: Vec<Asked>,
    /// What has to stay the same all through, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fixed: Vec<FixedSeen>,
    /// What was noticed since the observation before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub noticed: Vec<Noticed>,
    /// What this system does not let be seen; told once, at the start.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_observable: Vec<String>,
}

/// One reading of the watched addresses between two observations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// When the first was asked.
    pub at: Timestamp,
    /// When the last had answered.
    pub answered: Timestamp,
    /// Their answers, in order; an error's text where there was none.
    pub answers: Vec<Result<HttpAnswer, String>>,
}

/// Files that have to stay the same, as one digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FixedSeen {
    /// What they are, such as `candidate`.
    pub name: String,
    /// How many files.
    pub files: usize,
    /// SHA-256 over their paths and digests.
    pub sha256: String,
    /// Some of those that differ from the observation before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changed: Vec<Place>,
}

/// Something that happened between two observations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Noticed {
    /// When it was noticed; for a file, when it was changed.
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub what: Incident,
}

/// What may be noticed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum Incident {
    /// A program of the watch's list ran, and neither the watched program nor a run of a gate
    /// had started it.
    ForeignProgram {
        /// The name it was started by.
        program: String,
        /// Its process id.
        pid: u32,
        /// Its arguments, redacted.
        argv: Vec<String>,
    },
    /// A program of the watch's list was started, and had ended before it could be looked at.
    UnseenProgram {
        /// Its file's name.
        program: String,
    },
    /// A watched file was changed.
    FileChanged {
        /// Which.
        path: Place,
        /// SHA-256 before; none when it was not there.
        before: Option<String>,
        /// SHA-256 after; none when it is gone.
        after: Option<String>,
        /// Whether it is another file now, under the same name.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        replaced: bool,
    },
    /// Something was typed on the gate's terminal.
    TerminalInput {
        /// How many bytes wait there.
        bytes: u64,
    },
    /// The clock was set, or the machine slept.
    ClockStep {
        /// How far the time of day went beyond the time that passed, in milliseconds.
        milliseconds: i64,
    },
}
