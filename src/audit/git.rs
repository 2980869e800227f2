//! Runs git: read-only in the operator's repository, whose hooks and file system monitors never
//! run; writing only in the audit's own clones, which inherit none of its settings.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::model::SubtaskId;
use crate::world::{Finished, Place, Program, ReadFile, World, WorldError, ask};

use super::error::AuditError;

/// The variable that names further objects; git's own spelling.
pub(super) const OBJECTS: &str = "GIT_ALTERNATE_OBJECT_DIRECTORIES";

/// A path as that variable wants it, colons and all.
pub(super) fn quoted_path(path: &Place) -> String {
    format!("\"{path}\"")
}

/// git in one directory.
#[derive(Clone, Copy)]
pub(super) struct Git<'w> {
    pub(super) world: &'w dyn World,
    pub(super) by: &'w SubtaskId,
    pub(super) repo: &'w Place,
    pub(super) limit: Duration,
    /// The operator's objects, for git in a clone without objects of its own.
    pub(super) objects: Option<&'w Place>,
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
        const QUIET: [&str; 11] = [
            "git",
            "-c",
            "core.quotePath=false",
            "-c",
            "core.hooksPath=/dev/null",
            "-c",
            "core.fsmonitor=false",
            "-c",
            "advice.detachedHead=false",
            // Another user's checkout is only read, and nothing it names is run.
            "-c",
            "safe.directory=*",
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
                // A commit is described by its id, on both sides.
                ("GIT_NO_REPLACE_OBJECTS", "1"),
                ("GIT_CONFIG_NOSYSTEM", "1"),
                ("LC_ALL", "C"),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned())),
        );
        if let Some(objects) = self.objects {
            program.env.insert(OBJECTS.to_owned(), quoted_path(objects));
        }
        match ask(self.world, self.by, program).await {
            Ok(finished) => Ok(finished),
            // git is installed, so the directory is what is missing.
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

    /// All of standard output, from the log if the response contains only its end.
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
        let whole = &finished.stderr.text;
        // The error comes first there, followed by advice on how to allow it for everybody.
        let reason = whole
            .lines()
            .find(|line| line.contains("dubious ownership"));
        let stderr = match reason {
            Some(reason) => reason.trim().to_owned(),
            None => finished.stderr.last_lines(3),
        };
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

    /// The id of a commit; none if it does not exist.
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
    let path = path.clone();
    Ok(ask(world, by, ReadFile { path, limit }).await?)
}
