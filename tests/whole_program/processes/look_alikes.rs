//! Who only looks like a sync daemon: fifty of them, each of which a search by substring finds.

use std::collections::BTreeMap;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::herd::Herd;
use crate::shown::not_shown;

pub(crate) const COUNT: usize = 50;
const NOBODY: u32 = 65_534;

/// Processes that must survive, by pid, with what they are.
pub(crate) struct LookAlikes {
    all: BTreeMap<u32, (&'static str, Child)>,
    /// How many belong to another user.
    pub(crate) foreign: usize,
}

impl LookAlikes {
    /// Starts them all. A child that runs its program has its command line.
    pub(crate) fn start(herd: &Herd) -> Self {
        let file = herd.path("work/run_sync_daemon.py");
        std::fs::write(&file, "import signal\nsignal.pause()\n").unwrap();
        let fifo = herd.path("work/daemon.py");
        nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
        let mut these = Self {
            all: BTreeMap::new(),
            foreign: these_are_foreign(herd),
        };
        for _ in 0..these.foreign {
            let mut command = herd.command(everybodys_python().unwrap());
            command.args(["-c", &herd.script()]).uid(NOBODY).gid(NOBODY);
            these.add("another user's daemon", command);
        }
        these.pythons(herd);
        for _ in 0..8 {
            these.add(
                "grep",
                with(herd, "grep", &["-n", "run_sync_daemon(9400, ", "daemon.py"]),
            );
            let text = format!("read -r line < daemon.py; python3 -c \"{}\"", herd.script());
            these.add("shell", with(herd, "bash", &["-c", &text]));
        }
        for _ in 0..4 {
            these.add("pager", with(herd, "tail", &["-f", "run_sync_daemon.py"]));
        }
        while these.all.len() < COUNT {
            // An editor that waits for what is typed.
            let mut command = with(
                herd,
                "vim",
                &["-e", "-s", "-n", "-u", "NONE", "run_sync_daemon.py"],
            );
            command.stdin(Stdio::piped());
            these.add("editor", command);
        }
        these
    }

    /// Pythons that are not what the rule means, though most hold the daemon's very text.
    fn pythons(&mut self, herd: &Herd) {
        let script = herd.script();
        let more = format!("{script}import os\n");
        for _ in 0..8 {
            let mut command = with(herd, "python3", &["-c", &script]);
            command.env("HOME", herd.path("elsewhere"));
            self.add("daemon with another HOME", command);
        }
        for _ in 0..5 {
            let command = with(herd, "python3", &["run_sync_daemon.py"]);
            self.add("python on a file of that name", command);
        }
        for _ in 0..4 {
            self.add(
                "python with more text",
                with(herd, "python3", &["-c", &more]),
            );
        }
        for _ in 0..3 {
            let command = with(herd, "python3", &["-c", &script, "more"]);
            self.add("python with one more argument", command);
        }
    }

    fn add(&mut self, what: &'static str, mut command: Command) {
        let child = command
            .spawn()
            .unwrap_or_else(|error| panic!("{what}: {error}"));
        self.all.insert(child.id(), (what, child));
    }

    /// Their pids.
    pub(crate) fn pids(&self) -> Vec<u32> {
        self.all.keys().copied().collect()
    }

    /// What became of those that are not there any more.
    pub(crate) fn ended(&mut self) -> Vec<String> {
        self.all
            .iter_mut()
            .filter_map(|(pid, (what, child))| match child.try_wait() {
                Ok(None) => None,
                ended => Some(format!("{what} {pid}: {ended:?}")),
            })
            .collect()
    }
}

impl Drop for LookAlikes {
    fn drop(&mut self) {
        for (_, child) in self.all.values_mut() {
            let _ended = child.kill();
            let _ended = child.wait();
        }
    }
}

fn with(herd: &Herd, program: &str, arguments: &[&str]) -> Command {
    let mut command = herd.command(program);
    command.args(arguments);
    command
}

/// Only root can make another user's process, of a Python that the other may run.
fn these_are_foreign(herd: &Herd) -> usize {
    if !nix::unistd::geteuid().is_root() || everybodys_python().is_none() {
        not_shown(
            "another user's daemon",
            "It takes root and /usr/bin/python3",
        );
        return 0;
    }
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(herd.path(""), open).unwrap();
    2
}

/// The system's Python where another user may run it too.
fn everybodys_python() -> Option<&'static Path> {
    let python = Path::new("/usr/bin/python3");
    python.is_file().then_some(python)
}
