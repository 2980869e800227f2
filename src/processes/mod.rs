//! Processes that match a rule of the gate: ends them, and explains why others are skipped.
//!
//! Decides only; listing and signalling are effects, and the world checks the rule once more before
//! each signal.

mod sweep;

pub use sweep::{GRACE, Sight, Swept, sight, sweep};
