//! Lists processes: their identity, their owner, their command line.

use std::collections::BTreeSet;
use std::sync::Arc;

use sysinfo::{ProcessRefreshKind, ProcessesToUpdate, System, UpdateKind};

use super::common::blocking;
use super::live_world::LiveWorld;
use super::{elsewhere, home_of, platform};
use crate::world::process_rule::CompiledRule;
use crate::world::{ProcessSeen, WorldError};

/// All running processes, sorted by pid. A process's home is included only if it runs a program of
/// the gate's rules; its arguments, only if a rule could match them or a search by substring would
/// find them.
pub(super) async fn list(world: &LiveWorld) -> Result<Vec<ProcessSeen>, WorldError> {
    let daemons = Arc::clone(&world.daemons);
    let matters =
        move |seen: &ProcessSeen| daemons.is_empty() || daemons.iter().any(|rule| rule.runs(seen));
    let mut seen = blocking(move || look(None, &matters)).await??;
    for process in &mut seen {
        if !concerns(world, process) {
            process.argv.clear();
            process.home = None;
        }
    }
    Ok(told(world, seen, &[]))
}

/// The processes that match a rule, whether or not it is one of the gate's.
pub(super) async fn matching(
    world: &LiveWorld,
    rule: &CompiledRule,
) -> Result<Vec<ProcessSeen>, WorldError> {
    let asked = rule.clone();
    let seen = blocking(move || look(None, &|seen| asked.runs(seen))).await??;
    let mut told = told(world, seen, std::slice::from_ref(rule));
    told.retain(|process| rule.matches(process));
    Ok(told)
}

/// Whether a rule of the gate may concern it. Other command lines on this machine are private and
/// are not recorded.
fn concerns(world: &LiveWorld, process: &ProcessSeen) -> bool {
    let rules = &world.daemons;
    let any = |rule: &CompiledRule| rule.runs(process) || rule.is_named_by(process);
    rules.is_empty() || rules.iter().any(any)
}

/// The processes with these ids, as far as they live.
pub(super) async fn seen(pids: &[u32], world: &LiveWorld) -> Result<Vec<ProcessSeen>, WorldError> {
    if pids.is_empty() {
        return Ok(Vec::new());
    }
    let pids = pids.to_vec();
    let seen = blocking(move || look(Some(&pids), &|_| true)).await??;
    Ok(told(world, seen, &[]))
}

/// Processes without secrets, and without unrelated paths as far as no rule, of the gate's or of
/// these, needs them. The tokens in the arguments of possible daemons are secrets from now on, even
/// of one that is skipped. Texts that only look like a token in an editor's or another user's
/// command line are redacted there, but not learnt: otherwise any word could be made a secret by
/// writing it there.
fn told(world: &LiveWorld, seen: Vec<ProcessSeen>, rules: &[CompiledRule]) -> Vec<ProcessSeen> {
    let redactor = &world.redactor;
    for process in &seen {
        if world.daemons.iter().any(|rule| rule.is_kin(process)) {
            for argument in &process.argv {
                redactor.learn(argument);
            }
        }
    }
    let rules = world.daemons.iter().chain(rules);
    seen.into_iter()
        .map(|process| elsewhere::process(&redacted(world, process), &rules))
        .collect()
}

fn redacted(world: &LiveWorld, process: ProcessSeen) -> ProcessSeen {
    let redactor = &world.redactor;
    let pid = process.identity.pid;
    let home = process
        .home
        .map(|home| home_of::named(&world.places, pid, &home));
    ProcessSeen {
        argv: process
            .argv
            .iter()
            .map(|argument| redactor.text(argument))
            .collect(),
        home: home.map(|home| redactor.text(&home)),
        ..process
    }
}

/// Living processes, all or those with the given ids, sorted by pid, arguments as they are. Of
/// one that does not matter it may be left open where its home is.
pub(super) fn look(
    pids: Option<&[u32]>,
    matters: &dyn Fn(&ProcessSeen) -> bool,
) -> Result<Vec<ProcessSeen>, WorldError> {
    let mut all = platform::look(pids, matters).map_err(|error| WorldError::Processes {
        reason: error.to_string(),
    })?;
    let ancestors = ancestors();
    for process in &mut all {
        process.ancestor = ancestors.contains(&process.identity.pid);
    }
    all.sort_by_key(|process| process.identity);
    Ok(all)
}

/// A process's unredacted arguments, and its directory for temporary files if the system reports
/// it; none if it has ended.
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
