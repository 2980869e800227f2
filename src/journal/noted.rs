//! Whether a journal records the inputs of its results. Pure.

use super::Folded;
use crate::model::Outcome;

impl Folded {
    /// Whether it is noted of every result that lets on what it depends on; a skipped one depends on
    /// what it comes after.
    #[must_use]
    pub fn all_inputs_are_noted(&self) -> bool {
        let mut ends = self
            .courses()
            .filter_map(|(_, all)| all.last()?.ended.as_ref());
        ends.all(|end| {
            let skipped = matches!(end.outcome, Outcome::Skipped { .. });
            !end.outcome.lets_on() || skipped || !end.inputs.is_empty()
        })
    }

    /// Whether the last process noted what its results depend on.
    #[must_use]
    pub fn notes_inputs(&self) -> bool {
        let mut last = self.courses().filter_map(|(_, all)| all.last());
        last.any(|course| {
            let noted = course
                .ended
                .as_ref()
                .is_some_and(|end| !end.inputs.is_empty());
            course.epoch == self.epoch && noted
        })
    }
}
