//! Every named fault through the real `gate rehearse`: verdict, exit code, the subtask that
//! stopped, and the whole world afterwards. Asserted on what the embedded world saw, never only
//! on what the gate says of itself.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "tests start the real program and read what it left behind"
)]

mod again;
mod blockers;
mod canary;
mod candidate;
mod command_line;
mod evidence;
mod github;
mod interrupts;
mod laws;
mod listed;
#[path = "../support/outside.rs"]
mod outside;
mod passing;
mod proofs;
mod protocol;
mod rehearsal;
#[cfg(target_os = "linux")]
mod resident;
mod saas;
mod teamspace;
mod without_gh;
