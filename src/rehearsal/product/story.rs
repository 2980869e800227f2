//! The history of the product before the gate runs: the commits of both repositories.
//!
//! Owns the order of the commits, their people and times. Pure: writes nothing.

use super::candidates::{EARLY, LATER};
use super::history::{CommitNumber, History, RELEASER, Said};
use super::stages::Stages;
use super::tree::Tree;
use crate::rehearsal::pulls::{self, Pull};
use crate::rehearsal::{Fault, Faults, RehearsalError};

/// Who works on features.
const AUTHOR: &str = "Mira Halvorsen <mira@spec-kitty.example>";

const MAIN: &str = "refs/heads/main";

/// The branch that #1141's fix was merged from, and GitHub's name for it.
const ROLLBACK_BRANCH: &str = "fix/1141-drain-keeps-lanes";
const ROLLBACK_HEAD: &str = "refs/pull/1187/head";

/// The history of `spec-kitty` with the commits that other parts refer to.
#[derive(Debug)]
pub(super) struct Story {
    pub history: History,
    /// The commit that introduced `sync.owner` and `sync.preflight`.
    pub boundary_base: CommitNumber,
    /// The first change for #1141, which only logs; none if that is the one that closes the issue.
    pub diagnostics: Option<CommitNumber>,
    /// The merge that closes #1141.
    pub rollback_fix: CommitNumber,
    /// The commit that closes #1182.
    pub classification_fix: CommitNumber,
}

/// A growing line of commits on `main`.
struct Line {
    history: History,
    head: Option<CommitNumber>,
    version: &'static str,
    /// Files that are not written yet.
    unwritten: &'static [&'static str],
}

impl Line {
    /// A tree as it is at this point of the history.
    fn now(&self, tree: Tree) -> Tree {
        tree.with_version(self.version).without(self.unwritten)
    }

    fn then(
        &mut self,
        at: &'static str,
        message: &str,
        tree: Tree,
    ) -> Result<CommitNumber, RehearsalError> {
        let said = Said {
            branch: MAIN,
            at,
            author: AUTHOR,
            message,
        };
        let parents: Vec<_> = self.head.into_iter().collect();
        let made = self.history.commit(said, &parents, self.now(tree))?;
        self.head = Some(made);
        Ok(made)
    }

    /// A release: the version is set, and the commit gets an annotated tag.
    fn release(
        &mut self,
        at: &'static str,
        version: &'static str,
        tree: Tree,
    ) -> Result<CommitNumber, RehearsalError> {
        self.version = version;
        let made = self.then(at, &format!("Release {version}\n"), tree)?;
        self.history.tag(format!("v{version}"), made, true);
        Ok(made)
    }
}

/// Directories and files in the order in which they were added; the messages of the first commits.
const BEGINNINGS: [(&str, &str, &[&str]); 6] = [
    (
        "2026-03-02T09:10:00Z",
        "Start the project\n",
        &[
            "pyproject.toml",
            "README.md",
            ".gitignore",
            "uv.lock",
            "vendor",
        ],
    ),
    (
        "2026-03-03T14:25:00Z",
        "Lanes, and which may follow which\n",
        &[
            "src/specify_cli/status",
            "src/specify_cli/files.py",
            "src/specify_cli/paths.py",
        ],
    ),
    (
        "2026-03-05T08:40:00Z",
        "Missions, and a queue of their events\n",
        &[
            "src/specify_cli/missions.py",
            "src/specify_cli/sync/queue.py",
            "src/specify_cli/sync/__init__.py",
        ],
    ),
    (
        "2026-03-09T16:05:00Z",
        "Post the queue to the service\n",
        &[
            "src/specify_cli/settings.py",
            "src/specify_cli/sync/client.py",
        ],
    ),
    (
        "2026-03-12T10:30:00Z",
        "The command line\n",
        &["src/specify_cli"],
    ),
    (
        "2026-03-16T11:00:00Z",
        "Tests of lanes and version\n",
        &["src", "tests/conftest.py", "tests/status", "tests/cli"],
    ),
];

/// What was added with 3.2.
const BOUNDARY: [&str; 3] = [
    "src/specify_cli/sync/owner.py",
    "src/specify_cli/sync/preflight.py",
    "src/specify_cli/sync/daemon.py",
];

