//! The product under test in the embedded world: source, repositories, wheels, package index,
//! and the daemons that an earlier version left behind.
//!
//! A regression is another version of the product, never a flag in the gate.

mod candidates;
mod distribution;
mod history;
pub mod index;
mod listing;
pub mod orphans;
pub mod pytest_wheels;
pub mod repositories;
mod stages;
pub mod stale_cli;
mod story;
pub mod tree;
pub mod wheels;
