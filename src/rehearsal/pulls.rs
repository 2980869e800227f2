//! The pull requests of the product that closed an issue: the same numbers and times in the git
//! history and on the embedded GitHub. Pure data.

/// A merged pull request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pull {
    /// Its number.
    pub(super) number: u32,
    /// Its title.
    pub(super) title: &'static str,
    /// When it was merged.
    pub(super) merged_at: &'static str,
    /// When GitHub closed the issue that it names.
    pub(super) closed_at: &'static str,
}

/// The first change for #1141, which only logs.
pub(super) const DIAGNOSTICS: Pull = Pull {
    number: 1150,
    title: "Log what the queue drain does to the status",
    merged_at: "2026-05-08T15:20:44Z",
    closed_at: "2026-05-08T15:20:46Z",
};

/// What closes #1141.
pub(super) const ROLLBACK: Pull = Pull {
    number: 1187,
    title: "Queue drain keeps in_review instead of rolling it back to planned",
    merged_at: "2026-05-18T13:41:07Z",
    closed_at: "2026-05-18T13:41:09Z",
};

/// What closes #1182.
pub(super) const CLASSIFICATION: Pull = Pull {
    number: 1188,
    title: "Classify pending events when no event loop runs",
    merged_at: "2026-05-18T17:05:52Z",
    closed_at: "2026-05-18T17:05:54Z",
};
