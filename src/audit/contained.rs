//! Shows that a fix is in what was installed: the fix is an ancestor of the candidate's tag,
//! and the installed files are the tag's.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::gate::SubtaskId;
use crate::world::{Effect, FileFailure, ListFiles, Place, Response, World, WorldError};

use super::blobs::blobs;
use super::change::{in_scope, is_test};
use super::error::AuditError;
use super::git::{Git, read_text, unexpected};
use super::request::Limits;
use super::syntax::{Unreadable, differing, grammar_for};

/// What is to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainmentRequest {
    /// A checkout that has the tag and the fix.
    pub repo: Place,
    /// The fix.
    pub fix: String,
    /// The candidate's tag.
    pub tag: String,
    /// Files and directories that must be the tag's.
    pub scope: Vec<String>,
    /// Directory of the repository that is the root of the installed packages, such as `src`;
    /// empty where packages stand at the top.
    pub source_root: String,
    /// The directory packages were installed to, such as `…/site-packages`.
    pub installed: Place,
    /// Limits.
    pub limits: Limits,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Containment {
    /// The fix's full name.
    pub fix: String,
    /// The tag.
    pub tag: String,
    /// The tag's commit.
    pub tag_commit: String,
    /// Whether the fix is an ancestor of the tag.
    pub is_ancestor: bool,
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Differs {
    /// Path in the repository.
    pub path: String,
    /// Qualified name.
    pub function: String,
}

impl Containment {
    /// Whether the fix is in what was installed. No file compared is no evidence.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.is_ancestor
            && self.compared > 0
            && self.differing.is_empty()
            && self.missing.is_empty()
            && self.extra.is_empty()
            && self.unreadable.is_empty()
    }

    /// Why it does not hold, one sentence each; none when it holds.
    #[must_use]
    pub fn reasons(&self) -> Vec<String> {
        let mut all = Vec::new();
        if !self.is_ancestor {
            all.push(format!(
                "fix `{}` is not an ancestor of `{}`",
                self.fix, self.tag
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

/// Compares what was installed with the tag.
///
/// # Errors
/// Why it could not be compared.
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
    };
    let missing = |commit: &str| AuditError::MissingCommit {
        commit: commit.to_owned(),
        repo: req.repo.to_string(),
        shallow: false,
    };
    let fix = git
        .commit(&req.fix)
        .await?
        .ok_or_else(|| missing(&req.fix))?;
    let tag_commit = git
        .commit(&req.tag)
        .await?
        .ok_or_else(|| missing(&req.tag))?;
    let mut found = Containment {
        is_ancestor: git.is_ancestor(&fix, &tag_commit).await?,
        fix,
        tag: req.tag.clone(),
        tag_commit,
        compared: 0,
        differing: Vec::new(),
        missing: Vec::new(),
        extra: Vec::new(),
        unreadable: Vec::new(),
    };
    let wanted = wanted(git, req, &found.tag_commit).await?;
    compare_files(git, req, &wanted, &mut found).await?;
    extra_files(git, req, &wanted, &mut found).await?;
    Ok(found)
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
    let oids: Vec<&str> = wanted.values().map(String::as_str).collect();
    let texts = blobs(git, &oids, req.limits.source).await?;
    for (path, oid) in wanted {
        let tagged = match texts.get(oid) {
            Some(Ok(text)) => text,
            Some(Err(bytes)) => {
                let (bytes, limit) = (*bytes, req.limits.source);
                found
                    .unreadable
                    .push((path.clone(), Unreadable::TooLarge { bytes, limit }));
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
        let list = Effect::ListFiles(ListFiles {
            root: req.installed.join(below),
            include: vec!["**/*.py".to_owned()],
        });
        let files = match git.world.perform(git.by, list).await? {
            Response::Files(files) => files,
            other => return Err(unexpected("files", &other)),
        };
        let middle = format!("/{below}/");
        for file in files {
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
