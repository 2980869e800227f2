//! The checkouts in which a proof runs: throwaway clones that share the repository's objects and
//! nothing else with it, created beside each other and removed afterwards.
//!
//! Never touches the operator's repository, and reports if a test did. After the first test has run
//! in a checkout, nothing in it is trusted.

use std::collections::BTreeSet;

use crate::model::SubtaskId;
use crate::store::sha256_hex;
use crate::world::{
    Effect, FreshId, ListFiles, Mount, Place, Response, Sandbox, World, ask, strand,
};

use super::change::{ChangedFile, Commits};
use super::error::AuditError;
use super::git::Git;
use super::overlay::as_before;

/// What every checkout of the audit is called by.
const PREFIX: &str = "gate-audit-";

/// Where the tests of either side find their checkout.
pub(super) const AT: &str = "/gate/work";

/// The name to which a checkout is moved for a test run, if it cannot be mounted.
const MOVED: &str = "work";

/// Checkouts of one repository.
pub(super) struct Worktrees {
    /// The fix with its product files as they were before.
    pub(super) before: Place,
    /// The fix.
    pub(super) after: Place,
    /// The fix with its files in scope in their earlier version. Only the tests for which it is
    /// made are run in it.
    pub(super) scope: Place,
    /// Where reports go, outside both.
    pub(super) reports: Place,
    /// How the repository and the scratch directory looked before.
    found: Found,
}

/// Where a repository keeps what others may share or change.
#[derive(Debug, Clone)]
pub(super) struct Stores {
    /// Its objects.
    pub(super) objects: Place,
    /// Its settings, hooks and refs.
    common: Place,
}

impl Stores {
    /// Determines their location with git: those of a linked worktree are in another repository.
    ///
    /// # Errors
    /// The error of git.
    pub(super) async fn of(git: Git<'_>) -> Result<Self, AuditError> {
        let arguments = ["rev-parse", "--git-path", "objects", "--git-common-dir"];
        let text = git.text(&arguments, None).await?;
        let mut paths = text.lines().map(|path| absolute(git.repo, path));
        match (paths.next(), paths.next()) {
            (Some(objects), Some(common)) => Ok(Self { objects, common }),
            _ => Err(AuditError::Answer {
                command: format!("git {}", arguments.join(" ")),
                reason: format!("`{text}`"),
            }),
        }
    }
}

/// A path in git's output: a relative one is resolved against git's own directory.
fn absolute(from: &Place, path: &str) -> Place {
    if path.starts_with(['/', '‹']) {
        return Place::new(path);
    }
    Place::new(format!("{from}/{path}"))
}

/// What a program of one side sees: its checkout at the same path on both sides, where git can
/// read its history and change nothing.
pub(super) fn checkout(tree: &Place, objects: Option<&Place>) -> Sandbox {
    let mut mounts = vec![
        mount(tree, AT.to_owned(), true),
        mount(&tree.join(".git"), format!("{AT}/.git"), false),
    ];
    mounts.extend(objects.map(|objects| mount(objects, "/gate/objects".to_owned(), false)));
    Sandbox {
        mounts,
        ..Sandbox::default()
    }
}

/// What the tests of one side see: their checkout, and the one report.
pub(super) fn sandbox(tree: &Place, report: &Place, objects: Option<&Place>) -> Sandbox {
    let mut sandbox = checkout(tree, objects);
    let report = mount(report, "/gate/report.xml".to_owned(), true);
    sandbox.mounts.push(report);
    sandbox
}

fn mount(place: &Place, at: String, writable: bool) -> Mount {
    Mount {
        place: place.clone(),
        at,
        writable,
    }
}

/// What must be the same afterwards.
#[derive(PartialEq, Eq)]
struct Found {
    repository: Vec<String>,
    scratch: Vec<String>,
}

/// Removes checkouts that an earlier audit in this scratch directory left behind. Returns how many
/// there were.
///
/// # Errors
/// The error of the world.
pub(super) async fn clean_up(git: Git<'_>, scratch: &Place) -> Result<usize, AuditError> {
    take_away(git.world, git.by, scratch, "").await
}

/// Removes every checkout below a directory that holds the scratch directories of audits, whatever
/// repositories they belong to. Returns how many there were.
///
/// # Errors
/// The error of the world.
pub async fn clean_up_below(
    world: &dyn World,
    by: &SubtaskId,
    scratches: &Place,
) -> Result<usize, AuditError> {
    take_away(world, by, scratches, "*/").await
}

