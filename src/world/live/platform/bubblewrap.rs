//! bubblewrap: turns a view into its arguments, and tests whether it works here.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Seek, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::process::{Command, Stdio};

use camino::{Utf8Path, Utf8PathBuf};
use nix::fcntl::OFlag;
use nix::unistd::pipe2;
use rustix::fs::{MemfdFlags, memfd_create};

use super::types::Confining;

use crate::world::Confinement;
use crate::world::live::common::is_executable;
use crate::world::live::sandbox::enforcer::{Enforcer, NoSandbox};
use crate::world::live::sandbox::{Seen, View};

/// A program in bubblewrap. Its options come from memory, so that a process list shows the program
/// instead of a page of paths.
///
/// # Errors
/// Those of the system, such as too many open files.
pub(in crate::world::live) fn confine(
    enforcer: &Enforcer,
    view: &View,
    cwd: &Utf8Path,
    command: &[String],
) -> std::io::Result<Confining> {
    let files = files(view)?;
    let mut text = Vec::new();
    for option in options(view, cwd, &files) {
        text.extend_from_slice(option.as_bytes());
        text.push(0);
    }
    let memory = in_memory(&text)?;
    let (read, write) = pipe2(OFlag::O_CLOEXEC | OFlag::O_NONBLOCK)?;
    let mut arguments = vec![
        "--args".to_owned(),
        memory.as_raw_fd().to_string(),
        "--json-status-fd".to_owned(),
        write.as_raw_fd().to_string(),
        "--".to_owned(),
    ];
    arguments.extend_from_slice(command);
    Ok(Confining {
        executable: enforcer.program.clone(),
        arguments,
        keeps: files.into_values().chain([memory, write]).collect(),
        status: Some(read.into()),
    })
}

/// A file that only a process that inherits it can read.
fn in_memory(text: &[u8]) -> std::io::Result<OwnedFd> {
    let mut memory = File::from(memfd_create("sandbox", MemfdFlags::CLOEXEC)?);
    memory.write_all(text)?;
    memory.rewind()?;
    Ok(memory.into())
}

/// The view's files in memory, by path.
fn files(view: &View) -> std::io::Result<BTreeMap<&Utf8Path, OwnedFd>> {
    let files = view.seen.iter().filter_map(|(at, seen)| match seen {
        Seen::File(text) => Some((at.as_path(), text)),
        Seen::Bind(_) | Seen::Empty | Seen::Link(_) => None,
    });
    files
        .map(|(at, text)| Ok((at, in_memory(text.as_bytes())?)))
        .collect()
}

/// Its options for a view, without the program to run.
fn options(view: &View, cwd: &Utf8Path, files: &BTreeMap<&Utf8Path, OwnedFd>) -> Vec<String> {
    let mut options: Vec<String> = Vec::new();
    let mut add = |words: &[&str]| options.extend(words.iter().map(|word| (*word).to_owned()));
    // A separate user namespace prevents it from reading the memory and environment of other
    // processes even where it sees them; root needs none for the other namespaces, and may be
    // denied one.
    add(&[
        "--unshare-user-try",
        "--unshare-cgroup-try",
        "--cap-drop",
        "ALL",
    ]);
    if !view.processes {
        add(&["--unshare-pid", "--unshare-ipc", "--die-with-parent"]);
    }
    if !view.network {
        add(&["--unshare-net"]);
    }
    add(&["--proc", "/proc", "--dev", "/dev"]);
    // Sorted by path: a path comes after its parents.
    for (path, seen) in &view.seen {
        let at = path.as_str();
        match seen {
            Seen::File(_) => {
                if let Some(file) = files.get(path.as_path()) {
                    add(&["--ro-bind-data", &file.as_raw_fd().to_string(), at]);
                }
            }
            Seen::Bind(bind) if bind.writable => add(&["--bind", bind.source.as_str(), at]),
            Seen::Bind(bind) => add(&["--ro-bind", bind.source.as_str(), at]),
            Seen::Empty => add(&["--tmpfs", at]),
            Seen::Link(target) => add(&["--symlink", target.as_str(), at]),
        }
    }
    add(&["--remount-ro", "/", "--chdir", cwd.as_str()]);
    options
}

/// Finds bubblewrap and tries everything that a sandbox needs of it.
pub(in crate::world::live) fn find_sandbox(path: &[Utf8PathBuf]) -> Result<Enforcer, NoSandbox> {
    let mut candidates = path.iter().map(|directory| directory.join("bwrap"));
    let Some(program) = candidates.find(|file| is_executable(file)) else {
        return Err(NoSandbox {
            reason: "`bwrap` is not on PATH".to_owned(),
            remedy: "install bubblewrap (Debian, Ubuntu: `apt-get install bubblewrap`), or use \
                     `nix develop`"
                .to_owned(),
        });
    };
    let tried = Command::new(&program)
        .args([
            "--unshare-user-try",
            "--cap-drop",
            "ALL",
            "--unshare-pid",
            "--unshare-ipc",
        ])
        .args([
            "--unshare-net",
            "--die-with-parent",
            "--ro-bind",
            "/",
            "/",
            "--tmpfs",
            "/tmp",
        ])
        .args([
            "--proc",
            "/proc",
            "--dev",
            "/dev",
            "--ro-bind",
            program.as_str(),
        ])
        // On the empty /tmp: it may be below the directory that is hidden.
        .args(["/tmp/bwrap", "--", "/tmp/bwrap", "--version"])
        .env_clear()
        .stdin(Stdio::null())
        .output();
    match tried {
        Ok(output) if output.status.success() => Ok(Enforcer {
            kind: Confinement::Bubblewrap,
            version: String::from_utf8_lossy(&output.stdout).trim().to_owned(),
            program,
        }),
        Ok(output) => Err(refused(&String::from_utf8_lossy(&output.stderr))),
        Err(error) => Err(refused(&error.to_string())),
    }
}

/// Why bubblewrap does not work here, as a message.
fn refused(said: &str) -> NoSandbox {
    let said = said.lines().last().unwrap_or_default().trim().to_owned();
    let has = |words: &[&str]| words.iter().any(|word| said.contains(word));
    let (why, remedy) = if has(&["mount proc"]) {
        (
            "this container does not let it mount a /proc of its own",
            "run outside of the container, or let it (docker: `--security-opt \
             systempaths=unconfined --security-opt seccomp=unconfined`)",
        )
    } else if has(&["namespace", "uid map", "RTM_NEWADDR", "loopback"]) {
        (
            "this system lets ordinary users make no namespaces",
            "allow them: `sysctl user.max_user_namespaces` must not be 0, on Debian \
             `kernel.unprivileged_userns_clone` 1, on Ubuntu \
             `kernel.apparmor_restrict_unprivileged_userns` 0 or a profile for bwrap",
        )
    } else {
        (
            "bubblewrap does not work here",
            "make `bwrap` work on this machine",
        )
    };
    NoSandbox {
        reason: format!("{why} ({said})"),
        remedy: remedy.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_said_in_words() {
        for (said, word) in [
            (
                "bwrap: No permissions to create new namespace, likely because…",
                "namespaces",
            ),
            ("bwrap: setting up uid map: Permission denied", "namespaces"),
            (
                "bwrap: loopback: Failed RTM_NEWADDR: Operation not permitted",
                "namespaces",
            ),
            (
                "bwrap: Can't mount proc on /newroot/proc: Operation not permitted",
                "/proc",
            ),
            ("something else", "does not work"),
        ] {
            let refused = refused(said);
            assert!(refused.reason.contains(word), "{refused:?}");
            assert!(refused.reason.contains(said), "{refused:?}");
        }
    }
}
