//! The rehearsal's own file and process access: building a world means writing files and starting
//! programs. The gate under rehearsal still reaches the outside only through
//! [`crate::world::World`].
#![expect(
    clippy::disallowed_methods,
    reason = "this module makes the embedded world; it is the outside, not the gate"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Why the embedded world could not be created.
#[derive(Debug, thiserror::Error)]
pub enum RehearsalError {
    /// A file of the embedded world could not be written or read.
    #[error("cannot {operation} `{path}` for the rehearsal")]
    File {
        /// What was tried.
        operation: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's error.
        #[source]
        source: std::io::Error,
    },
    /// A program that helps to create the world could not be started.
    #[error("program `{program}` could not be started for the rehearsal")]
    NotStarted {
        /// Its name.
        program: String,
        /// The system's error.
        #[source]
        source: std::io::Error,
    },
    /// A program that helps to create the world failed.
    #[error("program `{program}` failed while making the rehearsal: {stderr}")]
    Failed {
        /// Its command line.
        program: String,
        /// What it wrote to standard error.
        stderr: String,
    },
    /// A server of the world could not be started.
    #[error("cannot listen on `{address}` for the rehearsal")]
    Listen {
        /// Socket or address.
        address: String,
        /// The system's error.
        #[source]
        source: std::io::Error,
    },
    /// Any other error, described by the message.
    #[error("{0}")]
    Other(String),
}

/// Writes a file and the directories above it.
pub(crate) fn write(path: &Path, text: impl AsRef<[u8]>) -> Result<(), RehearsalError> {
    let failed = |operation| {
        move |source| RehearsalError::File {
            operation,
            path: path.to_owned(),
            source,
        }
    };
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(failed("make the directory of"))?;
    }
    std::fs::write(path, text).map_err(failed("write"))
}

/// Writes an executable file.
pub(crate) fn write_executable(path: &Path, text: &str) -> Result<(), RehearsalError> {
    use std::os::unix::fs::PermissionsExt;
    write(path, text)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).map_err(|source| {
        RehearsalError::File {
            operation: "make executable",
            path: path.to_owned(),
            source,
        }
    })
}

/// A word for the shell.
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Reads a file.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, RehearsalError> {
    std::fs::read(path).map_err(|source| RehearsalError::File {
        operation: "read",
        path: path.to_owned(),
        source,
    })
}

/// Creates a directory and its parents.
pub(crate) fn make_dir(path: &Path) -> Result<(), RehearsalError> {
    std::fs::create_dir_all(path).map_err(|source| RehearsalError::File {
        operation: "make",
        path: path.to_owned(),
        source,
    })
}

/// Creates a symbolic link.
pub(crate) fn link(to: &Path, at: &Path) -> Result<(), RehearsalError> {
    std::os::unix::fs::symlink(to, at).map_err(|source| RehearsalError::File {
        operation: "link",
        path: at.to_owned(),
        source,
    })
}

/// A command with null standard input, for [`run`].
pub(crate) fn command(program: &str) -> Command {
    let mut command = Command::new(program);
    command.stdin(Stdio::null());
    command
}

/// Runs a command to its end; any exit code but 0 is an error with its output.
pub(crate) fn run(command: &mut Command, input: Option<&[u8]>) -> Result<Output, RehearsalError> {
    use std::io::Write;
    let program = command.get_program().to_string_lossy().into_owned();
    let not_started = |source| RehearsalError::NotStarted {
        program: program.clone(),
        source,
    };
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    if input.is_some() {
        command.stdin(Stdio::piped());
    }
    let mut child = command.spawn().map_err(not_started)?;
    // Written from a thread: a program that writes while it reads must not block both sides.
    let feeder = child
        .stdin
        .take()
        .zip(input.map(<[u8]>::to_vec))
        .map(|(mut pipe, bytes)| std::thread::spawn(move || drop(pipe.write_all(&bytes))));
    let output = child.wait_with_output().map_err(not_started)?;
    if let Some(feeder) = feeder {
        drop(feeder.join());
    }
    if output.status.success() {
        return Ok(output);
    }
    Err(RehearsalError::Failed {
        program: format!("{command:?}"),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

/// Writes a file that only its owner may read.
pub(crate) fn write_private(path: &Path, text: &str) -> Result<(), RehearsalError> {
    use std::os::unix::fs::PermissionsExt;
    write(path, text)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).map_err(|source| {
        RehearsalError::File {
            operation: "make private",
            path: path.to_owned(),
            source,
        }
    })
}

/// Lets a directory's owner remove it again: evidence is read-only.
pub(crate) fn make_removable(root: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let Ok(entries) = std::fs::read_dir(root) else {
        return;
    };
    // Only a temporary directory remains; an error would help nobody.
    let _done = std::fs::set_permissions(root, std::fs::Permissions::from_mode(0o700));
    for entry in entries.flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            make_removable(&entry.path());
        }
    }
}

