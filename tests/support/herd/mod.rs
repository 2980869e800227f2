//! Real Python processes in the shape of sync daemons, many at once, and who only looks like one.
//! Whoever starts a herd ends it: each process carries the herd's mark in its environment.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use sysinfo::{ProcessRefreshKind, ProcessesToUpdate, UpdateKind};

const DAEMON: &str = include_str!("daemon.py");
pub(crate) const MARK: &str = "HERD_MARK";

/// A directory with a home and everything that the processes of a herd need.
pub(crate) struct Herd {
    root: tempfile::TempDir,
    roots: Vec<Child>,
}

impl Herd {
    pub(crate) fn new() -> Self {
        let root = tempfile::TempDir::with_prefix("herd-").unwrap();
        for directory in ["home", "elsewhere", "lib/specify_cli/sync", "work"] {
            std::fs::create_dir_all(root.path().join(directory)).unwrap();
        }
        let herd = Self {
            root,
            roots: Vec::new(),
        };
        std::fs::write(herd.path("lib/specify_cli/sync/daemon.py"), DAEMON).unwrap();
        herd
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        // As the system tells it of the processes.
        self.root.path().canonicalize().unwrap().join(below)
    }

    /// The bearer token of its daemons: what no output may ever hold. No other herd's has it.
    pub(crate) fn token(&self) -> String {
        let name = self.root.path().file_name().unwrap().to_string_lossy();
        format!("bearer-token-of-{name}")
    }

    /// The argument that makes a daemon of a Python.
    pub(crate) fn script(&self) -> String {
        format!(
            "\nfrom specify_cli.sync.daemon import run_sync_daemon\nrun_sync_daemon(9407, '{}')\n",
            self.token()
        )
    }

    /// The home that the daemons have, and whoever ends them.
    pub(crate) fn home(&self) -> PathBuf {
        self.path("home")
    }

    /// A command that lives in this herd; its environment is the herd's alone.
    pub(crate) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", self.home())
            .env("LANG", "C.UTF-8")
            .env("PYTHONPATH", self.path("lib"))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env(MARK, self.root.path())
            .current_dir(self.path("work"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    /// Starts daemons of these shapes and returns when each of them is ready to be ended.
    pub(crate) fn start(&mut self, shapes: &[(&str, usize)]) -> BTreeMap<u32, String> {
        let words: Vec<String> = shapes
            .iter()
            .map(|(shape, count)| format!("{shape}={count}"))
            .collect();
        let mut root = self
            .command("python3")
            .args(["-c", &self.script()])
            .env("HERD", words.join(" "))
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let mut ready = String::new();
        let mut output = root.stdout.take().unwrap();
        output.read_to_string(&mut ready).unwrap();
        self.roots.push(root);
        ready
            .lines()
            .map(|line| {
                let (pid, shape) = line.split_once(' ').unwrap();
                (pid.parse().unwrap(), shape.to_owned())
            })
            .collect()
    }

    /// Every living process of the herd.
    pub(crate) fn alive(&self) -> Vec<u32> {
        let mark = format!("{MARK}={}", self.root.path().display());
        let mut system = sysinfo::System::new().unwrap();
        let kind = ProcessRefreshKind::nothing()
            .without_tasks()
            .with_environ(UpdateKind::Always);
        system.refresh_processes_specifics(ProcessesToUpdate::All, true, kind);
        let marked = |process: &&sysinfo::Process| {
            // What has ended and is not cleared away has no environment any more.
            process.thread_kind().is_none() && process.environ().iter().any(|entry| *entry == *mark)
        };
        let processes = system.processes().values().filter(marked);
        processes.map(|process| process.pid().as_u32()).collect()
    }

    /// Clears away the roots that have ended.
    pub(crate) fn reap(&mut self) {
        self.roots
            .retain_mut(|root| matches!(root.try_wait(), Ok(None)));
    }
}

impl Drop for Herd {
    fn drop(&mut self) {
        loop {
            self.reap();
            let alive = self.alive();
            if alive.is_empty() {
                break;
            }
            for pid in alive {
                let pid = nix::unistd::Pid::from_raw(pid.try_into().unwrap());
                let _gone = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL);
            }
        }
    }
}
