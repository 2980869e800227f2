//! The two worktrees a proof runs in: made beside each other, taken away afterwards.
//!
//! Never touches the checkout itself, and says so when a test did.

use crate::gate::SubtaskId;
use crate::world::{Effect, ListFiles, Place, Response, World, strand};

use super::change::{ChangedFile, Commits, Status};
use super::error::AuditError;
use super::git::{Git, unexpected};
use super::request::Limits;

/// What every worktree of the audit is called by.
const PREFIX: &str = "gate-audit-";

/// Two worktrees of one repository.
pub(super) struct Worktrees {
    /// The state before the fix, with the fix's tests laid over it.
    pub(super) before: Place,
    /// The fix.
    pub(super) after: Place,
    /// Where reports go, outside both.
    pub(super) reports: Place,
    /// How the repository and the scratch directory looked before.
    found: Found,
}

/// What must be the same afterwards.
#[derive(PartialEq, Eq)]
struct Found {
    repository: Vec<String>,
    scratch: Vec<String>,
}

/// Takes away worktrees that an earlier audit in this scratch directory left behind, and those
/// whose directory is gone. Gives back how many there were.
///
/// # Errors
/// What git said.
pub(super) async fn clean_up(git: Git<'_>, scratch: &Place) -> Result<usize, AuditError> {
    let list = git.text(&["worktree", "list", "--porcelain"], None).await?;
    let mut gone = 0;
    for (path, entry) in entries(&list) {
        let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
        let ours =
            parent == scratch.as_str() || parent.rsplit('/').next() == Some(scratch.file_name());
        let is_gone = entry.lines().any(|line| line.starts_with("prunable"));
        if name.starts_with(PREFIX) && (ours || is_gone) {
            remove(git, path).await?;
            gone += 1;
        }
    }
    Ok(gone)
}

/// Takes away every worktree below a directory that holds the scratch directories of audits, of
/// whichever repositories they are. Gives back how many there were.
///
/// # Errors
/// What git said.
pub async fn clean_up_below(
    world: &dyn World,
    by: &SubtaskId,
    scratches: &Place,
) -> Result<usize, AuditError> {
    let marks = Effect::ListFiles(ListFiles {
        root: scratches.clone(),
        include: vec![format!("*/{PREFIX}*/.git")],
    });
    let marks = match world.perform(by, marks).await? {
        Response::Files(files) => files,
        other => return Err(unexpected("files", &other)),
    };
    let mut gone = 0;
    for mark in marks {
        let Some((path, _)) = mark.path.as_str().rsplit_once('/') else {
            continue;
        };
        let repo = Place::new(path);
        let git = Git {
            world,
            by,
            repo: &repo,
            limit: Limits::default().git,
        };
        // The worktree itself knows which repository it belongs to.
        remove(git, path).await?;
        gone += 1;
    }
    Ok(gone)
}

/// Path and text of each worktree that git lists.
fn entries(list: &str) -> impl Iterator<Item = (&str, &str)> {
    list.split("\n\n").filter_map(|entry| {
        let mut lines = entry.lines();
        Some((
            lines.find_map(|line| line.strip_prefix("worktree "))?,
            entry,
        ))
    })
}

fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

async fn remove(git: Git<'_>, path: &str) -> Result<(), AuditError> {
    let arguments = ["worktree", "remove", "--force", "--force", path];
    let finished = git.run(&arguments, None).await?;
    if finished.success() {
        return Ok(());
    }
    Err(git.failed(&arguments, &finished))
}

impl Worktrees {
    /// Makes both worktrees at the same time and lays the fix's tests over the older.
    pub(super) async fn make(
        git: Git<'_>,
        scratch: &Place,
        commits: &Commits,
        tests: &[&ChangedFile],
    ) -> Result<Self, AuditError> {
        clean_up(git, scratch).await?;
        let found = Found::look(git, scratch).await?;
        let id = match git.world.perform(git.by, Effect::FreshId).await? {
            Response::Id(id) => id,
            other => return Err(unexpected("an id", &other)),
        };
        let place = |side: &str| scratch.join(&format!("{PREFIX}{id}-{side}"));
        let made = Self {
            before: place("before"),
            after: place("after"),
            reports: scratch.join("reports").join(&id),
            found,
        };
        match made.fill(git, commits, tests).await {
            Ok(()) => Ok(made),
            Err(error) => {
                made.remove(git).await?;
                Err(error)
            }
        }
    }

