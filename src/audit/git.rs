//! Asks git, read-only but for the audit's own worktrees. Hooks and file system monitors of the
//! repository never run.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::gate::SubtaskId;
use crate::world::{Effect, Finished, Place, Program, ReadFile, Response, World, WorldError};

use super::error::AuditError;

/// git in one directory.
#[derive(Clone, Copy)]
pub(super) struct Git<'w> {
    pub(super) world: &'w dyn World,
    pub(super) by: &'w SubtaskId,
    pub(super) repo: &'w Place,
    pub(super) limit: Duration,
}

impl<'w> Git<'w> {
    /// The same git in another directory.
    pub(super) fn at<'p: 'w>(self, repo: &'p Place) -> Self {
        Self { repo, ..self }
    }

    /// Runs git to its end, whatever its exit code.
    pub(super) async fn run(
        &self,
        arguments: &[&str],
        stdin: Option<String>,
    ) -> Result<Finished, AuditError> {
        const QUIET: [&str; 9] = [
            "git",
            "-c",
            "core.quotePath=false",
            "-c",
            "core.hooksPath=/dev/null",
            "-c",
            "core.fsmonitor=false",
            "-c",
            "advice.detachedHead=false",
        ];
        let argv = QUIET.iter().chain(arguments).map(|part| (*part).to_owned());
        let mut program = Program::new(argv);
        program.cwd = self.repo.clone();
        program.limit = self.limit;
        program.stdin = stdin;
        program.env = BTreeMap::from(
            [
                ("GIT_OPTIONAL_LOCKS", "0"),
                ("GIT_TERMINAL_PROMPT", "0"),
                ("GIT_NO_LAZY_FETCH", "1"),
                ("LC_ALL", "C"),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned())),
        );
        match self.world.perform(self.by, Effect::Run(program)).await {
            Ok(Response::Program(finished)) => Ok(*finished),
            Ok(other) => Err(unexpected("a program", &other)),
            // git is there, so it is the directory that is not.
            Err(WorldError::NotStarted { reason, .. }) if reason.contains("os error 2") => {
                Err(AuditError::NotARepository {
                    repo: self.repo.to_string(),
                })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Runs git and gives its whole standard output; any failure is an error.
    pub(super) async fn text(
        &self,
        arguments: &[&str],
        stdin: Option<String>,
    ) -> Result<String, AuditError> {
        let finished = self.run(arguments, stdin).await?;
        if !finished.success() {
            return Err(self.failed(arguments, &finished));
        }
        self.whole(arguments, finished).await
    }

    /// All of standard output, from the log where the answer holds only its end.
    async fn whole(&self, arguments: &[&str], finished: Finished) -> Result<String, AuditError> {
        if !finished.stdout.truncated {
            return Ok(finished.stdout.text);
        }
        let Some(path) = finished.stdout.log else {
            return Err(AuditError::Answer {
                command: command(arguments),
                reason: format!("only the end of {} bytes is there", finished.stdout.bytes),
            });
        };
        let limit = finished.stdout.bytes.saturating_add(1);
        read_text(self.world, self.by, &path, limit).await
    }

    /// The error of a git command that failed.
    pub(super) fn failed(&self, arguments: &[&str], finished: &Finished) -> AuditError {
        let stderr = finished.stderr.last_lines(3);
        if stderr.contains("not a git repository") {
            return AuditError::NotARepository {
                repo: self.repo.to_string(),
            };
        }
        AuditError::Git {
            command: command(arguments),
            ended: finished.ended.to_string(),
            stderr,
        }
    }

    /// Name of a commit, or nothing where there is no such one.
    pub(super) async fn commit(&self, name: &str) -> Result<Option<String>, AuditError> {
        let name = format!("{name}^{{commit}}");
        let arguments = [
            "rev-parse",
            "--verify",
            "--quiet",
            "--end-of-options",
            &name,
        ];
        let finished = self.run(&arguments, None).await?;
        if finished.success() {
            return Ok(Some(finished.stdout.text.trim().to_owned()));
        }
        if finished.stderr.text.contains("not a git repository") {
            return Err(self.failed(&arguments, &finished));
        }
        Ok(None)
    }

    /// Whether one commit is an ancestor of another.
    pub(super) async fn is_ancestor(&self, old: &str, new: &str) -> Result<bool, AuditError> {
        let arguments = ["merge-base", "--is-ancestor", old, new];
        let finished = self.run(&arguments, None).await?;
        match finished.ended {
            crate::world::Ended::Code(0) => Ok(true),
            crate::world::Ended::Code(1) => Ok(false),
            _ => Err(self.failed(&arguments, &finished)),
        }
    }
}

fn command(arguments: &[&str]) -> String {
    format!("git {}", arguments.join(" "))
}

/// A text file, whole.
pub(super) async fn read_text(
    world: &dyn World,
    by: &SubtaskId,
    path: &Place,
    limit: u64,
) -> Result<String, AuditError> {
    let effect = Effect::ReadFile(ReadFile {
        path: path.clone(),
        limit,
    });
    match world.perform(by, effect).await? {
        Response::Text(text) => Ok(text),
        other => Err(unexpected("a text", &other)),
    }
}

/// A world that answers another question than was asked cannot be trusted with any.
pub(super) fn unexpected(wanted: &str, got: &Response) -> AuditError {
    let kind = format!("{got:?}");
    let kind = kind
        .split(['(', ' ', '{'])
        .next()
        .unwrap_or_default()
        .to_owned();
    AuditError::World(WorldError::NotInRecording {
        what: format!("{wanted} was asked for, {kind} came"),
    })
}
