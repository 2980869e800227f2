//! Restarts this program with a smaller environment. The former environment is passed through
//! memory that only the two processes can access.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::ffi::{CString, OsStr, OsString};
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{IntoRawFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use nix::libc;
use rustix::fs::{MemfdFlags, memfd_create};

use crate::world::live::environ::stays;

/// The variable with the number of the descriptor that holds the environment.
pub(in crate::world::live) const TAKEN: &str = "GATE_ENVIRONMENT_AT";

/// The environment passed on by the previous instance of this program; none if there was none.
pub(in crate::world::live) fn taken_environment()
-> std::io::Result<Option<BTreeMap<OsString, OsString>>> {
    let Some(number) = std::env::var_os(TAKEN) else {
        return Ok(None);
    };
    let number: Option<i32> = number.to_str().and_then(|text| text.parse().ok());
    let number = number.filter(|number| *number > libc::STDERR_FILENO);
    let number = number.ok_or_else(|| std::io::Error::other(format!("`{TAKEN}` is no number")))?;
    let mut all = Vec::new();
    File::open(format!("/proc/self/fd/{number}"))?.read_to_end(&mut all)?;
    let _closed = nix::unistd::close(number);
    let entries = all
        .split(|byte| *byte == 0)
        .filter(|entry| !entry.is_empty());
    let entries = entries.filter_map(|entry| {
        let at = entry.iter().position(|byte| *byte == b'=')?;
        let (name, value) = (&entry[..at], &entry[at + 1..]);
        Some((
            OsString::from_vec(name.to_vec()),
            OsString::from_vec(value.to_vec()),
        ))
    });
    Ok(Some(entries.collect()))
}

/// Starts this program once more, unless there is nothing to take out. Comes back when there is
/// not, or when it could not be done.
pub(in crate::world::live) fn restart_without_environment() -> std::io::Result<()> {
    let stay = |name: &OsStr| name.to_str().is_some_and(stays);
    let all = std::env::vars_os();
    let (kept, taken): (Vec<_>, Vec<_>) = all.partition(|(name, _)| stay(name));
    if taken.is_empty() {
        return Ok(());
    }
    match restart(&kept, &taken) {
        Ok(never) => match never {},
        Err(error) => Err(error),
    }
}

fn restart(
    kept: &[(OsString, OsString)],
    taken: &[(OsString, OsString)],
) -> std::io::Result<Infallible> {
    // Not closed on exec: the program after this one reads it.
    let memory = memfd_create("environment", MemfdFlags::empty())?;
    let mut file = File::from(memory);
    for (name, value) in taken {
        for part in [name.as_bytes(), b"=", value.as_bytes(), &[0]] {
            file.write_all(part)?;
        }
    }
    let number = OwnedFd::from(file).into_raw_fd();
    let entry = |name: &OsStr, value: &OsStr| {
        let parts = [name.as_bytes(), value.as_bytes()];
        CString::new(parts.join(&b'='))
    };
    let kept = kept.iter().map(|(name, value)| entry(name, value));
    let mut env: Vec<CString> = kept.collect::<Result<_, _>>()?;
    env.push(CString::new(format!("{TAKEN}={number}"))?);
    let program = CString::new(std::env::current_exe()?.into_os_string().into_vec())?;
    let arguments = std::env::args_os().map(|word| CString::new(word.into_vec()));
    let arguments: Vec<CString> = arguments.collect::<Result<_, _>>()?;
    let failed = nix::unistd::execve(&program, &arguments, &env);
    let _closed = nix::unistd::close(number);
    Ok(failed?)
}

/// Keeps the process's memory and environment from other programs of the same user, and its
/// descriptors from those that it starts.
pub(in crate::world::live) fn close_to_others() {
    // Neither can fail except on a kernel that does not support it.
    let _as_it_was = nix::sys::prctl::set_dumpable(false);
    close_on_exec();
}

#[expect(
    unsafe_code,
    reason = "there is no safe wrapper that only sets the flag"
)]
fn close_on_exec() {
    let first = libc::c_uint::try_from(libc::STDERR_FILENO + 1).unwrap_or(3);
    // SAFETY: no descriptor is closed; each only gets a flag that std sets on its own anyway.
    unsafe {
        libc::syscall(
            libc::SYS_close_range,
            first,
            libc::c_uint::MAX,
            libc::CLOSE_RANGE_CLOEXEC,
        );
    }
}
