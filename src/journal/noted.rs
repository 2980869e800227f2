//! Whether a journal records the inputs of its results. Pure.

use super::Folded;
use crate::model::Outcome;

impl Folded {
    /// Whether the inputs of every result that does not stop later subtasks are recorded. The input
    /// of a skipped one is the subtask it comes after.
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

    /// Whether the last process recorded the inputs of its results.
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
