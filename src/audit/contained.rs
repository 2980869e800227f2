//! Shows that a fix is in what was installed: the fix is an ancestor of the candidate's tag,
//! and the installed files are the tag's.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::model::SubtaskId;
use crate::world::{FileFailure, ListFiles, Place, World, WorldError, ask};

use super::blobs::blobs;
use super::bytes::Entry;
use super::change::{ChangedFile, Commits, changed_files, in_scope, is_test, versions};
use super::error::AuditError;
use super::git::{Git, read_text};
use super::request::Limits;
use super::syntax::{Change, LoggingNames, Unreadable, compare, differing, grammar_for};

/// What is to be verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainmentRequest {
    /// A checkout that has the tag and the fix.
    pub repo: Place,
    /// The fix.
    pub fix: String,
    /// The state before the fix; none means its first parent.
    pub base: Option<String>,
    /// The candidate's tag.
    pub tag: String,
    /// Files and directories that must equal the tag's.
    pub scope: Vec<String>,
    /// Directory of the repository that is the root of the installed packages, such as `src`; empty
    /// if packages are at the top.
    pub source_root: String,
    /// The directory packages were installed to, such as `…/site-packages`.
    pub installed: Place,
    /// Limits.
    pub limits: Limits,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Containment {
    /// The fix's full commit id.
    pub fix: String,
    /// The tag.
    pub tag: String,
    /// The tag's commit.
    pub tag_commit: String,
    /// Whether the fix is an ancestor of the tag.
    pub is_ancestor: bool,
    /// Definitions that the fix changed and that the tag has in their version before the fix.
    #[serde(default)]
    pub undone: Vec<Differs>,
    /// Files that were compared.
    pub compared: usize,
    /// Definitions that differ from the tag's.
    pub differing: Vec<Differs>,
    /// Files of the tag that are not installed.
    pub missing: Vec<String>,
    /// Installed files in scope that the tag does not have.
    pub extra: Vec<String>,
    /// Files that could not be compared.
    pub unreadable: Vec<(String, Unreadable)>,
}

/// A definition that differs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Differs {
    /// Path in the repository.
    pub path: String,
    /// Qualified name.
    pub function: String,
}

impl Containment {
    /// Whether the fix is in what was installed. If no file was compared, this is not shown.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.is_ancestor
            && self.undone.is_empty()
            && self.compared > 0
            && self.differing.is_empty()
            && self.missing.is_empty()
            && self.extra.is_empty()
            && self.unreadable.is_empty()
    }

    /// Why it does not hold, one sentence each; empty if it holds.
    #[must_use]
    pub fn reasons(&self) -> Vec<String> {
        let mut all = Vec::new();
        if !self.is_ancestor {
            all.push(format!(
                "fix `{}` is not an ancestor of `{}`",
                self.fix, self.tag
            ));
        }
        for undone in &self.undone {
            all.push(format!(
                "`{}`: `{}` is in `{}` as it was before the fix: reverted since",
                undone.path, undone.function, self.tag
            ));
        }
        for differs in &self.differing {
            all.push(format!(
                "installed `{}`: `{}` is not the tag's",
                differs.path, differs.function
            ));
        }
        all.extend(
            self.missing
                .iter()
                .map(|path| format!("`{path}` is not installed")),
        );
        all.extend(
            self.extra
                .iter()
                .map(|path| format!("`{path}` is installed and not in the tag")),
        );
        all.extend(
            self.unreadable
                .iter()
                .map(|(path, why)| format!("`{path}`: {why}")),
        );
        if self.compared == 0 && all.is_empty() {
            all.push("the scope names no source file of the tag".to_owned());
        }
        all
    }
}

/// Compares the installed files with the tag.
///
/// # Errors
/// Why they could not be compared.
pub async fn containment(
    world: &dyn World,
    by: &SubtaskId,
    req: &ContainmentRequest,
) -> Result<Containment, AuditError> {
    let git = Git {
        world,
        by,
        repo: &req.repo,
        limit: req.limits.git,
        objects: None,
    };
    let fix = git
        .commit(&req.fix)
        .await?
        .ok_or_else(|| missing(req, &req.fix))?;
    let tag_commit = git
        .commit(&req.tag)
        .await?
        .ok_or_else(|| missing(req, &req.tag))?;
    let mut found = Containment {
        is_ancestor: git.is_ancestor(&fix, &tag_commit).await?,
        fix,
        tag: req.tag.clone(),
        tag_commit,
        undone: Vec::new(),
        compared: 0,
        differing: Vec::new(),
        missing: Vec::new(),
        extra: Vec::new(),
        unreadable: Vec::new(),
    };
    if found.is_ancestor {
        found.undone = undone(git, req, &found).await?;
    }
    let wanted = wanted(git, req, &found.tag_commit).await?;
    compare_files(git, req, &wanted, &mut found).await?;
    extra_files(git, req, &wanted, &mut found).await?;
    Ok(found)
}

fn missing(req: &ContainmentRequest, commit: &str) -> AuditError {
    AuditError::MissingCommit {
        commit: commit.to_owned(),
        repo: req.repo.to_string(),
        shallow: false,
    }
}