async fn take_away(
    world: &dyn World,
    by: &SubtaskId,
    root: &Place,
    above: &str,
) -> Result<usize, AuditError> {
    // Every checkout has one of these from its creation.
    let marks = ListFiles {
        root: root.clone(),
        include: [PREFIX, MOVED]
            .map(|name| format!("{above}{name}*/.git/HEAD"))
            .into(),
    };
    let mut gone = 0;
    for mark in ask(world, by, marks).await? {
        if let Some(tree) = mark.path.as_str().strip_suffix("/.git/HEAD") {
            remove(world, by, &Place::new(tree)).await?;
            gone += 1;
        }
    }
    Ok(gone)
}

async fn remove(world: &dyn World, by: &SubtaskId, tree: &Place) -> Result<(), AuditError> {
    let effect = Effect::RemoveDir { path: tree.clone() };
    world.perform(by, effect).await?;
    Ok(())
}

impl Worktrees {
    /// Creates the checkouts of the fix in parallel, and restores the earlier product files in the
    /// older one; those in scope are restored later, once it is known that they are run.
    pub(super) async fn make(
        git: Git<'_>,
        stores: &Stores,
        scratch: &Place,
        commits: &Commits,
        product: &[&ChangedFile],
    ) -> Result<Self, AuditError> {
        clean_up(git, scratch).await?;
        let found = Found::look(git, stores, scratch).await?;
        // Nothing that a test can see is named after its side.
        let place = |id: String| scratch.join(&format!("{PREFIX}{id}"));
        let made = Self {
            before: place(fresh_id(git).await?),
            after: place(fresh_id(git).await?),
            scope: place(fresh_id(git).await?),
            reports: scratch.join("reports").join(&fresh_id(git).await?),
            found,
        };
        match made.fill(git, commits, product).await {
            Ok(()) => Ok(made),
            Err(error) => {
                made.remove(git).await?;
                Err(error)
            }
        }
    }

    /// Where one side's report of one round goes.
    pub(super) fn report(&self, side: &str, round: u32) -> Place {
        // The name does not reveal the side; in a sandbox the tests do not even see it.
        let name = sha256_hex(format!("{side} {round}").as_bytes());
        self.reports.join(&format!("{}.xml", &name[..16]))
    }

    async fn fill(
        &self,
        git: Git<'_>,
        commits: &Commits,
        product: &[&ChangedFile],
    ) -> Result<(), AuditError> {
        let reports = Effect::MakeDir {
            path: self.reports.clone(),
        };
        git.world.perform(git.by, reports).await?;
        let (before, after, scope) = tokio::join!(
            strand("before", clone(git.at(&self.before), &commits.fix)),
            strand("after", clone(git.at(&self.after), &commits.fix)),
            strand("scope", clone(git.at(&self.scope), &commits.fix)),
        );
        before?;
        after?;
        scope?;
        as_before(git.at(&self.before), commits, product).await
    }

    /// Copies what a build has generated in the fix's checkout, such as a version file, to the
    /// checkout for the run without the change in scope. Must happen before any test has run: after
    /// that nothing in the fix's checkout is trusted.
    pub(super) async fn take_over_built(&self, git: Git<'_>) -> Result<(), AuditError> {
        let others = ["ls-files", "--others", "-z"];
        let there = git.at(&self.scope).text(&others, None).await?;
        let there: BTreeSet<&str> = there.split('\0').collect();
        let built = git.at(&self.after).text(&others, None).await?;
        // A name that is not UTF-8 could not be passed back to git.
        let wanted = |path: &&str| !there.contains(path) && !path.contains('\u{fffd}');
        let built: Vec<&str> = built.split('\0').filter(wanted).collect();
        if built.is_empty() {
            return Ok(());
        }
        let from = format!("--work-tree={}", self.after);
        let listed = ["--pathspec-from-file=-", "--pathspec-file-nul"];
        let add = [&from, "--literal-pathspecs", "add", "--force"];
        let git = git.at(&self.scope);
        let names = built.join("\0");
        git.text(&[&add[..], &listed].concat(), Some(names.clone()))
            .await?;
        git.text(&["checkout-index", "-z", "--stdin"], Some(names))
            .await
            .map(drop)
    }

