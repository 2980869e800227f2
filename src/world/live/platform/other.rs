//! Systems without pidfds: a pid with its start time, checked again before each signal.

use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::signal::{SigHandler, Signal};
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::Pid;
use process_wrap::tokio::{ChildWrapper, CommandWrap, ProcessSession};
use sysinfo::{ProcessRefreshKind, ProcessStatus, ProcessesToUpdate, System, UpdateKind};
use tokio::process::Command;

use super::types::{Pipes, Sent, Start, Stat};
use crate::world::live::isolation::Isolation;
use crate::world::live::process::variable;
use crate::world::{Ended, ProcessIdentity, ProcessSeen};

/// How often the end of a process is looked for.
const TICK: Duration = Duration::from_millis(10);

/// A process remembered by pid and start time.
#[derive(Debug)]
pub(in crate::world::live) struct Held {
    pid: u32,
    started: u64,
}

impl Held {
    /// Remembers the process that has this pid now; none if there is none.
    ///
    /// # Errors
    /// None here; present for systems where there are some.
    #[expect(
        clippy::unnecessary_wraps,
        reason = "the same name and type on every system"
    )]
    pub(in crate::world::live) fn open(pid: u32) -> std::io::Result<Option<Self>> {
        Ok(stat(pid).map(|stat| Self {
            pid,
            started: stat.started,
        }))
    }

    fn living(&self) -> bool {
        stat(self.pid).is_some_and(|stat| stat.started == self.started && !stat.ended)
    }

    /// Sends a signal after another look at the start time.
    pub(in crate::world::live) fn signal(&self, signal: Signal) -> Sent {
        let Some(pid) = raw(self.pid).filter(|_| self.living()) else {
            return Sent::Gone;
        };
        match nix::sys::signal::kill(pid, signal) {
            Ok(()) => Sent::Delivered,
            Err(Errno::ESRCH) => Sent::Gone,
            Err(_) => Sent::NotPermitted,
        }
    }

    /// Waits for its end; it may still have to be reaped.
    pub(in crate::world::live) async fn ended(&self) {
        while self.living() {
            tokio::time::sleep(TICK).await;
        }
    }
}

/// Starts a program in a session of its own.
///
/// # Errors
/// Those of the system.
pub(in crate::world::live) fn start(start: &Start<'_>) -> std::io::Result<(Child, Pipes)> {
    let mut command = CommandWrap::with_new(start.executable, |command| {
        command
            .args(start.arguments)
            .env_clear()
            .envs(start.env)
            .current_dir(start.cwd)
            .stdin(if start.stdin {
                Stdio::piped()
            } else {
                Stdio::null()
            })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        with_signals_as_expected(command);
    });
    let mut child = command.wrap(ProcessSession).spawn()?;
    let pid = child
        .id()
        .ok_or_else(|| std::io::Error::other("it has no process id"))?;
    let pipes = Pipes {
        stdin: child.stdin().take(),
        stdout: child.stdout().take(),
        stderr: child.stderr().take(),
    };
    // The wrapper's own wait would wait for every orphan of the group as well.
    let child = child.into_inner();
    Ok((Child { pid, child }, pipes))
}

/// Resets signals. A program would inherit ignored ones (`nohup` ignores SIGHUP, a shell's `&`
/// Ctrl-C), and the same canary would end differently.
#[expect(unsafe_code, reason = "what happens between fork and exec is unsafe")]
fn with_signals_as_expected(command: &mut Command) {
    let all_default = || {
        // These cannot be ignored, and no handler can be set for them.
        let fixed = |signal: &Signal| matches!(signal, Signal::SIGKILL | Signal::SIGSTOP);
        for signal in Signal::iterator().filter(|signal| !fixed(signal)) {
            // SAFETY: no handler is installed, so none can run.
            unsafe { nix::sys::signal::signal(signal, SigHandler::SigDfl) }?;
        }
        Ok(())
    };
    // SAFETY: it allocates nothing, takes no lock, and calls nothing but `signal`, which is safe
    // between fork and exec.
    unsafe { command.pre_exec(all_default) };
}

