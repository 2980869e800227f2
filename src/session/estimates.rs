//! How long subtasks took in earlier runs of a gate. Read from their journals; unreadable ones are
//! left out, because an estimate is not evidence.

use camino::Utf8Path;

use super::directory::list;
use crate::journal;
use crate::model::Outcome;
use crate::report::Estimates;

/// How many runs are looked at.
const RUNS: usize = 3;

/// The longest time that each subtask took when it passed, in the last few runs of the gate with
/// this name.
#[must_use]
pub fn estimates(state: &Utf8Path, gate: &str) -> Estimates {
    let mut found = Estimates::new();
    let runs = list(state).unwrap_or_default();
    let earlier = runs.iter().rev().filter_map(|run| {
        let folded = journal::read(run.path.as_std_path()).ok()?;
        (folded.header.gate.name == gate).then_some(folded)
    });
    for folded in earlier.take(RUNS) {
        for (id, courses) in folded.courses() {
            let ended = courses.last().and_then(|course| course.ended.as_ref());
            if let Some(ended) = ended
                && matches!(ended.outcome, Outcome::Passed { .. })
            {
                let longest = found.entry(id.clone()).or_default();
                *longest = (*longest).max(ended.took);
            }
        }
    }
    found
}
