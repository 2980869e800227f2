//! The live world against real programs, files and processes.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test makes the outside that it looks at"
)]

mod endings;
mod environment;
mod files;
mod processes;
mod programs;
mod stage;
mod watching;
