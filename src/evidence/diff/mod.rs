//! Compares two runs: where they first diverged, and every fact that differs.

mod compare;
mod difference;
mod moment;
mod moments;
mod parted;
mod path;
mod recorded;
mod told;
mod volatile;

pub use compare::diff;
pub use difference::{Diff, Difference, Divergence};
pub use recorded::{Run, Texts};