/// A program that was started, until it is waited for.
#[derive(Debug)]
pub(in crate::world::live) struct Child {
    pid: u32,
    child: Box<dyn ChildWrapper>,
}

impl Child {
    /// Its process id, which is its session's and group's as well.
    pub(in crate::world::live) fn id(&self) -> u32 {
        self.pid
    }

    /// Waits for its end and clears it away.
    ///
    /// # Errors
    /// The system's.
    pub(in crate::world::live) async fn wait(&mut self) -> std::io::Result<Ended> {
        Ok(how(self.child.wait().await?))
    }
}

fn how(status: ExitStatus) -> Ended {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => Ended::Code(code),
        (None, Some(signal)) => Ended::Signal(signal),
        (None, None) => Ended::Code(status.into_raw()),
    }
}

fn raw(pid: u32) -> Option<Pid> {
    i32::try_from(pid)
        .ok()
        .filter(|pid| *pid > 0)
        .map(Pid::from_raw)
}

fn of(process: &sysinfo::Process, pid: u32) -> Stat {
    let id = |pid: Option<sysinfo::Pid>| pid.map_or(0, sysinfo::Pid::as_u32);
    let group = raw(pid).and_then(|pid| nix::unistd::getpgid(Some(pid)).ok());
    Stat {
        started: process.start_time().saturating_mul(1_000_000),
        parent: id(process.parent()),
        group: group
            .and_then(|group| u32::try_from(group.as_raw()).ok())
            .unwrap_or(0),
        session: id(process.session_id()),
        ended: matches!(
            process.status(),
            ProcessStatus::Zombie | ProcessStatus::Dead
        ),
    }
}

/// Running processes, all or those with the given ids, with everything that the system reports.
///
/// # Errors
/// Those of the system.
pub(in crate::world::live) fn look(
    asked: Option<&[u32]>,
    _matters: &dyn Fn(&ProcessSeen) -> bool,
) -> std::io::Result<Vec<ProcessSeen>> {
    let mut system = System::new().map_err(|error| std::io::Error::other(error.to_string()))?;
    let kind = ProcessRefreshKind::nothing()
        .without_tasks()
        .with_cmd(UpdateKind::Always)
        .with_exe(UpdateKind::Always)
        .with_environ(UpdateKind::Always)
        .with_user(UpdateKind::Always);
    let keys: Option<Vec<sysinfo::Pid>> =
        asked.map(|pids| pids.iter().copied().map(sysinfo::Pid::from_u32).collect());
    let which = keys
        .as_deref()
        .map_or(ProcessesToUpdate::All, ProcessesToUpdate::Some);
    system.refresh_processes_specifics(which, true, kind);
    let user = nix::unistd::geteuid().as_raw();
    let processes = system.processes().values();
    Ok(processes
        .filter(|process| process.thread_kind().is_none())
        .filter_map(|process| seen(process, user))
        .collect())
}

fn seen(process: &sysinfo::Process, user: u32) -> Option<ProcessSeen> {
    let pid = process.pid().as_u32();
    let stat = of(process, pid);
    let argv = process.cmd().iter();
    let argv: Vec<String> = argv
        .map(|argument| argument.to_string_lossy().into_owned())
        .collect();
    let file_name = |path: &std::path::Path| {
        path.file_name()
            .map(|name| name.to_string_lossy().into_owned())
    };
    let program = process
        .exe()
        .and_then(file_name)
        // Not readable for another user's process.
        .filter(|name| !name.is_empty())
        .or_else(|| argv.first().and_then(|path| file_name(path.as_ref())))
        .unwrap_or_else(|| process.name().to_string_lossy().into_owned());
    (!stat.ended).then(|| ProcessSeen {
        identity: ProcessIdentity {
            pid,
            started: stat.started,
        },
        parent: stat.parent,
        ours: process.user_id().is_some_and(|id| **id == user),
        ancestor: false,
        program,
        argv,
        home: variable(process, "HOME"),
    })
}

