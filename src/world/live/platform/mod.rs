//! What differs between systems, under the same names: holding a process so that its pid cannot
//! mean another, start times, sessions, and the isolation that is in force.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
mod listing;
#[cfg(not(target_os = "linux"))]
mod other;
#[cfg(target_os = "linux")]
mod start;

#[cfg(target_os = "linux")]
pub(super) use linux::{
    Held, adopted, is_subreaper, isolate, members, names, reap, reap_orphans, stat, widen,
};
#[cfg(target_os = "linux")]
pub(super) use listing::look;
#[cfg(not(target_os = "linux"))]
pub(super) use other::{
    Child, Held, adopted, is_subreaper, isolate, look, members, names, reap, reap_orphans, start,
    stat, widen,
};
#[cfg(target_os = "linux")]
pub(super) use start::{Child, start};

use std::collections::BTreeMap;
use std::mem::MaybeUninit;

use camino::Utf8Path;
use nix::libc;
use nix::sys::signal::Signal;
use tokio::process::{ChildStderr, ChildStdin, ChildStdout};

/// A program to be started: in a session of its own, with pipes for its output.
#[derive(Debug)]
pub(super) struct Start<'a> {
    /// The executable file.
    pub(super) executable: &'a Utf8Path,
    /// Arguments, without the program's name.
    pub(super) arguments: &'a [String],
    /// The whole environment.
    pub(super) env: &'a BTreeMap<String, String>,
    /// Working directory.
    pub(super) cwd: &'a Utf8Path,
    /// Whether its standard input is a pipe, or empty.
    pub(super) stdin: bool,
}

/// The gate's ends of a program's pipes.
#[derive(Debug)]
pub(super) struct Pipes {
    pub(super) stdin: Option<ChildStdin>,
    pub(super) stdout: Option<ChildStdout>,
    pub(super) stderr: Option<ChildStderr>,
}

/// What the system says of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stat {
    /// Start time, in the unit of [`crate::world::ProcessIdentity`].
    pub(super) started: u64,
    /// Parent's process id.
    pub(super) parent: u32,
    /// Process group.
    pub(super) group: u32,
    /// Session.
    pub(super) session: u32,
    /// Whether it has ended and only waits to be reaped.
    pub(super) ended: bool,
}

/// What came of a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sent {
    /// It was delivered.
    Delivered,
    /// There is no such process any more.
    Gone,
    /// The system did not allow it.
    NotPermitted,
}

/// Whether this process was started with a signal ignored, as `nohup` does with the hang-up.
#[must_use]
#[expect(unsafe_code, reason = "there is no safe wrapper that only asks")]
pub fn is_ignored(signal: Signal) -> bool {
    let mut action = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: without a new action nothing is changed; the old one is written, and all zeroes are
    // one as well.
    let action = unsafe {
        libc::sigaction(signal as libc::c_int, std::ptr::null(), action.as_mut_ptr());
        action.assume_init()
    };
    action.sa_sigaction == libc::SIG_IGN
}

/// How many processes may be held at the same time: a descriptor each where there are pidfds,
/// and half of them are for everything else.
pub(super) fn held_at_once() -> usize {
    use rustix::process::{Resource, getrlimit};
    let limit = getrlimit(Resource::Nofile).current.unwrap_or(4096);
    usize::try_from(limit / 2).unwrap_or(2048).clamp(32, 2048)
}