    async fn fill(
        &self,
        git: Git<'_>,
        commits: &Commits,
        tests: &[&ChangedFile],
    ) -> Result<(), AuditError> {
        let reports = Effect::MakeDir {
            path: self.reports.clone(),
        };
        git.world.perform(git.by, reports).await?;
        // git reads the other worktrees while it adds one, and trips over one half made: they
        // are added one after the other, and filled at the same time.
        add(git, &self.before, &commits.parent).await?;
        add(git, &self.after, &commits.fix).await?;
        let (before, after) = tokio::join!(
            strand("before", check_out(git, &self.before)),
            strand("after", check_out(git, &self.after))
        );
        before?;
        after?;
        lay_over(git.at(&self.before), &commits.fix, tests).await
    }

    /// Takes both away.
    pub(super) async fn remove(&self, git: Git<'_>) -> Result<(), AuditError> {
        let list = git.text(&["worktree", "list", "--porcelain"], None).await?;
        for place in [&self.before, &self.after] {
            // git tells resolved paths: the name alone is the same in both spellings.
            let is_there = entries(&list).any(|(path, _)| base_name(path) == place.file_name());
            if is_there {
                remove(git, place.as_str()).await?;
            }
        }
        Ok(())
    }

    /// What is not as it was found, once both are taken away: traces of tests that wrote
    /// outside their worktree.
    pub(super) async fn traces(
        &self,
        git: Git<'_>,
        scratch: &Place,
    ) -> Result<Vec<String>, AuditError> {
        let now = Found::look(git, scratch).await?;
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

/// The last two parts of the reports directory, whatever the spelling of what is above.
fn reports_below(reports: &str) -> String {
    let mut parts = reports.rsplit('/');
    let id = parts.next().unwrap_or_default();
    format!("/reports/{id}/")
}

async fn add(git: Git<'_>, place: &Place, commit: &str) -> Result<(), AuditError> {
    let arguments = [
        "worktree",
        "add",
        "--quiet",
        "--detach",
        "--no-checkout",
        place.as_str(),
        commit,
    ];
    git.text(&arguments, None).await.map(drop)
}

async fn check_out(git: Git<'_>, place: &Place) -> Result<(), AuditError> {
    let arguments = ["reset", "--quiet", "--hard"];
    git.at(place).text(&arguments, None).await.map(drop)
}

/// Lays the fix's test files over another version; those that the fix took away go.
async fn lay_over(git: Git<'_>, fix: &str, tests: &[&ChangedFile]) -> Result<(), AuditError> {
    let there: Vec<&str> = tests
        .iter()
        .filter(|file| file.status != Status::Deleted)
        .map(|file| file.path.as_str())
        .collect();
    let gone: Vec<&str> = tests
        .iter()
        .filter_map(|file| match file.status {
            Status::Deleted => Some(file.path.as_str()),
            _ => file.renamed_from.as_deref(),
        })
        .collect();
    let listed = ["--pathspec-from-file=-", "--pathspec-file-nul"];
    if !there.is_empty() {
        let mut arguments = vec!["--literal-pathspecs", "checkout", "--quiet", fix];
        arguments.extend(listed);
        git.text(&arguments, Some(there.join("\0"))).await?;
    }
    if !gone.is_empty() {
        let mut arguments = vec!["--literal-pathspecs", "rm", "-q", "-f", "--ignore-unmatch"];
        arguments.extend(listed);
        git.text(&arguments, Some(gone.join("\0"))).await?;
    }
    Ok(())
}

impl Found {
    async fn look(git: Git<'_>, scratch: &Place) -> Result<Self, AuditError> {
        let mut repository = Vec::new();
        let questions: [&[&str]; 3] = [
            &["status", "--porcelain", "--untracked-files=normal"],
            &["for-each-ref", "--format=%(refname) %(objectname)"],
            &["rev-parse", "HEAD"],
        ];
        for question in questions {
            // A bare repository has no status, and then has none afterwards either.
            let finished = git.run(question, None).await?;
            repository.extend(finished.stdout.text.lines().map(str::to_owned));
        }
        let list = git.text(&["worktree", "list", "--porcelain"], None).await?;
        repository.extend(
            entries(&list)
                // Another audit of the same repository comes and goes as it likes.
                .filter(|(path, _)| !base_name(path).starts_with(PREFIX))
                .map(|(_, entry)| entry.replace('\n', " ")),
        );
        let files = Effect::ListFiles(ListFiles {
            root: scratch.clone(),
            include: Vec::new(),
        });
        let scratch = match git.world.perform(git.by, files).await? {
            Response::Files(files) => files.iter().map(|file| file.path.to_string()).collect(),
            other => return Err(unexpected("files", &other)),
        };
        Ok(Self {
            repository,
            scratch,
        })
    }
}
