//! The recorded data that a page is generated from.

use super::links::Evidence;
use crate::gate::Gate;
use crate::journal::Folded;
use crate::report::model::Report;

/// A recorded run, with everything needed to show it.
pub struct Recorded<'r> {
    /// The gate with the parameters of the run.
    pub gate: &'r Gate,
    /// The gate as in its file.
    pub own: &'r Gate,
    /// The journal.
    pub folded: &'r Folded,
    /// The report of the run.
    pub report: &'r Report,
    /// Where the evidence is, relative to the page.
    pub evidence: Evidence,
}
