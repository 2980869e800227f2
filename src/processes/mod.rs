//! Processes that a rule of the gate means: ending them, and saying why others are spared.
//!
//! Decides only; listing and signalling are effects, and the world checks the rule once more
//! before each signal.

mod sweep;

pub use sweep::{GRACE, Sight, Swept, sight, sweep};
