//! What a killed run left running: processes that have its directories in their environment, and
//! whatever shares a session with them.

use std::collections::BTreeSet;
use std::time::Duration;

use camino::Utf8Path;
use sysinfo::{ProcessRefreshKind, ProcessesToUpdate, System, UpdateKind};

use super::{ending, platform, process};
use crate::world::{ProcessIdentity, ProcessSeen, Receipt, WorldError};

/// Running processes of this user that a run's programs left, by its directory. Their arguments are
/// not redacted: they are not recorded.
///
/// # Errors
/// If the processes cannot be listed.
pub fn processes_of_run(directory: &Utf8Path) -> Result<Vec<ProcessSeen>, WorldError> {
    let mut system = System::new().map_err(|error| WorldError::Processes {
        reason: error.to_string(),
    })?;
    let kind = ProcessRefreshKind::nothing()
        .without_tasks()
        .with_environ(UpdateKind::Always);
    system.refresh_processes_specifics(ProcessesToUpdate::All, true, kind);
    let carries = |process: &sysinfo::Process| {
        let lies = |name: &str, below: &str| {
            process::variable(process, name)
                .is_some_and(|path| Utf8Path::new(&path).starts_with(directory.join(below)))
        };
        lies("TMPDIR", "tmp") || lies("HOME", "home")
    };
    let processes = || {
        system
            .processes()
            .values()
            .filter(|process| process.thread_kind().is_none())
    };
    let marked: BTreeSet<u32> = processes()
        .filter(|process| carries(process))
        .map(|process| process.pid().as_u32())
        .collect();
    let session = |pid: u32| platform::stat(pid).map(|stat| stat.session);
    // 0: a session whose leader is outside of this pid namespace identifies nothing.
    let own = session(std::process::id());
    let sessions: BTreeSet<u32> = marked
        .iter()
        .filter_map(|pid| session(*pid))
        .filter(|session| *session != 0 && Some(*session) != own)
        .collect();
    let with = processes()
        .map(|process| process.pid().as_u32())
        .filter(|pid| session(*pid).is_some_and(|session| sessions.contains(&session)));
    // Each once: a pid that is requested twice is reported as dead.
    let all: BTreeSet<u32> = marked.iter().copied().chain(with).collect();
    if all.is_empty() {
        return Ok(Vec::new());
    }
    let all: Vec<u32> = all.into_iter().collect();
    let mut seen = process::look(Some(&all), &|_| true)?;
    seen.retain(|process| process.ours && !process.ancestor);
    Ok(seen)
}

/// Ends processes that are known only by their identity: TERM, grace period, KILL.
///
/// # Errors
/// If the processes cannot be listed or signalled; the result of each is in its termination record.
pub async fn end_by_identity(
    targets: &[ProcessIdentity],
    grace: Duration,
) -> Result<Vec<Receipt>, WorldError> {
    ending::by_identity(targets, grace).await
}
