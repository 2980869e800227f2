//! The inputs of one proof in its worktrees.

use super::behaviour::Behaviour;
use super::change::ChangedFile;
use super::git::Git;
use super::request::AuditRequest;
use super::worktrees::Worktrees;

/// One proof in its worktrees.
pub(super) struct Proving<'a> {
    pub(super) git: Git<'a>,
    pub(super) req: &'a AuditRequest,
    pub(super) behaviour: &'a Behaviour,
    pub(super) trees: &'a Worktrees,
    /// Paths that are run.
    pub(super) modules: &'a [String],
    /// Files that are as before on the old side.
    pub(super) product: &'a [&'a ChangedFile],
    /// Files whose change is under audit.
    pub(super) scoped: Vec<&'a ChangedFile>,
}
