//! What was observed while a watched program ran.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{FileSeen, HttpAnswer, Place, ProcessSeen};

/// The observations at one checkpoint of a watched program, and since the previous one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// `start`, the checkpoint file's name, or `end`.
    pub boundary: String,
    /// When.
    pub at: Timestamp,
    /// SHA-256 of the checkpoint file as it appeared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
    /// Processes that match the watch's rule.
    pub processes: Vec<ProcessSeen>,
    /// Watched files.
    pub files: Vec<FileSeen>,
    /// Responses of the watched addresses, in order; the error's text if there was none.
    pub answers: Vec<Result<HttpAnswer, String>>,
    /// The responses of the watched addresses since the previous observation. Of consecutive
    /// identical responses, the first and the last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub asked: Vec<Asked>,
    /// Files that must stay the same, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fixed: Vec<FixedSeen>,
    /// Incidents since the previous observation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub noticed: Vec<Noticed>,
    /// What cannot be observed on this system; reported once, at the start.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_observable: Vec<String>,
}

/// One reading of the watched addresses between two observations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// When the first was requested.
    pub at: Timestamp,
    /// When the last had answered.
    pub answered: Timestamp,
    /// Their responses, in order; the error's text if there was none.
    pub answers: Vec<Result<HttpAnswer, String>>,
}

/// Files that must stay the same, as one digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FixedSeen {
    /// A description, such as `candidate`.
    pub name: String,
    /// How many files.
    pub files: usize,
    /// SHA-256 over their paths and digests.
    pub sha256: String,
    /// Some of those that differ from the previous observation.
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

/// The kinds of incidents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum Incident {
    /// A program of the watch's list ran that neither the watched program nor a run of a gate had
    /// started.
    ForeignProgram {
        /// The name it was started by.
        program: String,
        /// Its process id.
        pid: u32,
        /// Its arguments, redacted.
        argv: Vec<String>,
    },
    /// A program of the watch's list was started, and ended before it could be inspected.
    UnseenProgram {
        /// Its file's name.
        program: String,
    },
    /// A watched file was changed.
    FileChanged {
        /// Which.
        path: Place,
        /// SHA-256 before; none if it did not exist.
        before: Option<String>,
        /// SHA-256 after; none if it was deleted.
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
