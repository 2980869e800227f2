//! What an earlier version left behind: orphan sync daemons, and unrelated processes whose
//! arguments only resemble theirs.
//!
//! Owns their start, the list of those alive, and their end with the rehearsal. The daemons are
//! real: an unpacked 3.2.0rc15 starts them, and their parent process has exited.

use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use super::tree::{Tree, unpack};
use crate::rehearsal::{Fault, Faults, RehearsalError, host};

/// How many daemons are left behind.
const ORPHANS: usize = 2;

/// A sync daemon below a directory, as observed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Daemon {
    /// Process id.
    pub pid: u32,
    /// When it started, in seconds since the epoch.
    pub started: u64,
    /// Its home.
    pub home: PathBuf,
}

/// The orphan daemons and the unrelated processes; all are ended when this is dropped.
#[derive(Debug)]
pub struct Orphans {
    root: PathBuf,
    bystanders: Vec<Bystander>,
}

/// A process that must survive.
#[derive(Debug)]
struct Bystander {
    name: &'static str,
    child: Child,
}

impl Orphans {
    /// Unpacks an old version below `root` and lets it start the daemons.
    ///
    /// # Errors
    /// If Python cannot be started, or a daemon does not come up.
    pub fn start(
        root: &Path,
        old: &Tree,
        python: &Path,
        faults: &Faults,
    ) -> Result<Self, RehearsalError> {
        let source = root.join("old");
        unpack(old, &source)?;
        let mut orphans = Self {
            root: root.to_owned(),
            bystanders: Vec::new(),
        };
        orphans.leave_behind(&source, python, faults)?;
        let found = daemons_below(root)?.len();
        if found != ORPHANS {
            let text = format!("{found} orphan daemons came up instead of {ORPHANS}");
            return Err(RehearsalError::Other(text));
        }
        if faults.contains(&Fault::Bystanders) {
            orphans.bystanders = bystanders(&root.join("bystanders"))?;
        }
        Ok(orphans)
    }

    fn leave_behind(
        &self,
        source: &Path,
        python: &Path,
        faults: &Faults,
    ) -> Result<(), RehearsalError> {
        let start = |number: usize| {
            let mut command = host::command(&python.to_string_lossy());
            command
                .args(["-m", "specify_cli", "sync", "daemon", "start"])
                .env_clear()
                .env("HOME", self.root.join(format!("home-{number}")))
                .env("PYTHONPATH", source.join("src"));
            if number == 1 && faults.contains(&Fault::StubbornDaemon) {
                command.env("SPEC_KITTY_DAEMON_IGNORE_TERM", "1");
            }
            host::run(&mut command, None).map(drop)
        };
        std::thread::scope(|scope| {
            let starting: Vec<_> = (1..=ORPHANS)
                .map(|number| scope.spawn(move || start(number)))
                .collect();
            let lost = || RehearsalError::Other("a thread of the rehearsal died".to_owned());
            starting
                .into_iter()
                .try_for_each(|started| started.join().map_err(|_| lost())?)
        })
    }

    /// The unrelated processes by name and pid, with whether each still runs.
    pub fn bystanders(&mut self) -> Vec<(&'static str, u32, bool)> {
        let state = |bystander: &mut Bystander| {
            let alive = matches!(bystander.child.try_wait(), Ok(None));
            (bystander.name, bystander.child.id(), alive)
        };
        self.bystanders.iter_mut().map(state).collect()
    }
}

impl Drop for Orphans {
    fn drop(&mut self) {
        drop(end_daemons_below(&self.root));
        for bystander in &mut self.bystanders {
            drop(bystander.child.kill());
            drop(bystander.child.wait());
        }
    }
}

/// The sync daemons that run with a home below `root`, lowest pid first. Those of other rehearsals
/// on the same machine are not included. `root` must be spelled like the homes.
///
/// # Errors
/// If the processes cannot be listed.
pub fn daemons_below(root: &Path) -> Result<Vec<Daemon>, RehearsalError> {
    let mut found: Vec<_> = host::processes()?
        .into_iter()
        .filter_map(|seen| daemon(seen, root))
        .collect();
    found.sort_by_key(|daemon| daemon.pid);
    Ok(found)
}

/// Ends every sync daemon with a home below `root`, and waits until they are gone.
///
/// # Errors
/// If the processes cannot be listed.
pub fn end_daemons_below(root: &Path) -> Result<(), RehearsalError> {
    loop {
        let alive = daemons_below(root)?;
        if alive.is_empty() {
            return Ok(());
        }
        for daemon in alive {
            host::kill(daemon.pid);
        }
        host::pause();
    }
}

fn daemon(seen: host::Seen, root: &Path) -> Option<Daemon> {
    let home = seen.home.filter(|home| home.starts_with(root))?;
    let [_, flag, code] = seen.argv.as_slice() else {
        return None;
    };
    let is_daemon = flag == "-c" && code.contains("\nrun_sync_daemon(");
    is_daemon.then_some(Daemon {
        pid: seen.pid,
        started: seen.started,
        home,
    })
}

/// An editor and a grep, each working on a file with the daemon's name, or with a pattern like it.
/// Both are real: they wait for a pipe that nobody writes to.
fn bystanders(directory: &Path) -> Result<Vec<Bystander>, RehearsalError> {
    use std::os::unix::process::CommandExt;
    host::make_dir(directory)?;
    let pipe = directory.join("daemon.py");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).map_err(|error| {
        RehearsalError::File {
            operation: "make the pipe",
            path: pipe.clone(),
            source: error.into(),
        }
    })?;
    let start = |name: &'static str, arguments: &[&str]| {
        let mut command = host::command("grep");
        command
            .arg0(name)
            .args(arguments)
            .current_dir(directory)
            .process_group(0)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let started = command
            .spawn()
            .map_err(|source| RehearsalError::NotStarted {
                program: name.to_owned(),
                source,
            });
        started.map(|child| Bystander { name, child })
    };
    Ok(vec![
        start("vim", &["run_sync_daemon.py", "daemon.py"])?,
        start("grep", &["-n", "run_sync_daemon(9400, ", "daemon.py"])?,
    ])
}
