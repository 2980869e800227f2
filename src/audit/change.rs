//! Reads what a fix changed: both versions of its files, with as few git processes as possible.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::blobs::blobs;
use super::bytes::Entry;
use super::error::AuditError;
use super::git::Git;
use super::request::AuditRequest;
use super::syntax::{FilePair, Unreadable, grammar_for};

/// The two commits that are compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commits {
    /// The fix, as its full commit id.
    pub fix: String,
    /// The state before it.
    pub parent: String,
    /// First line of the fix's message.
    pub subject: String,
    /// Number of the fix's parents.
    pub parents: usize,
}

/// A file that the fix touched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangedFile {
    /// Path in the fix, or of the deleted file.
    pub path: String,
    /// Path before, if it was renamed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renamed_from: Option<String>,
    /// What happened to it.
    pub status: Status,
    /// Whether the scope names it.
    pub in_scope: bool,
    /// Whether it is part of the tests.
    pub test: bool,
    #[serde(skip)]
    before: Blob,
    #[serde(skip)]
    after: Blob,
}

/// What happened to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// It is new.
    Added,
    /// It was deleted.
    Deleted,
    /// Its content or mode changed.
    Modified,
    /// It has another path, and possibly other content.
    Renamed,
}

impl Status {
    /// Whether nothing was at the path before the fix.
    pub(super) fn comes_with_the_fix(self) -> bool {
        matches!(self, Self::Added | Self::Renamed)
    }
}

/// One side of a changed file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Blob {
    mode: String,
    oid: String,
}

impl Blob {
    fn is_there(&self) -> bool {
        !self.mode.is_empty() && self.mode != "000000"
    }

    fn is_regular(&self) -> bool {
        self.mode.starts_with("100")
    }
}

impl ChangedFile {
    /// Its path before the fix, if it existed.
    pub(super) fn path_before(&self) -> Option<&str> {
        match self.status {
            Status::Added => None,
            Status::Deleted | Status::Modified => Some(&self.path),
            Status::Renamed => self.renamed_from.as_deref(),
        }
    }

    /// The same file, to be read as source.
    pub(super) fn into_source(self) -> Self {
        Self {
            test: false,
            in_scope: true,
            ..self
        }
    }

    /// Its blobs, each with its location.
    fn entries<'e>(&'e self, commits: &'e Commits) -> impl Iterator<Item = Entry<'e>> {
        let old = self.renamed_from.as_ref().unwrap_or(&self.path);
        [
            (&self.before, &commits.parent, old),
            (&self.after, &commits.fix, &self.path),
        ]
        .into_iter()
        .filter(|(side, ..)| side.is_there())
        .map(|(side, commit, path)| Entry {
            oid: &side.oid,
            commit,
            path,
        })
    }
}

/// Both versions of the changed source files.
#[derive(Debug, Default)]
pub(super) struct Versions {
    pub(super) pairs: Vec<FilePair>,
    pub(super) unreadable: Vec<(String, Unreadable)>,
}

/// Finds the fix and the state before it.
pub(super) async fn commits(git: Git<'_>, req: &AuditRequest) -> Result<Commits, AuditError> {
    let shallow = git
        .text(&["rev-parse", "--is-shallow-repository"], None)
        .await?;
    let shallow = shallow.trim() == "true";
    let missing = |commit: &str| AuditError::MissingCommit {
        commit: commit.to_owned(),
        repo: git.repo.to_string(),
        shallow,
    };
    let Some(fix) = git.commit(&req.fix).await? else {
        return Err(missing(&req.fix));
    };
    // The raw object names its parents even if a shallow clone cuts them off.
    let raw = git.text(&["cat-file", "commit", &fix], None).await?;
    let (head, message) = raw.split_once("\n\n").unwrap_or((&raw, ""));
    let parents: Vec<&str> = head
        .lines()
        .filter_map(|line| line.strip_prefix("parent "))
        .collect();
    let subject = message.lines().next().unwrap_or_default().to_owned();
    let parent = match &req.base {
        Some(base) => explicit_base(git, base, &fix)
            .await?
            .ok_or_else(|| missing(base))?,
        None => first_parent(git, &fix, &parents, shallow).await?,
    };
    Ok(Commits {
        fix,
        parent,
        subject,
        parents: parents.len(),
    })
}

async fn explicit_base(git: Git<'_>, base: &str, fix: &str) -> Result<Option<String>, AuditError> {
    let Some(parent) = git.commit(base).await? else {
        return Ok(None);
    };
    if parent == fix || !git.is_ancestor(&parent, fix).await? {
        return Err(AuditError::NotBefore {
            base: base.to_owned(),
            commit: fix.to_owned(),
        });
    }
    Ok(Some(parent))
}

async fn first_parent(
    git: Git<'_>,
    fix: &str,
    parents: &[&str],
    shallow: bool,
) -> Result<String, AuditError> {
    let Some(first) = parents.first() else {
        return Err(AuditError::RootCommit {
            commit: fix.to_owned(),
        });
    };
    let cut = || AuditError::ShallowParent {
        commit: fix.to_owned(),
        parent: (*first).to_owned(),
        repo: git.repo.to_string(),
    };
    let Some(parent) = git.commit(first).await? else {
        return Err(cut());
    };
    if let Some(second) = parents.get(1) {
        let finished = git.run(&["merge-base", first, second], None).await?;
        if !finished.success() {
            return Err(if shallow {
                cut()
            } else {
                AuditError::UnrelatedHistories {
                    commit: fix.to_owned(),
                }
            });
        }
    }
    Ok(parent)
}

