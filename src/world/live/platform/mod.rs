//! Platform differences behind the same names: pinning a process so that its pid cannot be reused,
//! start times, sessions, and the isolation in force.

#[cfg(target_os = "linux")]
mod bubblewrap;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
mod listing;
#[cfg(not(target_os = "linux"))]
mod other;
#[cfg(target_os = "linux")]
mod restart;
mod seatbelt;
#[cfg(target_os = "linux")]
mod start;
mod types;

#[cfg(target_os = "linux")]
pub(super) use bubblewrap::{confine, find_sandbox};
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
#[cfg(not(target_os = "linux"))]
pub(super) use other::{TAKEN, close_to_others, restart_without_environment, taken_environment};
#[cfg(target_os = "linux")]
pub(super) use restart::{TAKEN, close_to_others, restart_without_environment, taken_environment};
#[cfg(not(target_os = "linux"))]
pub(super) use seatbelt::{confine, find_sandbox};
#[cfg(target_os = "linux")]
pub(super) use start::{Child, start};
pub(super) use types::{Confining, Pipes, Sent, Start};

use std::mem::MaybeUninit;

use nix::libc;
use nix::sys::signal::Signal;

/// Whether this process was started with a signal ignored, as `nohup` does with SIGHUP.
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

/// How many processes may be pinned at the same time: each needs a descriptor where there are
/// pidfds, and half of the descriptors are reserved for everything else.
pub(super) fn held_at_once() -> usize {
    use rustix::process::{Resource, getrlimit};
    let limit = getrlimit(Resource::Nofile).current.unwrap_or(4096);
    usize::try_from(limit / 2).unwrap_or(2048).clamp(32, 2048)
}
