//! Linux: pidfds, `/proc`, the child subreaper.

use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{
    Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, getpid, pidfd_open, pidfd_send_signal,
    set_child_subreaper, waitid,
};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::types::{Sent, Stat};
use crate::world::live::isolation::Isolation;

/// A pinned process: even if its pid is reused, this refers to the same process.
#[derive(Debug)]
pub(in crate::world::live) struct Held {
    fd: AsyncFd<OwnedFd>,
}

impl Held {
    /// Pins the process that has this pid now; none if there is none.
    ///
    /// # Errors
    /// Those of the system, such as too many open files.
    pub(in crate::world::live) fn open(pid: u32) -> std::io::Result<Option<Self>> {
        let Some(pid) = raw(pid) else {
            return Ok(None);
        };
        match pidfd_open(pid, PidfdFlags::empty()) {
            Ok(fd) => Ok(Some(Self { fd: polled(fd)? })),
            // ENOENT and EINVAL: a thread's id, or a process that is being reaped.
            Err(Errno::SRCH | Errno::NOENT | Errno::INVAL) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Sends a signal to exactly this process.
    pub(in crate::world::live) fn signal(&self, signal: nix::sys::signal::Signal) -> Sent {
        let Some(signal) = Signal::from_named_raw(signal as i32) else {
            return Sent::NotPermitted;
        };
        match pidfd_send_signal(self.fd.get_ref(), signal) {
            Ok(()) => Sent::Delivered,
            Err(Errno::SRCH) => Sent::Gone,
            Err(_) => Sent::NotPermitted,
        }
    }

    /// Waits for its end; it may still have to be reaped.
    pub(in crate::world::live) async fn ended(&self) {
        // An error means that the fd cannot be polled any more; the caller looks again anyway.
        let _ready = self.fd.readable().await;
    }
}

#[expect(
    deprecated,
    reason = "its replacement is unsafe, for types that may change their descriptor; an OwnedFd cannot"
)]
fn polled(fd: OwnedFd) -> std::io::Result<AsyncFd<OwnedFd>> {
    AsyncFd::with_interest(fd, Interest::READABLE)
}

pub(super) fn raw(pid: u32) -> Option<Pid> {
    i32::try_from(pid).ok().and_then(Pid::from_raw)
}

