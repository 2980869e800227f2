//! Runs uv for an audit.

use std::time::Duration;

use super::error::AuditError;
use super::git::Git;
use super::run::cause;
use crate::world::{EnvBase, Finished, Place, Program, WorldError, ask};

/// Time for one resolution or installation.
const INSTALLING: Duration = Duration::from_mins(10);

/// A result, or a message why it is not available.
pub(super) type Had<T> = Result<Result<T, String>, AuditError>;

/// uv with these arguments, before it is put into a sandbox.
pub(super) fn uv(cwd: &Place, arguments: &[&str]) -> Program {
    let mut program = Program::new(["uv"].iter().chain(arguments).copied());
    program.cwd = cwd.clone();
    program.base = EnvBase::Installer;
    program.limit = INSTALLING;
    for (name, value) in [
        ("UV_PYTHON_DOWNLOADS", "never"),
        ("UV_NO_PROGRESS", "1"),
        // A file that the cache shares with an environment could be changed through either.
        ("UV_LINK_MODE", "copy"),
    ] {
        program.env.insert(name.to_owned(), value.to_owned());
    }
    program
}

/// Runs a program that prepares an environment; returns its output if it fails.
pub(super) async fn run_program(git: Git<'_>, program: Program) -> Had<Finished> {
    let verb = program.argv.iter().take(3).cloned().collect::<Vec<_>>();
    let finished = match ask(git.world, git.by, program).await {
        Ok(finished) => finished,
        Err(error @ (WorldError::ProgramNotFound { .. } | WorldError::NotStarted { .. })) => {
            return Ok(Err(error.to_string()));
        }
        Err(error) => return Err(error.into()),
    };
    if finished.success() {
        return Ok(Ok(finished));
    }
    let said = cause(&finished).unwrap_or_else(|| "it said nothing".to_owned());
    Ok(Err(format!(
        "`{}` ended with {}; {said}",
        verb.join(" "),
        finished.ended
    )))
}