/// The message of a pull request that was squashed, as GitHub writes it.
fn squashed(pull: Pull, issue: u32) -> String {
    format!("{} (#{})\n\nFixes #{issue}\n", pull.title, pull.number)
}

/// Builds the whole history of `spec-kitty`; `vendored` are the wheels in its `vendor/wheels`.
pub(super) fn spec_kitty(vendored: &Tree, faults: &Faults) -> Result<Story, RehearsalError> {
    let good = vendored
        .files()
        .fold(Tree::spec_kitty(), |tree, (name, content)| {
            tree.with_file(format!("vendor/wheels/{name}"), content.clone())
        });
    let stages = Stages::of(good, faults);
    let mut line = Line {
        history: History::default(),
        head: None,
        version: "3.1.0",
        unwritten: &["docs"],
    };
    begin(&mut line, &stages.at_first()?)?;
    let boundary_base = grow_boundary(&mut line, &stages.at_first()?)?;
    let diagnostics = diagnose(&mut line, &stages)?;
    let rollback_fix = merge_rollback_fix(&mut line, &stages)?;
    let classification_fix = line.then(
        pulls::CLASSIFICATION.merged_at,
        &squashed(pulls::CLASSIFICATION, 1182),
        stages.with_both_fixes()?,
    )?;
    release_candidate(&mut line, &stages)?;
    tag_later_ones(&mut line)?;
    Ok(Story {
        history: line.history,
        boundary_base,
        diagnostics,
        rollback_fix,
        classification_fix,
    })
}

/// Up to 3.1.4.
fn begin(line: &mut Line, first: &Tree) -> Result<(), RehearsalError> {
    let first = first.clone().without(&BOUNDARY);
    let mut paths = Vec::new();
    for (at, message, more) in BEGINNINGS {
        paths.extend(more);
        line.then(at, message, first.clone().only(&paths))?;
    }
    line.release("2026-03-18T09:00:00Z", "3.1.4", first)?;
    Ok(())
}

/// From the identity boundary to 3.2.0rc14, and the newer line beside it.
fn grow_boundary(line: &mut Line, first: &Tree) -> Result<CommitNumber, RehearsalError> {
    let daemon = "src/specify_cli/sync/daemon.py";
    let owner = first
        .clone()
        .without(&[daemon, "src/specify_cli/sync/preflight.py"]);
    line.version = "3.2.0a1";
    line.then(
        "2026-04-07T13:15:00Z",
        "The owner record of the sync daemon\n",
        owner,
    )?;
    let boundary = first.clone().without(&[daemon]);
    let message = "Identity boundary: preflight of foreground, daemon and queue\n";
    let base = line.then("2026-04-09T10:45:00Z", message, boundary)?;
    line.history.tag("v3.2.0a1", base, false);
    line.then("2026-04-13T15:30:00Z", "The sync daemon\n", first.clone())?;
    for (version, at) in EARLY {
        line.release(at, version, first.clone())?;
    }
    line.release("2026-04-24T08:30:00Z", "3.2.0rc13", first.clone())?;
    let candidate = line.release("2026-05-04T08:30:00Z", "3.2.0rc14", first.clone())?;
    let next = Said {
        branch: "refs/heads/next",
        at: "2026-05-05T12:00:00Z",
        author: RELEASER,
        message: "Release 4.0.0rc7\n",
    };
    let newer = first.clone().with_version("4.0.0rc7");
    let newer = line.history.commit(next, &[candidate], newer)?;
    line.history.tag("v4.0.0rc7", newer, true);
    Ok(base)
}

/// The first change for #1141, and 3.2.0rc15.
fn diagnose(line: &mut Line, stages: &Stages<'_>) -> Result<Option<CommitNumber>, RehearsalError> {
    let mut diagnostics = None;
    if !stages.has(Fault::DiagnosticOnlyFix) {
        let message = squashed(pulls::DIAGNOSTICS, 1141);
        let tree = stages.with_diagnostics()?;
        diagnostics = Some(line.then(pulls::DIAGNOSTICS.merged_at, &message, tree)?);
    }
    line.release(
        "2026-05-13T08:30:00Z",
        "3.2.0rc15",
        stages.before_rollback_fix()?,
    )?;
    Ok(diagnostics)
}

