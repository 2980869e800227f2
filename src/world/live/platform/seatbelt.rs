//! `sandbox-exec`, on macOS: turns a view into its profile. It has no mounts and no process
//! namespaces: directories are moved instead of mounted, and the program's group is ended as on
//! other systems.
#![cfg_attr(
    target_os = "linux",
    expect(dead_code, reason = "used on macOS; built and tested everywhere")
)]

use std::fmt::Write as _;

use camino::{Utf8Path, Utf8PathBuf};

use super::types::Confining;
use crate::world::Confinement;
use crate::world::live::common::is_executable;
use crate::world::live::sandbox::enforcer::{Enforcer, NoSandbox};
use crate::world::live::sandbox::{Seen, View};

const PROGRAM: &str = "/usr/bin/sandbox-exec";

/// A program in `sandbox-exec`.
///
/// # Errors
/// None; as on other systems.
#[expect(
    clippy::unnecessary_wraps,
    reason = "on Linux it can fail, and both have one signature"
)]
pub(in crate::world::live) fn confine(
    enforcer: &Enforcer,
    view: &View,
    _cwd: &Utf8Path,
    command: &[String],
) -> std::io::Result<Confining> {
    let mut arguments = vec!["-p".to_owned(), profile(view)];
    arguments.extend_from_slice(command);
    Ok(Confining {
        executable: enforcer.program.clone(),
        arguments,
        keeps: Vec::new(),
        status: None,
    })
}

/// Finds it; it comes with the system.
pub(in crate::world::live) fn find_sandbox(_path: &[Utf8PathBuf]) -> Result<Enforcer, NoSandbox> {
    let program = Utf8PathBuf::from(PROGRAM);
    if is_executable(&program) {
        return Ok(Enforcer {
            kind: Confinement::SandboxExec,
            program,
            version: "sandbox-exec".to_owned(),
        });
    }
    Err(NoSandbox {
        reason: format!("`{PROGRAM}` is not there"),
        remedy: "use a system that has it".to_owned(),
    })
}

/// Everything is denied but what the view shows.
fn profile(view: &View) -> String {
    let mut text = "(version 1)\n(deny default)\n(allow process*)\n(allow sysctl-read)\n\
                    (allow mach-lookup)\n(allow ipc-posix*)\n(allow signal (target same-sandbox))\n\
                    (allow file-read-metadata)\n\
                    (allow file-read* (literal \"/\") (subpath \"/dev\") (subpath \"/Library\") \
                    (subpath \"/private/var/db/timezone\"))\n\
                    (allow file-write* (literal \"/dev/null\") (literal \"/dev/tty\"))\n\
                    (allow network* (local ip \"localhost:*\") (remote ip \"localhost:*\"))\n"
        .to_owned();
    for (at, seen) in &view.seen {
        let (path, writable) = match seen {
            Seen::Bind(bind) => (&bind.source, bind.writable),
            Seen::Link(_) => (at, false),
            // There is no empty directory in memory: the program's own directory is used instead.
            Seen::Empty | Seen::File(_) => continue,
        };
        let kinds = if writable {
            "file-read* file-write*"
        } else {
            "file-read*"
        };
        // Quoted by Debug, which escapes quotes and backslashes.
        let _never_fails = writeln!(text, "(allow {kinds} (subpath {:?}))", path.as_str());
    }
    if view.network {
        text.push_str("(allow network*)\n(allow system-socket)\n");
    }
    if view.processes {
        text.push_str("(allow process-info*)\n(allow signal)\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_allows_what_is_seen_and_writes_only_where_it_may() {
        let mut view = View::default();
        view.bind("/w".into(), "/run/a \"b".into(), true);
        view.bind("/usr".into(), "/usr".into(), false);
        let profile = profile(&view);
        assert!(profile.contains("(deny default)"));
        assert!(profile.contains(r#"(allow file-read* file-write* (subpath "/run/a \"b"))"#));
        assert!(profile.contains(r#"(allow file-read* (subpath "/usr"))"#));
        assert!(!profile.contains("(allow network*)\n"));
    }
}
