//! The end-to-end repository of the rehearsal: a real git checkout of a real `uv` project.
//!
//! Owns the harness's files and how a fault changes them. The canary's behaviour is in those files,
//! in bash and Python, run by the real programs; nothing here runs a scenario.

mod broken;
mod plan;

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::json;

pub use plan::{ARTIFACTS, HarnessPlan, Locking, SCRIPT};

use plan::FILES;

use super::RehearsalError;
use super::host;

/// Time of every commit, so that the same world gives the same commits.
const COMMIT_TIME: &str = "2026-05-19T09:30:00Z";

/// Creates the checkout: files, lock file, one commit on `main`, a clean tree.
///
/// Blocks while `uv lock` and git run.
///
/// # Errors
/// A file could not be written, or `uv` or git failed.
pub fn build(plan: &HarnessPlan<'_>) -> Result<(), RehearsalError> {
    let mut files: BTreeMap<String, String> = FILES
        .iter()
        .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()))
        .collect();
    let settings = json!({"saas_url": plan.saas_url, "target_environment": "deployed-dev"});
    files.insert("e2e-settings.json".to_owned(), format!("{settings:#}\n"));
    broken::break_files(&mut files, plan.faults)?;
    for (path, text) in &files {
        let at = plan.checkout.join(path);
        if path.starts_with("scripts/") {
            host::write_executable(&at, text)?;
        } else {
            host::write(&at, text)?;
        }
    }
    lock(plan.checkout, plan.locking)?;
    commit(plan.checkout)?;
    broken::leave_old_results(plan)
}

fn lock(checkout: &Path, locking: &Locking) -> Result<(), RehearsalError> {
    let mut command = host::command(&locking.uv.to_string_lossy());
    command
        .args(["lock", "--quiet", "--no-progress", "--no-python-downloads"])
        .envs(&locking.env)
        .current_dir(checkout);
    host::run(&mut command, None).map(drop)
}

fn commit(checkout: &Path) -> Result<(), RehearsalError> {
    let steps: [&[&str]; 4] = [
        &["init", "--quiet", "--initial-branch=main"],
        &[
            "remote",
            "add",
            "origin",
            "https://github.com/Priivacy-ai/spec-kitty-end-to-end-testing.git",
        ],
        &["add", "--all"],
        &["commit", "--quiet", "--message=Identity-boundary canary"],
    ];
    for step in steps {
        let mut command = host::command("git");
        command
            .args([
                "-c",
                "commit.gpgSign=false",
                "-c",
                "core.hooksPath=/dev/null",
            ])
            .args(step)
            .current_dir(checkout)
            // Ignores the operator's settings and any surrounding repository.
            .env_remove("GIT_DIR")
            .env_remove("GIT_WORK_TREE")
            .env_remove("GIT_INDEX_FILE")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_AUTHOR_NAME", "Canary Keeper")
            .env("GIT_AUTHOR_EMAIL", "canary@example.com")
            .env("GIT_AUTHOR_DATE", COMMIT_TIME)
            .env("GIT_COMMITTER_NAME", "Canary Keeper")
            .env("GIT_COMMITTER_EMAIL", "canary@example.com")
            .env("GIT_COMMITTER_DATE", COMMIT_TIME);
        host::run(&mut command, None)?;
    }
    Ok(())
}