    /// Removes all of them.
    pub(super) async fn remove(&self, git: Git<'_>) -> Result<(), AuditError> {
        for tree in [&self.before, &self.after, &self.scope] {
            remove(git.world, git.by, tree).await?;
        }
        Ok(())
    }

    /// Differences that remain after both are removed: traces of tests that wrote outside their
    /// worktree.
    pub(super) async fn traces(
        &self,
        git: Git<'_>,
        stores: &Stores,
        scratch: &Place,
    ) -> Result<Vec<String>, AuditError> {
        let now = Found::look(git, stores, scratch).await?;
        let reports = self.reports.as_str();
        let mut traces: Vec<String> = now
            .scratch
            .into_iter()
            .filter(|path| !self.found.scratch.contains(path))
            .filter(|path| !path.starts_with(reports) && !path.contains(&reports_below(reports)))
            .collect();
        for line in now
            .repository
            .iter()
            .filter(|line| !self.found.repository.contains(line))
        {
            traces.push(format!("repository: {line}"));
        }
        for line in self
            .found
            .repository
            .iter()
            .filter(|line| !now.repository.contains(line))
        {
            traces.push(format!("repository, no longer: {line}"));
        }
        Ok(traces)
    }
}

async fn fresh_id(git: Git<'_>) -> Result<String, AuditError> {
    Ok(ask(git.world, git.by, FreshId).await?)
}

/// The last two components of the reports directory, whatever the spelling of the rest.
fn reports_below(reports: &str) -> String {
    let mut parts = reports.rsplit('/');
    let id = parts.next().unwrap_or_default();
    format!("/reports/{id}/")
}

/// A separate repository with one commit checked out. No templates, no hooks, only git's default
/// settings; the objects are the operator's, through the environment variable for them.
async fn clone(git: Git<'_>, commit: &str) -> Result<(), AuditError> {
    let path = git.repo.to_string();
    let mut arguments = vec!["init", "--quiet", "--template=", "--initial-branch=main"];
    if commit.len() > 40 {
        arguments.push("--object-format=sha256");
    }
    arguments.push(&path);
    // In a directory that exists: the new one does not exist yet.
    let above = Place::new(path.rsplit_once('/').map_or("", |(above, _)| above));
    git.at(&above).text(&arguments, None).await?;
    let arguments = ["reset", "--quiet", "--hard", commit];
    git.text(&arguments, None).await.map(drop)
}

/// Settings with which git runs none of the filter programs that a repository configures: the
/// repository may be untrusted.
async fn without_filters(git: Git<'_>) -> Result<Vec<String>, AuditError> {
    let names = ["config", "--list", "--name-only", "-z"];
    let finished = git.run(&names, None).await?;
    let names = finished.stdout.text.split('\0');
    let names = names.filter(|name| name.starts_with("filter."));
    let off = |name: &str| match name.rsplit('.').next() {
        Some("required") => format!("{name}=false"),
        _ => format!("{name}="),
    };
    Ok(names
        .flat_map(|name| ["-c".to_owned(), off(name)])
        .collect())
}

impl Found {
    async fn look(git: Git<'_>, stores: &Stores, scratch: &Place) -> Result<Self, AuditError> {
        let mut repository = Vec::new();
        let no_filters = without_filters(git).await?;
        let status = ["status", "--porcelain", "--untracked-files=normal"];
        let status = no_filters.iter().map(String::as_str).chain(status);
        let questions: [Vec<&str>; 3] = [
            status.collect(),
            vec!["for-each-ref", "--format=%(refname) %(objectname)"],
            vec!["rev-parse", "HEAD"],
        ];
        for question in questions {
            // A bare repository has no status, before or after.
            let finished = git.run(&question, None).await?;
            repository.extend(finished.stdout.text.lines().map(str::to_owned));
        }
        let settings = Effect::ListFiles(ListFiles {
            root: stores.common.clone(),
            include: ["config*", "hooks/*", "info/*"].map(str::to_owned).into(),
        });
        if let Response::Files(files) = git.world.perform(git.by, settings).await? {
            let told = files
                .iter()
                .map(|file| format!("{} {}", file.path, file.sha256));
            repository.extend(told);
        }
        let files = ListFiles {
            root: scratch.clone(),
            include: Vec::new(),
        };
        let files = ask(git.world, git.by, files).await?;
        let scratch = files.iter().map(|file| file.path.to_string()).collect();
        Ok(Self {
            repository,
            scratch,
        })
    }
}