/// Definitions that the fix changed in scope and a later commit changed back: being an ancestor
/// shows nothing about later commits. Definitions that a later commit changed differently, moved or
/// deleted are not included.
async fn undone(
    git: Git<'_>,
    req: &ContainmentRequest,
    found: &Containment,
) -> Result<Vec<Differs>, AuditError> {
    let base = match &req.base {
        Some(base) => base.clone(),
        None => format!("{}^1", found.fix),
    };
    let parent = git
        .commit(&base)
        .await?
        .ok_or_else(|| missing(req, &base))?;
    let limit = req.limits.source;
    let changed = changes_between(git, &parent, &found.fix, &req.scope, limit).await?;
    if changed.is_empty() {
        return Ok(Vec::new());
    }
    let still = changes_between(git, &parent, &found.tag_commit, &req.scope, limit).await?;
    Ok(changed.difference(&still).cloned().collect())
}

/// Definitions in scope that behave differently in two commits.
async fn changes_between(
    git: Git<'_>,
    before: &str,
    after: &str,
    scope: &[String],
    limit: u64,
) -> Result<BTreeSet<Differs>, AuditError> {
    let commits = Commits {
        fix: after.to_owned(),
        parent: before.to_owned(),
        subject: String::new(),
        parents: 1,
    };
    let files = changed_files(git, &commits, scope).await?;
    let files: Vec<ChangedFile> = files.into_iter().filter(|file| file.in_scope).collect();
    let versions = versions(git, &commits, &files, limit).await?;
    let compared = compare(&versions.pairs, &LoggingNames::default());
    let differs = |change: Change| Differs {
        path: change.path,
        function: change.function,
    };
    Ok(compared.changes.into_iter().map(differs).collect())
}

/// Source files of the tag in scope, with their blobs' names.
async fn wanted(
    git: Git<'_>,
    req: &ContainmentRequest,
    commit: &str,
) -> Result<BTreeMap<String, String>, AuditError> {
    let text = git
        .text(&["ls-tree", "-r", "-z", "--full-tree", commit], None)
        .await?;
    Ok(text
        .split('\0')
        .filter_map(|entry| {
            let (head, path) = entry.split_once('\t')?;
            let oid = head.split(' ').nth(2)?;
            let source = grammar_for(path).is_some() && !is_test(path);
            (source && in_scope(&req.scope, path)).then(|| (path.to_owned(), oid.to_owned()))
        })
        .collect())
}

async fn compare_files(
    git: Git<'_>,
    req: &ContainmentRequest,
    wanted: &BTreeMap<String, String>,
    found: &mut Containment,
) -> Result<(), AuditError> {
    let commit = found.tag_commit.clone();
    let entries: Vec<Entry<'_>> = wanted
        .iter()
        .map(|(path, oid)| Entry {
            oid,
            commit: &commit,
            path,
        })
        .collect();
    let texts = blobs(git, &entries, req.limits.source).await?;
    for (path, oid) in wanted {
        let tagged = match texts.get(oid) {
            Some(Ok(text)) => text,
            Some(Err(why)) => {
                found.unreadable.push((path.clone(), why.clone()));
                continue;
            }
            None => continue,
        };
        let place = req.installed.join(installed_path(req, path));
        let installed = match read_text(git.world, git.by, &place, req.limits.source).await {
            Ok(text) => text,
            Err(AuditError::World(WorldError::File {
                kind: FileFailure::NotFound,
                ..
            })) => {
                found.missing.push(path.clone());
                continue;
            }
            Err(AuditError::World(WorldError::File {
                kind: FileFailure::NotText,
                ..
            })) => {
                found.unreadable.push((path.clone(), Unreadable::Binary));
                continue;
            }
            Err(error) => return Err(error),
        };
        match differing(path, tagged, &installed) {
            Ok(functions) => {
                found.compared += 1;
                found
                    .differing
                    .extend(functions.into_iter().map(|function| Differs {
                        path: path.clone(),
                        function,
                    }));
            }
            Err(why) => found.unreadable.push((path.clone(), why)),
        }
    }
    Ok(())
}

/// A path of the repository below the directory of installed packages.
fn installed_path<'p>(req: &ContainmentRequest, path: &'p str) -> &'p str {
    let root = req.source_root.trim_matches('/');
    match path.strip_prefix(root) {
        Some(rest) if !root.is_empty() => rest.trim_start_matches('/'),
        _ => path,
    }
}

/// Files that were installed into a directory of the scope and are not in the tag.
async fn extra_files(
    git: Git<'_>,
    req: &ContainmentRequest,
    wanted: &BTreeMap<String, String>,
    found: &mut Containment,
) -> Result<(), AuditError> {
    for entry in req.scope.iter().map(|entry| entry.trim_end_matches('/')) {
        if entry.contains('*') || grammar_for(entry).is_some() {
            continue;
        }
        let below = installed_path(req, entry);
        let list = ListFiles {
            root: req.installed.join(below),
            include: vec!["**/*.py".to_owned()],
        };
        let middle = format!("/{below}/");
        for file in ask(git.world, git.by, list).await? {
            let Some((_, rest)) = file.path.as_str().rsplit_once(&middle) else {
                continue;
            };
            let path = format!("{entry}/{rest}");
            if !wanted.contains_key(&path) && !is_test(&path) && !found.extra.contains(&path) {
                found.extra.push(path);
            }
        }
    }
    Ok(())
}
