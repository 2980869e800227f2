//! The recorded data that a page is generated from.

use super::links::Evidence;
use crate::gate::Gate;
use crate::journal::Folded;
use crate::report::model::Report;

/// A recorded run, with what is needed to show it.
pub struct Recorded<'r> {
    /// The gate with the parameters of the run.
    pub gate: &'r Gate,
    /// The gate as its file says it.
    pub own: &'r Gate,
    /// The journal.
    pub folded: &'r Folded,
    /// The run in words.
    pub report: &'r Report,
    /// Where the evidence lies, as seen from the page.
    pub evidence: Evidence,
}
