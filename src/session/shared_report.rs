//! The report of a run while it is built.

use std::sync::{Arc, Mutex, PoisonError};

use super::resume::Kept;
use crate::engine::Reporter;
use crate::gate::Gate;
use crate::model::Event;
use crate::report::Report;

/// A report that the engine fills and the session reads.
#[derive(Clone)]
pub(super) struct SharedReport(Arc<Mutex<Report>>);

impl SharedReport {
    pub(super) fn new(gate: &Gate) -> Self {
        Self(Arc::new(Mutex::new(Report::new(gate))))
    }

    pub(super) fn with<T>(&self, change: impl FnOnce(&mut Report) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn take(&self) -> Report {
        self.with(|report| report.clone())
    }

    /// Adds the results of an earlier part of this run to its report.
    pub(super) fn keep(&self, resumed: &[Kept]) {
        self.with(|report| {
            for (id, outcome, facts) in resumed {
                report.keep(id, outcome, facts);
            }
        });
    }

    /// Reports that the evidence is not complete, which is never a pass.
    pub(super) fn unrecorded(&self, why: &str) {
        self.with(|report| report.evidence_incomplete(why));
    }
}

impl Reporter for SharedReport {
    fn event(&mut self, event: &Event) {
        self.with(|report| report.take(event));
    }
}
