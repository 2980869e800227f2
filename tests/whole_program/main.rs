//! The real program, started as a user starts it.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "tests start the real program and read what it left behind"
)]

mod adversary;
mod apart;
mod attackers;
mod audit;
#[expect(dead_code, reason = "each binary uses its part")]
#[path = "../support/audit/mod.rs"]
mod audit_support;
mod candidate;
#[expect(dead_code, reason = "each binary uses its part")]
#[path = "../support/candidate/mod.rs"]
mod candidate_support;
mod docs;
mod faults;
#[path = "../support/herd/mod.rs"]
mod herd;
mod init;
mod killed;
mod machines;
#[path = "../support/outside.rs"]
mod outside;
mod own_gates;
mod processes;
mod readme;
#[path = "../support/sealed.rs"]
mod sealed;
#[path = "../support/shown.rs"]
mod shown;
mod subject;
