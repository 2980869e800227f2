//! Who holds a lock that only one run may have at a time.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The holder of a lock, as it recorded itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Id of the run.
    pub run: String,
    /// The process that runs it.
    pub pid: u32,
    /// Since when it holds the lock.
    pub since: Timestamp,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { run, pid, since } = self;
        write!(f, "run {run}, process {pid}, since {since:.0}")
    }
}