/// The content of `/proc/PID/stat`.
pub(in crate::world::live) fn stat(pid: u32) -> Option<Stat> {
    parse(&std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

pub(super) fn parse(text: &str) -> Option<Stat> {
    // The second field is the program's name in brackets and may contain anything.
    let (_, rest) = text.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    let number = |index: usize| fields.get(index)?.parse::<u64>().ok();
    let id = |index: usize| number(index).and_then(|value| u32::try_from(value).ok());
    Some(Stat {
        ended: matches!(*fields.first()?, "Z" | "X" | "x"),
        parent: id(1)?,
        group: id(2)?,
        session: id(3)?,
        started: number(19)?,
    })
}

pub(super) fn pids(directory: &str) -> Vec<u32> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect()
}

/// Every process with the name it was started by, as far as the system keeps it.
pub(in crate::world::live) fn names() -> Vec<(u32, String)> {
    let name = |pid: u32| {
        let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
        Some((pid, name.trim_end_matches('\n').to_owned()))
    };
    pids("/proc").into_iter().filter_map(name).collect()
}

/// Living processes that belong to a program that was started at this time: its session, its
/// group, and those that left both but still carry its own directory for temporary files in their
/// environment. Nothing older can, so the environment of most is not read.
pub(in crate::world::live) fn members(leader: u32, since: u64, temporary: &str) -> Vec<u32> {
    let marked = format!("TMPDIR={temporary}");
    let belongs = |pid: &u32| {
        let Some(stat) = stat(*pid).filter(|stat| !stat.ended && stat.started >= since) else {
            return false;
        };
        *pid != leader
            && (stat.session == leader || stat.group == leader || is_marked(*pid, &marked))
    };
    pids("/proc").into_iter().filter(belongs).collect()
}

/// A process's environment, in one read: between two reads, it may have executed another program,
/// and the second would report the end of the file.
fn environ(pid: u32) -> std::io::Result<Vec<u8>> {
    const PIECE: usize = 256 * 1024;
    let mut file = File::open(format!("/proc/{pid}/environ"))?;
    let mut all = vec![0; PIECE];
    let count = file.read(&mut all)?;
    all.truncate(count);
    if count == PIECE {
        file.read_to_end(&mut all)?;
    }
    Ok(all)
}

/// Whether this variable is in a process's environment. While it executes another program it has
/// none for a moment: then it is checked again. An orphan of the gate that never has one is treated
/// as marked: it is better to report one too many than to miss one that still runs.
fn is_marked(pid: u32, variable: &str) -> bool {
    const LOOKS: u32 = 20;
    const BETWEEN: Duration = Duration::from_micros(250);
    for _ in 0..LOOKS {
        match environ(pid) {
            Ok(environ) if environ.is_empty() => std::thread::sleep(BETWEEN),
            Ok(environ) => {
                let mut entries = environ.split(|byte| *byte == 0);
                return entries.any(|entry| entry == variable.as_bytes());
            }
            // Ended, or another user's.
            Err(_) => return false,
        }
    }
    stat(pid).is_some_and(|stat| !stat.ended && stat.parent == std::process::id())
}

/// Children of the gate that it did not start: orphans of its programs.
pub(in crate::world::live) fn adopted(started: &[u32]) -> Vec<u32> {
    let threads = pids("/proc/self/task").into_iter();
    let children = threads.flat_map(|thread| {
        std::fs::read_to_string(format!("/proc/self/task/{thread}/children"))
            .unwrap_or_default()
            .split_ascii_whitespace()
            .filter_map(|pid| pid.parse().ok())
            .collect::<Vec<u32>>()
    });
    children.filter(|pid| !started.contains(pid)).collect()
}

/// Clears away an ended process, if it is the gate's to clear away.
pub(in crate::world::live) fn reap(pid: u32) {
    if let Some(pid) = raw(pid) {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG;
        // ECHILD: a child of another process, which reaps it.
        let _somebody_elses = waitid(WaitId::Pid(pid), options);
    }
}

/// Clears away the ended orphans among the gate's children. One that the gate's process started
/// itself shares its session, or is in `running`; it is for its own waiter.
pub(in crate::world::live) fn reap_orphans(running: &[u32]) {
    // Read where the orphans' is read: 0 for both if the session's leader is outside of this pid
    // namespace, which the typed wrapper of `getsid` cannot represent.
    let Some(own) = stat(std::process::id()) else {
        return;
    };
    for pid in adopted(running) {
        let orphan = |stat: Stat| stat.ended && stat.session != own.session;
        if stat(pid).is_some_and(orphan) {
            reap(pid);
        }
    }
}

/// Enlarges a pipe's buffer, so that the writing process is woken less often.
pub(in crate::world::live) fn widen(pipe: &impl std::os::fd::AsFd) {
    const MOST: i32 = 1 << 20;
    // On a system that does not allow this, it only takes longer.
    let _as_it_was = nix::fcntl::fcntl(pipe, nix::fcntl::FcntlArg::F_SETPIPE_SZ(MOST));
}

/// Whether orphans of the gate's programs become the gate's children.
pub(in crate::world::live) fn is_subreaper() -> bool {
    rustix::process::child_subreaper().is_ok_and(|state| state.is_some())
}

/// The pid namespace that the machine started with; its number is part of the kernel's interface.
const FIRST_PID_NAMESPACE: &str = "pid:[4026531836]";

/// Makes the gate the subreaper of its programs' orphans.
pub(in crate::world::live) fn isolate() -> Isolation {
    let subreaper = set_child_subreaper(Some(getpid())).is_ok() && is_subreaper();
    let namespace = std::fs::read_link("/proc/self/ns/pid").ok();
    let groups = std::fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    Isolation {
        session_per_program: true,
        subreaper,
        pidfd: pidfd_open(getpid(), PidfdFlags::empty()).is_ok(),
        pid_namespace: namespace.map(|name| name.as_os_str() != FIRST_PID_NAMESPACE),
        cgroup: groups
            .lines()
            .find_map(|line| line.strip_prefix("0::"))
            .map(str::to_owned),
        sandbox: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_name_cannot_forge_the_fields() {
        let line = "12 (a) S 1 ) R 4 12 9 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 777 0";
        let stat = parse(line).unwrap();
        assert_eq!((stat.parent, stat.group, stat.session), (4, 12, 9));
        assert_eq!((stat.started, stat.ended), (777, false));
    }

    #[test]
    fn garbage_is_no_process() {
        for line in ["", "1 (x)", "1 (x) S", "1 (x) S a b c"] {
            assert_eq!(parse(line), None, "{line}");
        }
    }
}
