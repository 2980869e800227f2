//! One run on several machines: each has a home, a workspace and a state directory of its own, and
//! nothing of the one before but the bundle. The world outside them is one, and outlives them; what
//! was written to its GitHub is counted there.
#![expect(
    clippy::print_stderr,
    reason = "how long it took on one machine and on several is worth seeing"
)]

mod expression;
mod handing;
mod runner;
mod workflow;
mod world;
mod yaml;
