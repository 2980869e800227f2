//! The isolation between the programs of a run that is in force on this machine.

use serde::Serialize;

/// The isolation between the programs of a run on this machine; part of the evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Isolation {
    /// Each program runs in a session of its own.
    pub session_per_program: bool,
    /// Orphans of programs become the gate's children.
    pub subreaper: bool,
    /// Processes are pinned by file descriptor, so a reused pid cannot be hit.
    pub pidfd: bool,
    /// Whether the gate runs in a pid namespace other than the machine's own, as in a container;
    /// unknown if the system does not report it.
    pub pid_namespace: Option<bool>,
    /// The version 2 control group the gate runs in.
    pub cgroup: Option<String>,
    /// The sandbox mechanism for code under test, with its version; none if it runs without.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sandbox: Option<String>,
}
