//! Writes events into the journal. A journal failure is remembered: no evidence, no pass.

use std::sync::{Arc, Mutex, PoisonError};

use crate::engine::Reporter;
use crate::journal::Journal;
use crate::model::Event;

/// Writes events into the journal.
pub(super) struct Journalled {
    journal: Journal,
    failure: Failure,
}

/// The first failure, if there was one.
#[derive(Clone, Default)]
pub(super) struct Failure(Arc<Mutex<Option<String>>>);

impl Failure {
    pub(super) fn take(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Journalled {
    pub(super) fn new(journal: Journal) -> (Self, Failure) {
        let failure = Failure::default();
        (
            Self {
                journal,
                failure: failure.clone(),
            },
            failure,
        )
    }
}

impl Reporter for Journalled {
    fn event(&mut self, event: &Event) {
        if let Err(error) = self.journal.event(event) {
            let mut first = self
                .failure
                .0
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            first.get_or_insert_with(|| error.to_string());
        }
    }
}
