//! Starts a program in a session of its own without copying the gate's memory map. `fork` copies
//! it, which takes longer than many programs run. The standard library also spawns without `fork`,
//! but cannot create sessions.

use std::ffi::{CStr, CString, OsStr};
use std::io::{self, ErrorKind};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::libc;
use nix::spawn::{PosixSpawnAttr, PosixSpawnFileActions, PosixSpawnFlags, posix_spawn};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::stat::Mode;
use nix::unistd::pipe2;
use rustix::process::{WaitId, WaitIdOptions, waitid};
use tokio::process::{ChildStderr, ChildStdin, ChildStdout};

use super::linux::{self, Held};
use super::types::{Pipes, Start};
use crate::world::Ended;

/// What runs a script that names no interpreter, as `execvp` has it.
const SHELL: &CStr = c"/bin/sh";

/// Starts a program.
///
/// # Errors
/// The system's, or `InvalidInput` for a text with a zero byte in it.
pub(in crate::world::live) fn start(start: &Start<'_>) -> io::Result<(Child, Pipes)> {
    let (theirs, pipes) = ends(start.stdin)?;
    let (actions, attributes) = (actions(start, &theirs)?, attributes()?);
    let program = text(start.executable.as_std_path().as_os_str())?;
    let arguments = start.arguments.iter().map(text);
    let mut arguments: Vec<CString> = arguments.collect::<io::Result<_>>()?;
    arguments.insert(0, program.clone());
    let variables = start.env.iter();
    let env = variables.map(|(name, value)| text(format!("{name}={value}")));
    let env: Vec<CString> = env.collect::<io::Result<_>>()?;
    let spawn = |program: &CStr, arguments: &[CString]| {
        posix_spawn(program, &actions, &attributes, arguments, &env)
    };
    let pid = match spawn(&program, &arguments) {
        Err(Errno::ENOEXEC) => {
            arguments.insert(0, SHELL.to_owned());
            spawn(SHELL, &arguments)
        }
        other => other,
    }?;
    let pid = u32::try_from(pid.as_raw()).map_err(io::Error::other)?;
    Ok((Child { pid }, pipes))
}

/// The actions in the new process before the program begins.
fn actions(start: &Start<'_>, theirs: &Theirs) -> io::Result<PosixSpawnFileActions> {
    const NOTHING: &CStr = c"/dev/null";
    let mut actions = PosixSpawnFileActions::init()?;
    match &theirs.stdin {
        Some(stdin) => actions.add_dup2(stdin.as_raw_fd(), libc::STDIN_FILENO)?,
        None => actions.add_open(libc::STDIN_FILENO, NOTHING, OFlag::O_RDONLY, Mode::empty())?,
    }
    actions.add_dup2(theirs.stdout.as_raw_fd(), libc::STDOUT_FILENO)?;
    actions.add_dup2(theirs.stderr.as_raw_fd(), libc::STDERR_FILENO)?;
    for kept in start.keeps {
        // Onto itself: this only clears the close-on-exec flag.
        actions.add_dup2(kept.as_raw_fd(), kept.as_raw_fd())?;
    }
    add_chdir(&mut actions, &text(start.cwd.as_std_path().as_os_str())?)?;
    Ok(actions)
}

/// The program's ends of its pipes.
struct Theirs {
    stdin: Option<OwnedFd>,
    stdout: OwnedFd,
    stderr: OwnedFd,
}

/// Pipes whose ends are closed in whatever else is started.
fn ends(stdin: bool) -> io::Result<(Theirs, Pipes)> {
    let (stdin, to_stdin) = if stdin {
        let (read, write) = pipe2(OFlag::O_CLOEXEC)?;
        (Some(read), Some(write))
    } else {
        (None, None)
    };
    let (from_stdout, stdout) = pipe2(OFlag::O_CLOEXEC)?;
    let (from_stderr, stderr) = pipe2(OFlag::O_CLOEXEC)?;
    let to_stdin = to_stdin.map(|end| ChildStdin::from_std(end.into()));
    let pipes = Pipes {
        stdin: to_stdin.transpose()?,
        stdout: Some(ChildStdout::from_std(from_stdout.into())?),
        stderr: Some(ChildStderr::from_std(from_stderr.into())?),
    };
    let theirs = Theirs {
        stdin,
        stdout,
        stderr,
    };
    Ok((theirs, pipes))
}

/// A session of its own, and default signals. The program would inherit ignored ones (the gate's
/// runtime ignores `SIGPIPE`, `nohup` SIGHUP, a shell's `&` Ctrl-C), and the same canary would end
/// differently.
fn attributes() -> io::Result<PosixSpawnAttr> {
    let session = PosixSpawnFlags::from_bits_retain(libc::POSIX_SPAWN_SETSID.into());
    let signals = PosixSpawnFlags::POSIX_SPAWN_SETSIGDEF | PosixSpawnFlags::POSIX_SPAWN_SETSIGMASK;
    let mut attributes = PosixSpawnAttr::init()?;
    attributes.set_flags(session | signals)?;
    let mut all = SigSet::all();
    // These cannot be ignored, and no handler can be set for them.
    all.remove(Signal::SIGKILL);
    all.remove(Signal::SIGSTOP);
    attributes.set_sigdefault(&all)?;
    attributes.set_sigmask(&SigSet::empty())?;
    Ok(attributes)
}

#[expect(unsafe_code, reason = "there is no safe wrapper for it yet")]
fn add_chdir(actions: &mut PosixSpawnFileActions, directory: &CStr) -> io::Result<()> {
    let actions = std::ptr::from_mut(actions).cast::<libc::posix_spawn_file_actions_t>();
    // SAFETY: nix's type is `repr(transparent)` over the system's and was initialised by it; the
    // system copies the path.
    let error = unsafe { libc::posix_spawn_file_actions_addchdir_np(actions, directory.as_ptr()) };
    match error {
        0 => Ok(()),
        error => Err(io::Error::from_raw_os_error(error)),
    }
}

fn text(text: impl AsRef<OsStr>) -> io::Result<CString> {
    Ok(CString::new(text.as_ref().as_bytes())?)
}

/// A program that was started, until it is waited for.
#[derive(Debug)]
pub(in crate::world::live) struct Child {
    pid: u32,
}

impl Child {
    /// Its process id, which is its session's and group's as well.
    pub(in crate::world::live) fn id(&self) -> u32 {
        self.pid
    }

    /// Waits for its end and reaps it.
    ///
    /// # Errors
    /// Those of the system, such as too many open files.
    pub(in crate::world::live) async fn wait(&mut self) -> io::Result<Ended> {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG;
        let pid = linux::raw(self.pid).ok_or_else(|| io::Error::from(ErrorKind::NotFound))?;
        loop {
            let held = Held::open(self.pid)?;
            if let Some(status) = waitid(WaitId::Pid(pid), options)? {
                let code = || status.exit_status().map(Ended::Code);
                let signal = status.terminating_signal().map(Ended::Signal);
                return signal
                    .or_else(code)
                    .ok_or_else(|| io::Error::other("it only stopped"));
            }
            if let Some(held) = held {
                held.ended().await;
            }
        }
    }
}
