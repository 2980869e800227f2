//! The isolation between the programs of a run that is in force on this machine.

use serde::Serialize;

/// What really keeps the programs of a run apart on this machine; part of the evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Isolation {
    /// Each program runs in a session of its own.
    pub session_per_program: bool,
    /// Orphans of programs become the gate's children.
    pub subreaper: bool,
    /// Processes are held by file descriptor, so a reused pid cannot be hit.
    pub pidfd: bool,
    /// Whether the gate runs in a pid namespace apart from the machine's own, as in a container;
    /// unknown where the system does not tell.
    pub pid_namespace: Option<bool>,
    /// The version 2 control group the gate runs in.
    pub cgroup: Option<String>,
    /// What keeps judged code in its sandbox, with its version; nothing where it runs without.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sandbox: Option<String>,
}
