//! The real gate, killed at every record of its journal and let down by every operation of its
//! disk: it comes to the same end, writes once, and never passes without its evidence. The gate
//! is a small one with every kind of write, so that a run takes about a second; GitHub is the
//! embedded one, in this process.
//!
//! A sample of the moments is tried every time. `GATE_SWEEP=all` tries them all, `GATE_SWEEP=2/5`
//! the second fifth of them; `GATE_SEED` chooses the sample again that a test has named.
#![cfg(target_os = "linux")]
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "tests start the real program, kill it, and read what it left behind"
)]

mod attempts;
mod disks;
mod inputs;
mod kills;
mod one_candidate;
#[path = "../support/outside.rs"]
mod outside;
mod own_bundle;
mod refusals;
mod rehearsals;
mod same_bytes;
mod shim;
#[path = "../support/shown.rs"]
mod shown;
mod stage;
mod sweep;
