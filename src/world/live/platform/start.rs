//! Starts a program in a session of its own without copying the gate's memory map: `fork` does,
//! and that takes longer than many a program runs. The standard library spawns without `fork` as
//! well, but knows no sessions.

use std::ffi::{CStr, CString};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::fcntl::OFlag;
use nix::libc;
use nix::spawn::{PosixSpawnAttr, PosixSpawnFileActions, PosixSpawnFlags, posix_spawn};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::stat::Mode;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, pipe2};
use tokio::process::{ChildStderr, ChildStdin, ChildStdout};

use super::linux::Held;
use super::{Pipes, Start};
use crate::world::Ended;

/// What runs a script that names no interpreter, as `execvp` has it.
const SHELL: &CStr = c"/bin/sh";

/// Starts a program.
///
/// # Errors
/// The system's, or `InvalidInput` for a text with a zero byte in it.
pub(in crate::world::live) fn start(start: &Start<'_>) -> io::Result<(Child, Pipes)> {
    let (theirs, pipes) = ends(start.stdin)?;
    let mut actions = PosixSpawnFileActions::init()?;
    match &theirs.stdin {
        Some(stdin) => actions.add_dup2(stdin.as_raw_fd(), libc::STDIN_FILENO)?,
        None => actions.add_open(
            libc::STDIN_FILENO,
            c"/dev/null",
            OFlag::O_RDONLY,
            Mode::empty(),
        )?,
    }
    actions.add_dup2(theirs.stdout.as_raw_fd(), libc::STDOUT_FILENO)?;
    actions.add_dup2(theirs.stderr.as_raw_fd(), libc::STDERR_FILENO)?;
    add_chdir(&mut actions, start.cwd.as_std_path())?;
    let program = text(start.executable.as_std_path().as_os_str().as_bytes())?;
    let mut arguments = vec![program.clone()];
    for argument in start.arguments {
        arguments.push(text(argument.as_bytes())?);
    }
    let variables = start.env.iter();
    let env = variables.map(|(name, value)| text(format!("{name}={value}").as_bytes()));
    let env = env.collect::<io::Result<Vec<CString>>>()?;
    let attributes = attributes()?;
    let spawn = |program: &CStr, arguments: &[CString]| {
        posix_spawn(program, &actions, &attributes, arguments, &env)
    };
    let pid = match spawn(&program, &arguments) {
        Err(nix::errno::Errno::ENOEXEC) => {
            arguments.insert(0, SHELL.to_owned());
            spawn(SHELL, &arguments)
        }
        other => other,
    }?;
    let pid = u32::try_from(pid.as_raw()).map_err(io::Error::other)?;
    Ok((Child { pid }, pipes))
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

/// A session of its own, and signals as a program expects them: the gate's runtime ignores
/// `SIGPIPE`, which a program would inherit.
fn attributes() -> io::Result<PosixSpawnAttr> {
    let session = PosixSpawnFlags::from_bits_retain(libc::POSIX_SPAWN_SETSID.into());
    let signals = PosixSpawnFlags::POSIX_SPAWN_SETSIGDEF | PosixSpawnFlags::POSIX_SPAWN_SETSIGMASK;
    let mut attributes = PosixSpawnAttr::init()?;
    attributes.set_flags(session | signals)?;
    attributes.set_sigdefault(&SigSet::from(Signal::SIGPIPE))?;
    attributes.set_sigmask(&SigSet::empty())?;
    Ok(attributes)
}

#[expect(unsafe_code, reason = "there is no safe wrapper for it yet")]
fn add_chdir(actions: &mut PosixSpawnFileActions, directory: &Path) -> io::Result<()> {
    let directory = text(directory.as_os_str().as_bytes())?;
    let actions = std::ptr::from_mut(actions).cast::<libc::posix_spawn_file_actions_t>();
    // SAFETY: nix's type is `repr(transparent)` over the system's and was initialised by it; the
    // system copies the path.
    let result = unsafe { libc::posix_spawn_file_actions_addchdir_np(actions, directory.as_ptr()) };
    match result {
        0 => Ok(()),
        error => Err(io::Error::from_raw_os_error(error)),
    }
}

fn text(bytes: &[u8]) -> io::Result<CString> {
    Ok(CString::new(bytes)?)
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

    /// Waits for its end and clears it away.
    ///
    /// # Errors
    /// The system's, such as too many open files.
    pub(in crate::world::live) async fn wait(&mut self) -> io::Result<Ended> {
        let pid = Pid::from_raw(i32::try_from(self.pid).map_err(io::Error::other)?);
        loop {
            let held = Held::open(self.pid)?;
            match waitpid(pid, Some(WaitPidFlag::WNOHANG))? {
                WaitStatus::Exited(_, code) => return Ok(Ended::Code(code)),
                WaitStatus::Signaled(_, signal, _) => return Ok(Ended::Signal(signal as i32)),
                _ => {}
            }
            if let Some(held) = held {
                held.ended().await;
            }
        }
    }
}
