//! The static part of an audit: what a fix changed, judged by syntax trees alone.

use serde::{Deserialize, Serialize};

use crate::model::SubtaskId;
use crate::world::World;

use super::change::{ChangedFile, Commits, changed_files, commits, versions};
use super::error::AuditError;
use super::git::Git;
use super::request::AuditRequest;
use super::syntax::{Change, Comparison, Ignored, Unreadable, compare};

/// What a fix changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Behaviour {
    /// The fix and the state before it.
    pub commits: Commits,
    /// Every file it touched.
    pub files: Vec<ChangedFile>,
    /// Changes of behaviour in scope.
    pub changes: Vec<Change>,
    /// Changes of behaviour out of scope, which prove nothing about this fix.
    pub outside: Vec<Change>,
    /// Differences in scope that are not behaviour.
    pub ignored: Vec<Ignored>,
    /// Files in scope that could not be judged.
    pub unreadable: Vec<(String, Unreadable)>,
    /// Entries of the scope that name no file in the fix or before it.
    pub empty_scope: Vec<String>,
    /// The nature of the changes in scope, taken together.
    pub nature: Nature,
}

/// The nature of the changes in scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Nature {
    /// Behaviour changed.
    Behaviour,
    /// Only the lengths of waits changed.
    Timeout,
    /// Files in scope changed, their behaviour did not.
    Diagnostic,
    /// No source file in scope changed.
    OutOfScope,
    /// Cannot be determined.
    Undetermined,
}

/// Judges a fix by its syntax trees.
///
/// # Errors
/// Why the two versions could not be read.
pub async fn behaviour(
    world: &dyn World,
    by: &SubtaskId,
    req: &AuditRequest,
) -> Result<Behaviour, AuditError> {
    let git = Git {
        world,
        by,
        repo: &req.repo,
        limit: req.limits.git,
        objects: None,
    };
    let commits = commits(git, req).await?;
    let files = changed_files(git, &commits, &req.scope).await?;
    let versions = versions(git, &commits, &files, req.limits.source).await?;
    let compared = compare(&versions.pairs, &req.logging);
    let mut behaviour = judge(commits, files, compared, versions.unreadable);
    if behaviour.nature == Nature::OutOfScope {
        behaviour.empty_scope = empty_scope(git, &behaviour.commits, &req.scope).await?;
    }
    Ok(behaviour)
}

fn judge(
    commits: Commits,
    files: Vec<ChangedFile>,
    compared: Comparison,
    unread: Vec<(String, Unreadable)>,
) -> Behaviour {
    let scoped = |path: &str| {
        files
            .iter()
            .any(|file| file.in_scope && !file.test && file.path == path)
    };
    let (changes, outside): (Vec<Change>, Vec<Change>) = compared
        .changes
        .into_iter()
        .partition(|change| scoped(&change.path));
    let ignored = compared
        .ignored
        .into_iter()
        .filter(|ignored| scoped(&ignored.path))
        .collect();
    let mut unreadable: Vec<(String, Unreadable)> = compared
        .unreadable
        .into_iter()
        .filter(|(path, _)| scoped(path))
        .collect();
    unreadable.extend(unread.into_iter().filter(|(path, _)| !is_document(path)));
    let nature = nature(&files, &changes, &unreadable);
    Behaviour {
        commits,
        files,
        changes,
        outside,
        ignored,
        unreadable,
        empty_scope: Vec::new(),
        nature,
    }
}

fn nature(
    files: &[ChangedFile],
    changes: &[Change],
    unreadable: &[(String, Unreadable)],
) -> Nature {
    let sources = files
        .iter()
        .filter(|file| file.in_scope && !file.test && !is_document(&file.path));
    if sources.count() == 0 {
        return Nature::OutOfScope;
    }
    let fatal = unreadable
        .iter()
        .any(|(_, why)| *why != Unreadable::NoGrammar);
    if fatal || (changes.is_empty() && !unreadable.is_empty()) {
        Nature::Undetermined
    } else if changes.is_empty() {
        Nature::Diagnostic
    } else if changes.iter().all(|change| change.numeric) {
        Nature::Timeout
    } else {
        Nature::Behaviour
    }
}

/// Whether a file is prose, or a stub of annotations that never runs.
fn is_document(path: &str) -> bool {
    let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
    matches!(extension, "md" | "rst" | "txt" | "adoc" | "pyi")
}

/// Entries of the scope without a file: a mistyped scope must not look like an honest verdict.
async fn empty_scope(
    git: Git<'_>,
    commits: &Commits,
    scope: &[String],
) -> Result<Vec<String>, AuditError> {
    let mut empty = Vec::new();
    for entry in scope.iter().filter(|entry| !entry.contains('*')) {
        let path = entry.trim_end_matches('/');
        let mut found = false;
        for commit in [&commits.fix, &commits.parent] {
            let text = git
                .text(
                    &["ls-tree", "--full-tree", "--name-only", commit, "--", path],
                    None,
                )
                .await?;
            found |= !text.trim().is_empty();
        }
        if !found {
            empty.push(entry.clone());
        }
    }
    Ok(empty)
}