fn all(which: ProcessesToUpdate<'_>) -> Option<System> {
    all_with(which, ProcessRefreshKind::nothing())
}

fn all_with(which: ProcessesToUpdate<'_>, kind: ProcessRefreshKind) -> Option<System> {
    let mut system = System::new().ok()?;
    system.refresh_processes_specifics(which, true, kind.without_tasks());
    Some(system)
}

/// The system's data about a process.
pub(in crate::world::live) fn stat(pid: u32) -> Option<Stat> {
    let key = sysinfo::Pid::from_u32(pid);
    let system = all(ProcessesToUpdate::Some(&[key]))?;
    system.process(key).map(|process| of(process, pid))
}

/// Every process with its name.
pub(in crate::world::live) fn names() -> Vec<(u32, String)> {
    let system = all(ProcessesToUpdate::All);
    let processes = system.iter().flat_map(System::processes);
    processes
        .map(|(pid, process)| (pid.as_u32(), process.name().to_string_lossy().into_owned()))
        .collect()
}

/// Living processes that belong to a program that was started at this time: its session, its
/// group, and those that left both but still carry its own directory for temporary files in their
/// environment.
pub(in crate::world::live) fn members(leader: u32, since: u64, temporary: &str) -> Vec<u32> {
    let kind = ProcessRefreshKind::nothing().with_environ(UpdateKind::Always);
    let Some(system) = all_with(ProcessesToUpdate::All, kind) else {
        return Vec::new();
    };
    let belongs = |(pid, process): (&sysinfo::Pid, &sysinfo::Process)| {
        let pid = pid.as_u32();
        let stat = of(process, pid);
        let living = !stat.ended && stat.started >= since && pid != leader;
        let ours = living
            && (stat.session == leader
                || stat.group == leader
                || variable(process, "TMPDIR").is_some_and(|found| found == temporary));
        ours.then_some(pid)
    };
    system.processes().iter().filter_map(belongs).collect()
}

/// None: orphans go to the system's first process.
pub(in crate::world::live) fn adopted(_started: &[u32]) -> Vec<u32> {
    Vec::new()
}

/// None to clear away.
pub(in crate::world::live) fn reap_orphans(_running: &[u32]) {}

/// Clears away an ended process, if it is the gate's to clear away.
pub(in crate::world::live) fn reap(pid: u32) {
    if let Some(pid) = raw(pid) {
        let _somebody_elses = waitpid(pid, Some(WaitPidFlag::WNOHANG));
    }
}

/// Pipes stay as they are.
pub(in crate::world::live) fn widen(_: &impl std::os::fd::AsFd) {}

/// Not available here.
pub(in crate::world::live) fn is_subreaper() -> bool {
    false
}

/// Reports that a session for each program is the only isolation.
pub(in crate::world::live) fn isolate() -> Isolation {
    Isolation {
        session_per_program: true,
        subreaper: false,
        pidfd: false,
        pid_namespace: None,
        cgroup: None,
        sandbox: None,
    }
}

/// Never set here: see [`taken_environment`].
pub(in crate::world::live) const TAKEN: &str = "GATE_ENVIRONMENT_AT";

/// Removes nothing here: these systems show a process's environment to no other program.
///
/// # Errors
/// None; present for other systems.
#[expect(
    clippy::unnecessary_wraps,
    reason = "the same name and type on every system"
)]
pub(in crate::world::live) fn taken_environment()
-> std::io::Result<Option<std::collections::BTreeMap<std::ffi::OsString, std::ffi::OsString>>> {
    Ok(None)
}

/// See [`taken_environment`].
///
/// # Errors
/// None; as on other systems.
#[expect(
    clippy::unnecessary_wraps,
    reason = "the same name and type on every system"
)]
pub(in crate::world::live) fn restart_without_environment() -> std::io::Result<()> {
    Ok(())
}

/// See [`taken_environment`].
pub(in crate::world::live) fn close_to_others() {}
