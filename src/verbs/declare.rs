//! What a verb says of itself before anything runs, so that a gate can be checked when it is read.

/// What a verb publishes, reads and may write.
pub trait Declares {
    /// The fact it publishes.
    fn publishes(&self) -> Option<&str> {
        None
    }

    /// Dotted paths of the facts it reads, besides those that its templates quote.
    fn reads(&self) -> Vec<&str> {
        Vec::new()
    }

    /// What it may write to GitHub; issues may still be templates.
    fn writes(&self) -> Vec<Write<'_>> {
        Vec::new()
    }

    /// The process rule whose processes it may end.
    fn ends(&self) -> Option<&str> {
        None
    }
}

/// One write that may happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Write<'a> {
    /// A comment on this issue.
    Comment(&'a str),
    /// This issue is closed.
    Close(&'a str),
    /// Comments on, and re-openings of, the issues that the gate's triage names.
    TriagedIssues,
}
