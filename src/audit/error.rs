//! Why an audit could not be carried out, and what would help.

use crate::world::WorldError;

/// Why an audit has no result. None of these is ever a pass.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuditError {
    /// The directory is not a git repository.
    #[error("`{repo}` is not a git repository")]
    NotARepository {
        /// The directory.
        repo: String,
    },
    /// The repository does not have the commit.
    #[error("commit `{commit}` is not in `{repo}`")]
    MissingCommit {
        /// The requested commit.
        commit: String,
        /// The directory.
        repo: String,
        /// Whether the clone is shallow.
        shallow: bool,
    },
    /// The fix has no parent to compare with.
    #[error("commit `{commit}` is the first of its history: there is nothing before it")]
    RootCommit {
        /// The commit.
        commit: String,
    },
    /// The clone's history ends at the fix.
    #[error("the shallow clone `{repo}` ends at `{commit}`: its parent `{parent}` is not there")]
    ShallowParent {
        /// The commit.
        commit: String,
        /// Its parent.
        parent: String,
        /// The directory.
        repo: String,
    },
    /// The clone does not contain what the fix changed.
    #[error("the partial clone `{repo}` leaves out `{object}`, which the fix needs")]
    LeftOut {
        /// The file's content, as git names it.
        object: String,
        /// The directory.
        repo: String,
    },
    /// The fix merges histories without a common ancestor.
    #[error("`{commit}` merges unrelated histories: there is no common state before the fix")]
    UnrelatedHistories {
        /// The commit.
        commit: String,
    },
    /// The given base is not an ancestor of the fix.
    #[error("base `{base}` is not an ancestor of `{commit}`")]
    NotBefore {
        /// The base.
        base: String,
        /// The fix.
        commit: String,
    },
    /// git failed for a reason that the audit does not recognise.
    #[error("`{command}` failed ({ended}): {stderr}")]
    Git {
        /// The command.
        command: String,
        /// How it ended.
        ended: String,
        /// Last lines of its standard error.
        stderr: String,
    },
    /// git's output could not be parsed.
    #[error("the answer of `{command}` cannot be read: {reason}")]
    Answer {
        /// The command.
        command: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The test command could not be started.
    #[error("test command `{program}` could not be started: {reason}")]
    TestCommand {
        /// Its program.
        program: String,
        /// Why.
        reason: String,
    },
    /// The request itself is invalid.
    #[error("{0}")]
    Request(String),
    /// A request to the outside failed.
    #[error(transparent)]
    World(#[from] WorldError),
}

impl AuditError {
    /// What would help, as one or two commands or sentences.
    #[must_use]
    pub fn remedy(&self) -> Option<String> {
        Some(match self {
            Self::NotARepository { .. } => {
                "name the directory of a checkout with `--repo`".to_owned()
            }
            Self::MissingCommit {
                repo,
                commit,
                shallow,
            } => {
                let deepen = if *shallow { " --unshallow" } else { "" };
                format!("git -C {repo} fetch{deepen} origin {commit}")
            }
            Self::RootCommit { .. } => {
                "name the commit that holds the fix, not the start of the history".to_owned()
            }
            Self::ShallowParent { repo, .. } => {
                format!("git -C {repo} fetch --deepen=50, or git -C {repo} fetch --unshallow")
            }
            Self::LeftOut { repo, .. } => {
                format!("git -C {repo} fetch --refetch --no-filter origin, and audit again")
            }
            Self::UnrelatedHistories { .. } => {
                "name the commit that holds the fix, or its start with `--base`".to_owned()
            }
            Self::NotBefore { .. } => "name a base that the fix was built on".to_owned(),
            Self::TestCommand { program, .. } => {
                format!("install `{program}`, or name another command with `--tests`")
            }
            Self::Git { stderr, .. } if stderr.contains("dubious ownership") => {
                // The path in git's message, which is the complete one.
                let path = stderr.split('\'').nth(1).unwrap_or("its path");
                format!(
                    "the checkout belongs to another user, whose settings git does not trust: audit \
                     one of your own, `git clone --no-local {path} COPY`"
                )
            }
            Self::Git { stderr: reason, .. } | Self::Answer { reason, .. }
                if reason.contains("promisor") || reason.contains("lazy fetching disabled") =>
            {
                "the clone leaves out what the fix needs: run `git fetch --refetch --no-filter` in \
                 it, and audit again"
                    .to_owned()
            }
            Self::World(WorldError::ProgramNotFound { program }) => {
                format!("install `{program}` and put it on PATH")
            }
            Self::Git { .. } | Self::Answer { .. } | Self::Request(_) | Self::World(_) => {
                return None;
            }
        })
    }
}