/// Files that differ between two commits, renames followed.
pub(super) async fn changed_files(
    git: Git<'_>,
    commits: &Commits,
    scope: &[String],
) -> Result<Vec<ChangedFile>, AuditError> {
    let arguments = [
        "diff-tree",
        "-r",
        "-z",
        "-M",
        "--raw",
        "--no-abbrev",
        &commits.parent,
        &commits.fix,
    ];
    let text = git.text(&arguments, None).await?;
    parse_raw(&text, scope).ok_or_else(|| AuditError::Answer {
        command: format!("git {}", arguments.join(" ")),
        reason: "not the raw format".to_owned(),
    })
}

/// Reads `git diff-tree --raw -z`.
fn parse_raw(text: &str, scope: &[String]) -> Option<Vec<ChangedFile>> {
    let mut fields = text.split('\0').filter(|field| !field.is_empty());
    let mut all = Vec::new();
    while let Some(head) = fields.next() {
        let parts: Vec<&str> = head.strip_prefix(':')?.split(' ').collect();
        let [old_mode, new_mode, old, new, status] = parts.as_slice() else {
            return None;
        };
        let first = fields.next()?.to_owned();
        let status = match status.chars().next()? {
            'A' => Status::Added,
            'D' => Status::Deleted,
            'R' | 'C' => Status::Renamed,
            _ => Status::Modified,
        };
        let (path, renamed_from) = if status == Status::Renamed {
            (fields.next()?.to_owned(), Some(first))
        } else {
            (first, None)
        };
        let blob = |mode: &str, oid: &str| Blob {
            mode: mode.to_owned(),
            oid: oid.to_owned(),
        };
        let in_scope = in_scope(scope, &path)
            || renamed_from
                .as_ref()
                .is_some_and(|path| self::in_scope(scope, path));
        all.push(ChangedFile {
            in_scope,
            test: is_test(&path),
            path,
            renamed_from,
            status,
            before: blob(old_mode, old),
            after: blob(new_mode, new),
        });
    }
    Some(all)
}

/// Whether the scope covers a path: the path itself, a directory above it, or a pattern with `*`.
#[must_use]
pub fn in_scope(scope: &[String], path: &str) -> bool {
    scope.is_empty()
        || scope.iter().any(|entry| {
            let entry = entry.trim_start_matches("./").trim_end_matches('/');
            entry.is_empty()
                || entry == "."
                || path == entry
                || path
                    .strip_prefix(entry)
                    .is_some_and(|rest| rest.starts_with('/'))
                || (entry.contains('*') && super::syntax::matches(entry, path))
        })
}

/// Whether a path belongs to the tests: a test module, or anything in a tests directory.
#[must_use]
pub fn is_test(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    name == "conftest.py"
        || stem.starts_with("test_")
        || stem.ends_with("_test")
        || path
            .split('/')
            .rev()
            .skip(1)
            .any(|part| part == "tests" || part == "test")
}

/// Reads both versions of the changed source files. Files out of scope are read too, so that
/// code that moved in or out is recognised, but only while they are few and small.
pub(super) async fn versions(
    git: Git<'_>,
    commits: &Commits,
    files: &[ChangedFile],
    limit: u64,
) -> Result<Versions, AuditError> {
    const OUTSIDE: usize = 200;
    let mut versions = Versions::default();
    let mut wanted: Vec<&ChangedFile> = Vec::new();
    let mut outside = 0;
    for file in files.iter().filter(|file| !file.test) {
        let sides = [&file.before, &file.after];
        if grammar_for(&file.path).is_none()
            || sides
                .iter()
                .any(|side| side.is_there() && !side.is_regular())
        {
            if file.in_scope {
                versions.unreadable.push((file.path.clone(), unread(file)));
            }
            continue;
        }
        outside += usize::from(!file.in_scope);
        if file.in_scope || outside <= OUTSIDE {
            wanted.push(file);
        }
    }
    let entries: Vec<Entry<'_>> = wanted
        .iter()
        .flat_map(|file| file.entries(commits))
        .collect();
    let blobs = blobs(git, &entries, limit).await?;
    for file in wanted {
        pair(file, &blobs, &mut versions);
    }
    Ok(versions)
}

fn unread(file: &ChangedFile) -> Unreadable {
    let sides = [&file.before, &file.after];
    if sides
        .iter()
        .any(|side| side.is_there() && !side.is_regular())
    {
        Unreadable::NotAFile
    } else {
        Unreadable::NoGrammar
    }
}

fn pair(
    file: &ChangedFile,
    blobs: &HashMap<String, Result<String, Unreadable>>,
    to: &mut Versions,
) {
    let side = |blob: &Blob| match blobs.get(&blob.oid).filter(|_| blob.is_there()) {
        None => Ok(None),
        Some(Ok(text)) => Ok(Some(text.clone())),
        Some(Err(why)) => Err(why.clone()),
    };
    let mut unreadable = |why: Unreadable| {
        if file.in_scope {
            to.unreadable.push((file.path.clone(), why));
        }
    };
    match (side(&file.before), side(&file.after)) {
        // The differing part was lost on its way here, for example a redacted secret.
        (Ok(Some(before)), Ok(Some(after)))
            if before == after && file.before.oid != file.after.oid =>
        {
            unreadable(Unreadable::Unseen);
        }
        (Ok(before), Ok(after)) => to.pairs.push(FilePair {
            path: file.path.clone(),
            before,
            after,
        }),
        (Err(why), _) | (_, Err(why)) => unreadable(why),
    }
}
