//! The request of `gate install`.

use pep440_rs::Version;

use super::subject::Subject;
use crate::world::Place;

/// Where the packages come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum From {
    /// From the operator's index, newly resolved.
    Index {
        /// As of this time; none means now.
        as_of: Option<String>,
        /// The directory that keeps the wheels, which are then installed from there.
        vendor: Option<Place>,
        /// Whether a broken candidate is also installed as of its release day.
        explain_drift: bool,
    },
    /// From wheels stored earlier, without network.
    Vendored(Place),
}

/// The request of `gate install`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// What is installed.
    pub subject: Subject,
    /// Its exact version.
    pub version: Version,
    /// Where the packages come from.
    pub from: From,
    /// The directory for everything; the home is `home` below it.
    pub into: Place,
}
