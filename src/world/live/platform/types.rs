//! The requests to a platform and its answers, the same on every system.

use std::collections::BTreeMap;
use std::fs::File;
use std::os::fd::OwnedFd;

use camino::{Utf8Path, Utf8PathBuf};
use tokio::process::{ChildStderr, ChildStdin, ChildStdout};

/// A program to be started: in a session of its own, with pipes for its output.
#[derive(Debug)]
pub(in crate::world::live) struct Start<'a> {
    /// The executable file.
    pub(in crate::world::live) executable: &'a Utf8Path,
    /// Arguments, without the program's name.
    pub(in crate::world::live) arguments: &'a [String],
    /// The whole environment.
    pub(in crate::world::live) env: &'a BTreeMap<String, String>,
    /// Working directory.
    pub(in crate::world::live) cwd: &'a Utf8Path,
    /// Whether its standard input is a pipe, or empty.
    pub(in crate::world::live) stdin: bool,
    /// Descriptors it inherits in addition, under the same numbers.
    pub(in crate::world::live) keeps: &'a [OwnedFd],
}

/// A program and how it is started in its sandbox.
#[derive(Debug)]
pub(in crate::world::live) struct Confining {
    /// What keeps it in.
    pub(in crate::world::live) executable: Utf8PathBuf,
    /// The arguments of that, which end in the program's own.
    pub(in crate::world::live) arguments: Vec<String>,
    /// What that inherits.
    pub(in crate::world::live) keeps: Vec<OwnedFd>,
    /// Where the sandbox reports the status of the program.
    pub(in crate::world::live) status: Option<File>,
}

/// The gate's ends of a program's pipes.
#[derive(Debug)]
pub(in crate::world::live) struct Pipes {
    pub(in crate::world::live) stdin: Option<ChildStdin>,
    pub(in crate::world::live) stdout: Option<ChildStdout>,
    pub(in crate::world::live) stderr: Option<ChildStderr>,
}

/// The system's data about a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::world::live) struct Stat {
    /// Start time, in the unit of [`crate::world::ProcessIdentity`].
    pub(in crate::world::live) started: u64,
    /// Parent's process id.
    pub(in crate::world::live) parent: u32,
    /// Process group.
    pub(in crate::world::live) group: u32,
    /// Session.
    pub(in crate::world::live) session: u32,
    /// Whether it has ended and only waits to be reaped.
    pub(in crate::world::live) ended: bool,
}

/// The result of a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::world::live) enum Sent {
    /// It was delivered.
    Delivered,
    /// The process does not exist any more.
    Gone,
    /// The system did not allow it.
    NotPermitted,
}
