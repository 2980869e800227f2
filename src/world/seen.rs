//! What was found outside: HTTP responses, files, processes.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Place;

/// An HTTP response. A redirect is a response like any other: it is not followed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpAnswer {
    /// Status code.
    pub status: u16,
    /// Body as text; at most [`HttpAnswer::MOST`] bytes of it are read.
    pub body: String,
    /// The headers that a verdict depends on, by their lower-case names; see
    /// [`HttpAnswer::HEADERS`]. Recordings from before they were recorded have none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
}

impl HttpAnswer {
    /// How much of a body is read, in bytes.
    pub const MOST: usize = 1024 * 1024;
    /// The headers that are recorded.
    pub const HEADERS: [&str; 4] = [
        "content-encoding",
        "content-type",
        "location",
        "retry-after",
    ];

    /// A recorded header, by its lower-case name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

/// A file as it was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileSeen {
    /// Where.
    pub path: Place,
    /// Size in bytes.
    pub bytes: u64,
    /// SHA-256, lower-case hex.
    pub sha256: String,
    /// Time of the last change.
    pub modified: Timestamp,
}

/// Which process: a pid may be used again, pid and start time together are not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ProcessIdentity {
    /// Process id.
    pub pid: u32,
    /// Start time: clock ticks since boot on Linux, microseconds since the epoch elsewhere.
    pub started: u64,
}

/// A process as it was found. Arguments are redacted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessSeen {
    /// Which.
    #[serde(flatten)]
    pub identity: ProcessIdentity,
    /// Parent's process id.
    pub parent: u32,
    /// Whether it belongs to the user who runs the gate.
    pub ours: bool,
    /// Whether it is the gate itself or one of its ancestors.
    pub ancestor: bool,
    /// File name of its program.
    pub program: String,
    /// Argument list, the program's name first.
    pub argv: Vec<String>,
    /// Its `HOME`, if the system reports it; as a symbolic path if it is in a place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub home: Option<String>,
}
