//! Every named fault through the real `gate rehearse`: verdict, exit code, the subtask that
//! stopped, and the whole world afterwards. Asserted on what the embedded world saw, never only
//! on what the gate says of itself.

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
mod passing;
mod proofs;
mod protocol;
mod rehearsal;
#[cfg(target_os = "linux")]
mod resident;
mod saas;
mod signed;
mod teamspace;
mod without_gh;
