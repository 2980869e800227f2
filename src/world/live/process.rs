//! Lists processes: who they are, whose they are, what they run.

use std::collections::BTreeSet;
use std::sync::Arc;

use sysinfo::{ProcessRefreshKind, ProcessesToUpdate, System, UpdateKind};

use super::{LiveWorld, blocking, platform};
use crate::world::redact::Redactor;
use crate::world::{ProcessIdentity, ProcessSeen, WorldError};

/// All living processes, sorted by pid.
pub(super) async fn list(world: &LiveWorld) -> Result<Vec<ProcessSeen>, WorldError> {
    let seen = blocking(|| look(None)).await??;
    Ok(told(world, seen))
}

/// The processes with these ids, as far as they live.
pub(super) async fn seen(pids: &[u32], world: &LiveWorld) -> Result<Vec<ProcessSeen>, WorldError> {
    if pids.is_empty() {
        return Ok(Vec::new());
    }
    let pids = pids.to_vec();
    let seen = blocking(move || look(Some(&pids))).await??;
    Ok(told(world, seen))
}

/// Processes without secrets. The tokens in the arguments of those that may be daemons are
/// secrets from now on wherever they stand, also of one that is spared. Those that only look
/// like a token in an editor's or another user's command line are hidden there and teach
/// nothing: any word could be made a secret by writing it there.
fn told(world: &LiveWorld, seen: Vec<ProcessSeen>) -> Vec<ProcessSeen> {
    let redactor = &world.redactor;
    for process in &seen {
        if world.daemons.iter().any(|rule| rule.is_kin(process)) {
            for argument in &process.argv {
                redactor.learn(argument);
            }
        }
    }
    let told = seen.into_iter().map(|process| redacted(redactor, process));
    told.collect()
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
        .without_tasks()
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
        home: variable(process, "HOME"),
    })
}

/// A process's arguments as they are, and its directory for temporary files where the system
/// tells; none when it has ended.
pub(super) fn arguments(pid: u32) -> Option<(Vec<String>, Option<String>)> {
    let key = sysinfo::Pid::from_u32(pid);
    let mut system = System::new().ok()?;
    let kind = ProcessRefreshKind::nothing()
        .without_tasks()
        .with_cmd(UpdateKind::Always)
        .with_environ(UpdateKind::Always);
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[key]), true, kind);
    let process = system.process(key)?;
    let text = |text: &std::ffi::OsString| text.to_string_lossy().into_owned();
    let temporary = variable(process, "TMPDIR");
    Some((process.cmd().iter().map(text).collect(), temporary))
}

/// A variable in the environment that a process was started with.
pub(super) fn variable(process: &sysinfo::Process, name: &str) -> Option<String> {
    let of = |entry: &std::ffi::OsString| {
        let value = entry.to_str()?.strip_prefix(name)?.strip_prefix('=')?;
        (!value.is_empty()).then(|| value.to_owned())
    };
    process.environ().iter().find_map(of)
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