/// Removes a file; a missing one is not an error.
pub(crate) fn remove(path: &Path) {
    drop(std::fs::remove_file(path));
}

/// The names in a directory, sorted.
pub(crate) fn list_dir(path: &Path) -> Result<Vec<String>, RehearsalError> {
    let failed = |source| RehearsalError::File {
        operation: "list",
        path: path.to_owned(),
        source,
    };
    let mut names = Vec::new();
    for entry in std::fs::read_dir(path).map_err(failed)? {
        names.push(
            entry
                .map_err(failed)?
                .file_name()
                .to_string_lossy()
                .into_owned(),
        );
    }
    names.sort();
    Ok(names)
}

/// Removes a file.
pub(crate) fn remove_file(path: &Path) -> Result<(), RehearsalError> {
    std::fs::remove_file(path).map_err(|source| RehearsalError::File {
        operation: "remove",
        path: path.to_owned(),
        source,
    })
}

/// Removes a directory and its contents.
pub(crate) fn remove_dir(path: &Path) -> Result<(), RehearsalError> {
    std::fs::remove_dir_all(path).map_err(|source| RehearsalError::File {
        operation: "remove",
        path: path.to_owned(),
        source,
    })
}

/// Renames a file or directory; an existing directory with files in it stays.
pub(crate) fn rename(from: &Path, to: &Path) -> Result<(), RehearsalError> {
    std::fs::rename(from, to).map_err(|source| RehearsalError::File {
        operation: "rename",
        path: from.to_owned(),
        source,
    })
}

/// A process as it was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Process id.
    pub pid: u32,
    /// Argument list, the program's name first.
    pub argv: Vec<String>,
    /// Its `HOME`, if the system reports it.
    pub home: Option<PathBuf>,
    /// When it started, in seconds since the epoch.
    pub started: u64,
}

/// The processes that run; one that only waits to be reaped does not.
pub(crate) fn processes() -> Result<Vec<Seen>, RehearsalError> {
    use sysinfo::{ProcessRefreshKind, ProcessesToUpdate, System, UpdateKind};
    let mut system = System::new()
        .map_err(|error| RehearsalError::Other(format!("cannot list processes: {error}")))?;
    let what = ProcessRefreshKind::nothing()
        .without_tasks()
        .with_cmd(UpdateKind::Always)
        .with_environ(UpdateKind::Always)
        .without_tasks();
    system.refresh_processes_specifics(ProcessesToUpdate::All, true, what);
    let running = |process: &&sysinfo::Process| {
        !matches!(
            process.status(),
            sysinfo::ProcessStatus::Zombie | sysinfo::ProcessStatus::Dead
        )
    };
    let seen = |process: &sysinfo::Process| Seen {
        pid: process.pid().as_u32(),
        argv: process
            .cmd()
            .iter()
            .map(|part| part.to_string_lossy().into_owned())
            .collect(),
        home: process
            .environ()
            .iter()
            .find_map(|line| line.to_str()?.strip_prefix("HOME=").map(PathBuf::from)),
        started: process.start_time(),
    };
    let processes = system.processes().values();
    Ok(processes.filter(running).map(seen).collect())
}

/// Ends a process of the rehearsal for good.
pub(crate) fn kill(pid: u32) {
    use nix::sys::signal::{Signal, kill};
    if let Ok(pid) = i32::try_from(pid) {
        // An error means that it is already gone, which is the goal.
        let _ = kill(nix::unistd::Pid::from_raw(pid), Signal::SIGKILL);
    }
}

/// Waits a moment for a condition without a notification.
pub(crate) fn pause() {
    std::thread::sleep(std::time::Duration::from_millis(5));
}

/// Paths of all regular files below a directory, relative to it, sorted.
pub(crate) fn files_below(root: &Path) -> Result<Vec<String>, RehearsalError> {
    let mut found = Vec::new();
    let mut open = vec![String::new()];
    while let Some(below) = open.pop() {
        for name in list_dir(&root.join(&below))? {
            let path = if below.is_empty() {
                name
            } else {
                format!("{below}/{name}")
            };
            let kind = std::fs::symlink_metadata(root.join(&path)).map_err(|source| {
                RehearsalError::File {
                    operation: "look at",
                    path: root.join(&path),
                    source,
                }
            })?;
            if kind.is_dir() {
                open.push(path);
            } else if kind.is_file() {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}
