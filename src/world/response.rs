//! The responses of the outside.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::{Holder, SubtaskId};

use super::{Confined, FileSeen, HttpAnswer, Observation, Place, ProcessIdentity, ProcessSeen};

/// The response to one [`super::Effect`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "response", content = "value", rename_all = "kebab-case")]
pub enum Response {
    /// A program that has ended.
    Program(Box<Finished>),
    /// An HTTP response, whatever its status.
    Http(HttpAnswer),
    /// What a person typed; none if there is no terminal.
    Typed(Option<String>),
    /// A file's text.
    Text(String),
    /// Files, sorted by path.
    Files(Vec<FileSeen>),
    /// Processes, sorted by pid.
    Processes(Vec<ProcessSeen>),
    /// Termination records of processes, in the order of the request.
    Ended(Vec<Receipt>),
    /// The paths of a program, first match first; empty if not found.
    Found(Vec<String>),
    /// The time of day.
    Now(Timestamp),
    /// A fresh ULID.
    Id(String),
    /// The head of the run's journal.
    JournalHead(Anchor),
    /// Whether what was to be reserved is this run's now.
    Reserved(Reservation),
    /// It was done, without further data.
    Done,
}

/// Who has what only one run may have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reservation {
    /// This run.
    Ours {
        /// A run that had it before, and was killed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        left_by: Option<Holder>,
    },
    /// Another run holds it, and which one if that is recorded.
    HeldBy(Option<Holder>),
}

/// The head of a journal over all subtasks that had ended at that time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Anchor {
    /// Head of the canonical chain over their records.
    pub head: String,
    /// Which they were, each with the process that ran it last.
    pub covers: BTreeMap<SubtaskId, u32>,
}

impl Response {
    /// The kind of response, as records name it.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Program(_) => "program",
            Self::Http(_) => "http",
            Self::Typed(_) => "typed",
            Self::Text(_) => "text",
            Self::Files(_) => "files",
            Self::Processes(_) => "processes",
            Self::Ended(_) => "ended",
            Self::Found(_) => "found",
            Self::Now(_) => "now",
            Self::Id(_) => "id",
            Self::JournalHead(_) => "journal-head",
            Self::Reserved(_) => "reserved",
            Self::Done => "done",
        }
    }
}

/// A program that has ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finished {
    /// How it ended.
    pub ended: Ended,
    /// Standard output.
    pub stdout: Captured,
    /// Standard error.
    pub stderr: Captured,
    /// How long it ran, in milliseconds.
    #[serde(rename = "elapsed_milliseconds", with = "crate::model::milliseconds")]
    pub elapsed: Duration,
    /// Processes of its group that were still there when it had ended.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leftovers: Vec<ProcessSeen>,
    /// The observations at the checkpoints, if a watch was requested.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub observations: Vec<Observation>,
    /// The sandbox in force, if one was requested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confined: Option<Confined>,
}

impl Finished {
    /// Whether it exited with code 0.
    #[must_use]
    pub fn success(&self) -> bool {
        self.ended == Ended::Code(0)
    }
}

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ended {
    /// It exited with this code.
    Code(i32),
    /// This signal ended it.
    Signal(i32),
    /// Its time was up; the gate ended its whole group.
    TimedOut,
}

impl std::fmt::Display for Ended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit code {code}"),
            Self::Signal(signal) => write!(f, "signal {signal}"),
            Self::TimedOut => f.write_str("time limit reached, process group ended"),
        }
    }
}

/// One captured stream. The whole of it is in the log file; here is what fits.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Captured {
    /// The text, redacted: all of it, or its end when `truncated`.
    pub text: String,
    /// Whether `text` is only the end.
    #[serde(default)]
    pub truncated: bool,
    /// Size of the whole (redacted) stream in bytes.
    pub bytes: u64,
    /// SHA-256 of the whole (redacted) stream, lower-case hex.
    pub sha256: String,
    /// The log file that contains it.
    pub log: Option<Place>,
}

impl Captured {
    /// The last `count` lines, for a message.
    #[must_use]
    pub fn last_lines(&self, count: usize) -> String {
        let lines: Vec<&str> = self.text.trim_end().lines().collect();
        lines[lines.len().saturating_sub(count)..].join("\n")
    }
}

/// How one process was ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Which.
    #[serde(flatten)]
    pub identity: ProcessIdentity,
    /// The rule it matched.
    pub rule: String,
    /// File name of its program.
    pub program: String,
    /// What happened.
    pub fate: Fate,
    /// From the first signal to its end, in milliseconds.
    #[serde(rename = "after_milliseconds", with = "crate::model::milliseconds")]
    pub after: Duration,
}

/// The result of ending a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// SIGTERM was enough.
    Terminated,
    /// SIGKILL was needed.
    Killed,
    /// It had ended before a signal was sent.
    AlreadyGone,
    /// Another process has its pid now, or its command line no longer matches; left alone.
    NotTheSame,
    /// The system did not allow it.
    NotPermitted,
    /// It is still there, even after SIGKILL.
    Survived,
}
