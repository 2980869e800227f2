//! The checkouts of a gate: repositories with one commit, the same on every machine.

use std::path::Path;
use std::process::Command;

use camino::Utf8Path;

use crate::gate::PlayedCheckout;
use crate::rehearsal::{RehearsalError, host};

/// Author and time of the commit.
const PERSON: [(&str, &str); 6] = [
    ("GIT_AUTHOR_NAME", "Rehearsal"),
    ("GIT_AUTHOR_EMAIL", "rehearsal@example.com"),
    ("GIT_AUTHOR_DATE", "2026-05-20T09:00:00Z"),
    ("GIT_COMMITTER_NAME", "Rehearsal"),
    ("GIT_COMMITTER_EMAIL", "rehearsal@example.com"),
    ("GIT_COMMITTER_DATE", "2026-05-20T09:00:00Z"),
];

/// Creates them in a workspace.
pub(super) fn make(
    checkouts: &[PlayedCheckout],
    workspace: &Utf8Path,
    git: &Path,
) -> Result<(), RehearsalError> {
    for checkout in checkouts {
        let directory = workspace.join(&checkout.directory);
        host::make_dir(directory.as_std_path())?;
        for (path, text) in &checkout.files {
            host::write(directory.join(path).as_std_path(), text)?;
        }
        let run = |words: &[&str]| {
            let mut command = host::command(&git.to_string_lossy());
            settings(&mut command, directory.as_std_path()).args(words);
            host::run(&mut command, None).map(drop)
        };
        run(&["init", "-q", "-b", "main"])?;
        run(&["add", "-A", "-f"])?;
        run(&["commit", "-q", "--allow-empty", "-m", "As rehearsed"])?;
        for tag in &checkout.tags {
            run(&["tag", tag])?;
        }
    }
    Ok(())
}

/// Nothing of the operator's own git.
fn settings<'c>(command: &'c mut Command, directory: &Path) -> &'c mut Command {
    command
        .env_clear()
        .envs(PERSON)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("HOME", directory)
        .current_dir(directory)
}
