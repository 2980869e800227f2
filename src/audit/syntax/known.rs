//! What is known of the functions of the audited code after their logging is removed.

use std::collections::BTreeSet;

/// Functions known to only log, to have no effect, or to hand everything on, as
/// `module:qualified.name`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) log_only: BTreeSet<String>,
    pub(super) pure: BTreeSet<String>,
    /// Decorators; behind a name `()` for what gives one, ` async` for one of coroutines.
    pub(super) decorators: BTreeSet<String>,
    /// Context managers.
    pub(super) contexts: BTreeSet<String>,
}

impl Known {
    /// What both know.
    pub(super) fn extend(&mut self, more: &Self) {
        self.log_only.extend(more.log_only.iter().cloned());
        self.pure.extend(more.pure.iter().cloned());
        self.decorators.extend(more.decorators.iter().cloned());
        self.contexts.extend(more.contexts.iter().cloned());
    }

    /// The decorator or context manager that only served logging and that a definition is, or is
    /// a part of.
    pub(super) fn served_by(&self, definition: &str) -> Option<&str> {
        let entries = self.decorators.iter().chain(&self.contexts);
        let mut names =
            entries.map(|entry| entry.trim_end_matches(" async").trim_end_matches("()"));
        names.find(|entry| {
            let rest = definition.strip_prefix(entry);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    }
}
