//! What asks the machine's configured package index itself.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test makes the outside that it looks at"
)]

mod audit_runs;
#[path = "../support/audit/mod.rs"]
mod audit_support;
mod candidate;
#[expect(dead_code, reason = "each binary uses its part")]
#[path = "../support/candidate/mod.rs"]
mod candidate_support;
mod peers;
mod product;
#[path = "../support/shown.rs"]
mod shown;
mod toolbox;
#[path = "../support/toolbox.rs"]
mod toolbox_support;
