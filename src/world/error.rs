//! Why a request failed or was not answered. Recorded and replayed like a response.

use serde::{Deserialize, Serialize};

/// Why a request has no response.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "error", rename_all = "kebab-case")]
pub enum WorldError {
    /// The policy does not list it; nothing was done.
    #[error("refused by the policy: {what}")]
    Refused {
        /// The request, and the list that would have to name it.
        what: String,
    },
    /// There is no such program on PATH.
    #[error("program `{program}` not found")]
    ProgramNotFound {
        /// Its name.
        program: String,
    },
    /// The program exists but could not be started.
    #[error("program `{program}` could not be started: {reason}")]
    NotStarted {
        /// Its name.
        program: String,
        /// The system's error.
        reason: String,
    },
    /// A file operation failed.
    #[error("cannot {operation} `{path}`: {reason}")]
    File {
        /// `read`, `write`, `make`, `copy`, `pack`, `list`.
        operation: String,
        /// The file.
        path: String,
        /// What kind of failure.
        kind: FileFailure,
        /// The system's error.
        reason: String,
    },
    /// An address returned no HTTP response.
    #[error("no answer from `{url}`: {reason}")]
    NoAnswer {
        /// The address.
        url: String,
        /// Whether the time was up.
        timed_out: bool,
        /// The client's error.
        reason: String,
    },
    /// The request or response could not be recorded; without evidence nothing may continue.
    #[error("the request or its answer could not be recorded: {reason}")]
    NotRecorded {
        /// The system's error.
        reason: String,
    },
    /// The recording contains no such request.
    #[error("not in the recording: {what}")]
    NotInRecording {
        /// The request, and the nearest recorded one.
        what: String,
    },
    /// The run is being stopped.
    #[error("interrupted")]
    Interrupted,
    /// The processes could not be listed or signalled.
    #[error("processes: {reason}")]
    Processes {
        /// The system's error.
        reason: String,
    },
}

/// Kinds of file errors that a verdict depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileFailure {
    /// There is no such file.
    NotFound,
    /// It already exists.
    AlreadyExists,
    /// Not permitted.
    NotPermitted,
    /// Larger than the limit.
    TooLarge,
    /// Not UTF-8.
    NotText,
    /// No space left.
    NoSpace,
    /// Anything else.
    Other,
}
