//! What counts as an intervention, and what of it was found.

use serde::{Deserialize, Serialize};

/// One thing that changed and should not have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::verbs) struct Intervention {
    pub(in crate::verbs) what: String,
    /// The two moments between which it happened.
    pub(in crate::verbs) between: [String; 2],
    pub(in crate::verbs) before: String,
    pub(in crate::verbs) after: String,
}

impl std::fmt::Display for Intervention {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{}: {} → {}, between {} and {}",
            self.what, self.before, self.after, self.between[0], self.between[1]
        )
    }
}

/// All that was found, and what could not be seen.
#[derive(Debug, Default)]
pub(in crate::verbs) struct Found {
    pub(in crate::verbs) interventions: Vec<Intervention>,
    /// Not observable on this system, in general.
    pub(in crate::verbs) not_observable: Vec<String>,
    /// Not observed this time, though what was seen before and after agrees.
    pub(in crate::verbs) unseen: Vec<String>,
    /// The service's changes while a run was at work. No intervention between runs; whether the
    /// runs count for what is deployed is for the comparison with the health before to say.
    pub(in crate::verbs) within_runs: Vec<Intervention>,
    /// Not known at all.
    pub(in crate::verbs) unknown: Vec<String>,
    /// How what is deployed now differs from what was before the protocol.
    pub(in crate::verbs) deployed: Vec<String>,
}
