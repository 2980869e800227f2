//! Orphan daemons through the real program: which are ended, which are spared, what is told.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test makes the outside that it looks at"
)]

#[path = "../herd/mod.rs"]
mod herd;
mod interventions;
mod isolation;
mod killed;
mod look_alikes;
mod protocol;
mod reap;
mod service;