/// The pull request that closes #1141: two commits on a branch, and a merge with two parents.
fn merge_rollback_fix(
    line: &mut Line,
    stages: &Stages<'_>,
) -> Result<CommitNumber, RehearsalError> {
    let base: Vec<_> = line.head.into_iter().collect();
    let said = |at, message| Said {
        branch: ROLLBACK_HEAD,
        at,
        author: AUTHOR,
        message,
    };
    let code = line.now(stages.with_rollback_code()?);
    let tested = line.now(stages.with_rollback_fix()?);
    let first = said(
        "2026-05-14T13:05:00Z",
        "Drain: keep the lanes that are local\n",
    );
    let second = said("2026-05-14T15:50:00Z", "Test that a drain keeps lanes\n");
    let first = line.history.commit(first, &base, code)?;
    let second = line.history.commit(second, &[first], tested)?;
    // In the meantime `main` has moved on, so that the merge is a real one.
    line.unwritten = &[];
    let docs = stages.before_rollback_fix()?;
    let docs = line.then("2026-05-15T09:20:00Z", "Describe the daemon\n", docs)?;
    let merged = line.now(stages.with_rollback_fix()?);
    let message = format!(
        "Merge pull request #{} from Priivacy-ai/{ROLLBACK_BRANCH}\n\nFixes #1141\n",
        pulls::ROLLBACK.number
    );
    let said = Said {
        branch: MAIN,
        at: pulls::ROLLBACK.merged_at,
        author: RELEASER,
        message: &message,
    };
    let merge = line.history.commit(said, &[docs, second], merged)?;
    line.head = Some(merge);
    Ok(merge)
}

/// 3.2.0rc16, with what was added just before it.
fn release_candidate(line: &mut Line, stages: &Stages<'_>) -> Result<(), RehearsalError> {
    let fixed = stages.with_both_fixes()?;
    let regressed = stages.regressed()?;
    if let Some(tree) = &regressed {
        let message = "Simplify the drain and its commands (#1190)\n";
        line.then("2026-05-19T17:45:00Z", message, tree.clone())?;
    }
    if !stages.has(Fault::NoNewRc) {
        let tree = regressed.unwrap_or(fixed);
        line.release("2026-05-20T08:30:00Z", "3.2.0rc16", tree)?;
    }
    Ok(())
}

/// What was tagged after 3.2.0rc16, on a branch of its own.
fn tag_later_ones(line: &mut Line) -> Result<(), RehearsalError> {
    let candidate = line.history.tags().find(|(name, _)| *name == "v3.2.0rc16");
    let Some((_, candidate)) = candidate else {
        return Ok(());
    };
    let tree = line.history.tree(candidate).cloned().unwrap_or_default();
    let mut head = candidate;
    for (version, at) in LATER {
        let said = Said {
            branch: "refs/heads/3.2",
            at,
            author: RELEASER,
            message: &format!("Release {version}\n"),
        };
        let tree = tree.clone().renumbered("3.2.0rc16", version);
        head = line.history.commit(said, &[head], tree)?;
        line.history.tag(format!("v{version}"), head, false);
    }
    Ok(())
}

/// Builds the history of `spec-kitty-events`.
pub(super) fn events() -> Result<History, RehearsalError> {
    let mut history = History::default();
    let tree = Tree::spec_kitty_events();
    let steps = [
        (
            "2026-02-10T10:00:00Z",
            "Start the project\n",
            tree.clone().only(&["README.md", "pyproject.toml"]),
        ),
        (
            "2026-02-12T14:30:00Z",
            "Event ids\n",
            tree.clone().without(&["CHANGELOG.md"]),
        ),
        ("2026-04-20T09:00:00Z", "Release 5.1.0\n", tree),
    ];
    let mut head = None;
    for (at, message, tree) in steps {
        let said = Said {
            branch: MAIN,
            at,
            author: RELEASER,
            message,
        };
        let parents: Vec<_> = head.into_iter().collect();
        head = Some(history.commit(said, &parents, tree)?);
    }
    if let Some(head) = head {
        history.tag("v5.1.0", head, true);
    }
    Ok(history)
}
