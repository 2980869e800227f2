//! Lists processes and ends those that are positively the ones meant.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::{StreamExt, stream};
use nix::sys::signal::Signal;
use sysinfo::{ProcessRefreshKind, ProcessesToUpdate, System, UpdateKind};
use tokio::time::timeout;

use super::blocking;
use super::group::Groups;
use super::platform::{self, Held, Sent};
use crate::world::process_rule::{CompiledRule, Spared};
use crate::world::redact::Redactor;
use crate::world::{EndProcesses, Fate, ProcessIdentity, ProcessSeen, Receipt, WorldError};

/// How many processes are held at once: a descriptor each.
const AT_ONCE: usize = 256;
/// How long a killed process has to be gone.
const AFTER_KILL: Duration = Duration::from_secs(5);

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

/// Living processes, all or those with the given ids, arguments as they are.
fn look(pids: Option<&[u32]>) -> Result<Vec<ProcessSeen>, WorldError> {
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

/// Ends processes, all at the same time; receipts in the order asked for.
pub(super) async fn end(
    end: &EndProcesses,
    redactor: &Arc<Redactor>,
) -> Result<Vec<Receipt>, WorldError> {
    let rule = end.rule.compile().map_err(|error| WorldError::Processes {
        reason: error.to_string(),
    })?;
    // The rule names places; the process's home is told in this machine's paths.
    let judge = |process: &ProcessSeen| {
        let home = process.home.as_ref().map(|home| redactor.text(home));
        rule.explain(&ProcessSeen {
            home,
            ..process.clone()
        })
    };
    let one = |target: &ProcessIdentity| end_one(*target, rule_name(&rule), &judge, end.grace);
    stream::iter(end.targets.iter().map(one))
        .buffered(AT_ONCE)
        .collect::<Vec<_>>()
        .await
        .into_iter()
        .collect()
}

fn rule_name(rule: &CompiledRule) -> String {
    rule.name().to_owned()
}

/// Ends what programs of this world left behind, by identity.
pub(super) async fn end_leftovers(groups: &Groups, grace: Duration) -> Vec<Receipt> {
    let judge = |process: &ProcessSeen| match process {
        ProcessSeen { ancestor: true, .. } => Err(Spared::Ancestor),
        ProcessSeen { ours: false, .. } => Err(Spared::AnotherUser),
        _ => Ok(()),
    };
    let leftovers = groups.leftovers();
    let one = |target: &ProcessIdentity| end_one(*target, "leftover".to_owned(), &judge, grace);
    stream::iter(leftovers.iter().map(one))
        .buffered(AT_ONCE)
        .filter_map(async |receipt: Result<Receipt, WorldError>| receipt.ok())
        .collect()
        .await
}

/// Why a process must be left alone.
type Judge<'a> = dyn Fn(&ProcessSeen) -> Result<(), Spared> + Sync + 'a;

/// Ends one process: held first, looked at while held, then signalled; so what was looked at is
/// what gets the signal.
async fn end_one(
    target: ProcessIdentity,
    rule: String,
    judge: &Judge<'_>,
    grace: Duration,
) -> Result<Receipt, WorldError> {
    let receipt = |program: String, fate: Fate, after: Duration| Receipt {
        identity: target,
        rule: rule.clone(),
        program,
        fate,
        after,
    };
    let open = Held::open(target.pid).map_err(|error| WorldError::Processes {
        reason: format!("process {}: {error}", target.pid),
    })?;
    let Some(held) = open else {
        return Ok(receipt(String::new(), Fate::AlreadyGone, Duration::ZERO));
    };
    let program = match identify(target, judge).await? {
        Ok(program) => program,
        Err((program, fate)) => return Ok(receipt(program, fate, Duration::ZERO)),
    };
    let begun = Instant::now();
    let fate = signal(&held, target, judge, grace).await?;
    if matches!(fate, Fate::Terminated | Fate::Killed) {
        platform::reap(target.pid);
    }
    Ok(receipt(program, fate, begun.elapsed()))
}

/// The program's name if it still is the process that is meant, else what becomes of it.
async fn identify(
    target: ProcessIdentity,
    judge: &Judge<'_>,
) -> Result<Result<String, (String, Fate)>, WorldError> {
    let now = blocking(move || look(Some(&[target.pid]))).await??;
    let Some(seen) = now.into_iter().find(|seen| seen.identity.pid == target.pid) else {
        return Ok(Err((String::new(), Fate::AlreadyGone)));
    };
    if seen.identity != target {
        return Ok(Err((seen.program, Fate::NotTheSame)));
    }
    Ok(match judge(&seen) {
        Ok(()) => Ok(seen.program),
        Err(Spared::AnotherUser | Spared::Ancestor) => Err((seen.program, Fate::NotPermitted)),
        Err(_) => Err((seen.program, Fate::NotTheSame)),
    })
}

/// TERM, grace, another look, KILL.
async fn signal(
    held: &Held,
    target: ProcessIdentity,
    judge: &Judge<'_>,
    grace: Duration,
) -> Result<Fate, WorldError> {
    match held.signal(Signal::SIGTERM) {
        Sent::Gone => return Ok(Fate::AlreadyGone),
        Sent::NotPermitted => return Ok(Fate::NotPermitted),
        Sent::Delivered => {}
    }
    if timeout(grace, held.ended()).await.is_ok() {
        return Ok(Fate::Terminated);
    }
    match identify(target, judge).await? {
        Ok(_) => {}
        // It ended at the last moment.
        Err((_, Fate::AlreadyGone)) => return Ok(Fate::Terminated),
        Err((_, fate)) => return Ok(fate),
    }
    match held.signal(Signal::SIGKILL) {
        Sent::Gone => return Ok(Fate::Terminated),
        Sent::NotPermitted => return Ok(Fate::NotPermitted),
        Sent::Delivered => {}
    }
    match timeout(AFTER_KILL, held.ended()).await {
        Ok(()) => Ok(Fate::Killed),
        Err(_) => Ok(Fate::Survived),
    }
}
