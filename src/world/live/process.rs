//! Lists processes: who they are, whose they are, what they run.

use std::collections::BTreeSet;
use std::sync::Arc;

use sysinfo::{ProcessRefreshKind, ProcessesToUpdate, System, UpdateKind};

use super::{blocking, platform};
use crate::world::redact::Redactor;
use crate::world::{ProcessIdentity, ProcessSeen, WorldError};

/// All living processes, sorted by pid; tokens in their arguments are secrets from now on.
pub(super) async fn list(redactor: &Arc<Redactor>) -> Result<Vec<ProcessSeen>, WorldError> {
    let seen = blocking(|| look(None)).await??;
    learn(redactor, &seen);
    Ok(seen
        .into_iter()
        .map(|process| redacted(redactor, process))
        .collect())
}

/// The processes with these ids, as far as they live.
pub(super) async fn seen(
    pids: &[u32],
    redactor: &Arc<Redactor>,
) -> Result<Vec<ProcessSeen>, WorldError> {
    if pids.is_empty() {
        return Ok(Vec::new());
    }
    let pids = pids.to_vec();
    let seen = blocking(move || look(Some(&pids))).await??;
    learn(redactor, &seen);
    Ok(seen
        .into_iter()
        .map(|process| redacted(redactor, process))
        .collect())
}

fn learn(redactor: &Redactor, seen: &[ProcessSeen]) {
    for argument in seen.iter().flat_map(|process| &process.argv) {
        redactor.learn(argument);
    }
}

fn redacted(redactor: &Arc<Redactor>, process: ProcessSeen) -> ProcessSeen {
    ProcessSeen {
        argv: process
            .argv
            .iter()
            .map(|argument| redactor.text(argument))
            .collect(),
        home: process.home.map(|home| redactor.text(&home)),
        ..process
    }
}

/// Living processes, all or those with the given ids, sorted by pid, arguments as they are.
pub(super) fn look(pids: Option<&[u32]>) -> Result<Vec<ProcessSeen>, WorldError> {
    let mut system = System::new().map_err(|error| WorldError::Processes {
        reason: error.to_string(),
    })?;
    let kind = ProcessRefreshKind::nothing()
        .with_cmd(UpdateKind::Always)
        .with_exe(UpdateKind::Always)
        .with_environ(UpdateKind::Always)
        .with_user(UpdateKind::Always);
    let keys: Option<Vec<sysinfo::Pid>> =
        pids.map(|pids| pids.iter().copied().map(sysinfo::Pid::from_u32).collect());
    let which = keys
        .as_deref()
        .map_or(ProcessesToUpdate::All, ProcessesToUpdate::Some);
    system.refresh_processes_specifics(which, true, kind);
    let ancestors = ancestors();
    let user = nix::unistd::geteuid().as_raw();
    let mut all: Vec<ProcessSeen> = system
        .processes()
        .values()
        .filter(|process| process.thread_kind().is_none())
        .filter_map(|process| of(process, &ancestors, user))
        .collect();
    all.sort_by_key(|process| process.identity);
    Ok(all)
}

fn of(process: &sysinfo::Process, ancestors: &BTreeSet<u32>, user: u32) -> Option<ProcessSeen> {
    let pid = process.pid().as_u32();
    let stat = platform::stat(pid).filter(|stat| !stat.ended)?;
    let argv: Vec<String> = process
        .cmd()
        .iter()
        .map(|argument| argument.to_string_lossy().into_owned())
        .collect();
    let file_name = |path: &std::path::Path| {
        path.file_name()
            .map(|name| name.to_string_lossy().into_owned())
    };
    let program = process
        .exe()
        .and_then(file_name)
        // Not readable for another user's process, or the file was deleted or replaced.
        .map(|name| name.trim_end_matches(" (deleted)").to_owned())
        .filter(|name| !name.is_empty())
        .or_else(|| argv.first().and_then(|path| file_name(path.as_ref())))
        .unwrap_or_else(|| process.name().to_string_lossy().into_owned());
    Some(ProcessSeen {
        identity: ProcessIdentity {
            pid,
            started: stat.started,
        },
        parent: stat.parent,
        ours: process.user_id().is_some_and(|id| **id == user),
        ancestor: ancestors.contains(&pid),
        program,
        argv,
        home: home_of(process),
    })
}

/// `HOME` in the environment that the process was started with.
fn home_of(process: &sysinfo::Process) -> Option<String> {
    let home = process
        .environ()
        .iter()
        .find_map(|entry| entry.to_str()?.strip_prefix("HOME="))?;
    (!home.is_empty()).then(|| home.to_owned())
}

/// The gate and everything above it.
fn ancestors() -> BTreeSet<u32> {
    let mut all = BTreeSet::new();
    let mut pid = std::process::id();
    while pid != 0 && all.insert(pid) {
        pid = platform::stat(pid).map_or(0, |stat| stat.parent);
    }
    all
}
