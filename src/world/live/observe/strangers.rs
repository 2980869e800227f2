//! Programs that somebody else runs at the same time, such as `pkill`. Only looks.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};

use crate::world::live::group::Groups;
use crate::world::live::{elsewhere, platform, process};
use crate::world::redact::Redactor;
use crate::world::{Incident, ProcessIdentity};

/// Where programs are that are not on the gate's own PATH.
const USUAL: [&str; 6] = [
    "/bin",
    "/usr/bin",
    "/usr/local/bin",
    "/sbin",
    "/usr/sbin",
    "/opt/homebrew/bin",
];

/// Notices programs by name.
pub(super) struct Strangers {
    names: Vec<String>,
    groups: Arc<Groups>,
    redactor: Arc<Redactor>,
    /// Directory for temporary files of this run's programs.
    temporary: Utf8PathBuf,
    seen: BTreeSet<ProcessIdentity>,
}

/// What a look found.
#[derive(Default)]
pub(super) struct Look {
    /// Programs that do not belong to the run.
    pub(super) foreign: Vec<Incident>,
    /// Names of all new ones, whoever started them.
    pub(super) names: BTreeSet<String>,
}

impl Strangers {
    pub(super) fn new(
        names: &[String],
        groups: Arc<Groups>,
        redactor: Arc<Redactor>,
        temporary: Utf8PathBuf,
    ) -> Self {
        let mut strangers = Self {
            names: names.to_vec(),
            groups,
            redactor,
            temporary,
            seen: BTreeSet::new(),
        };
        // Programs that already run have done nothing yet to what begins now.
        strangers.look();
        strangers
    }

    /// The files that are run under these names, each with its name.
    pub(super) fn files(&self, path: &[Utf8PathBuf]) -> Vec<(String, Utf8PathBuf)> {
        let usual = USUAL.iter().map(Utf8PathBuf::from);
        let directories: BTreeSet<Utf8PathBuf> = path.iter().cloned().chain(usual).collect();
        let real = |name: &String, directory: &Utf8PathBuf| {
            let file = directory.join(name).canonicalize_utf8().ok()?;
            // One file for all programs (BusyBox): opening it identifies nothing.
            (!file.as_str().contains("busybox")).then(|| (name.clone(), file))
        };
        let mut files: Vec<(String, Utf8PathBuf)> = directories
            .iter()
            .flat_map(|directory| self.names.iter().filter_map(|name| real(name, directory)))
            .collect();
        files.sort();
        files.dedup();
        files
    }

    /// Looks at who runs now and did not at the last look.
    pub(super) fn look(&mut self) -> Look {
        let mut look = Look::default();
        for (pid, name) in platform::names() {
            if !self.names.contains(&name) {
                continue;
            }
            let Some(stat) = platform::stat(pid) else {
                continue;
            };
            let started = stat.started;
            if !self.seen.insert(ProcessIdentity { pid, started }) {
                continue;
            }
            look.names.insert(name.clone());
            if let Some(foreign) = self.foreign(pid, stat.parent, name) {
                look.foreign.push(foreign);
            }
        }
        look
    }

    fn foreign(&self, pid: u32, parent: u32, program: String) -> Option<Incident> {
        let (argv, temporary) = process::arguments(pid)?;
        if temporary.is_some_and(|directory| self.is_of_a_run(&directory)) || self.is_ours(pid) {
            return None;
        }
        // Another gate that is just starting checks the versions of its tools, and has no run yet;
        // and of an ending process only its parents can still be checked.
        let last = argv.last().map(String::as_str);
        if matches!(last, None | Some("version" | "--version")) && is_below_a_gate(parent) {
            return None;
        }
        let argv = argv
            .iter()
            .map(|text| elsewhere::text(&self.redactor.text(text)))
            .collect();
        Some(Incident::ForeignProgram { program, pid, argv })
    }

    /// Whether a gate started it: this one, or another, whose policy it is under.
    fn is_of_a_run(&self, temporary: &str) -> bool {
        Utf8Path::new(temporary).starts_with(&self.temporary)
            || temporary
                .split('/')
                .collect::<Vec<_>>()
                .windows(3)
                .any(|three| {
                    matches!(three, ["runs", run, "tmp"] if ulid::Ulid::from_string(run).is_ok())
                })
    }

    /// Whether it comes from a program that runs in this world.
    fn is_ours(&self, pid: u32) -> bool {
        let running = self.groups.running();
        let own = std::process::id();
        let mut next = pid;
        let mut met = BTreeSet::new();
        while next > 1 && met.insert(next) {
            let Some(stat) = platform::stat(next) else {
                return false;
            };
            let adopted = stat.parent == own && platform::is_subreaper();
            if adopted
                || [next, stat.session, stat.group]
                    .iter()
                    .any(|id| running.contains(id))
            {
                return true;
            }
            next = stat.parent;
        }
        false
    }
}

/// Whether this is another gate, or started by one, judging by names.
fn is_below_a_gate(parent: u32) -> bool {
    let names: BTreeMap<u32, String> = platform::names().into_iter().collect();
    let own = std::process::id();
    let (mut next, mut met) = (parent, BTreeSet::new());
    while next > 1 && met.insert(next) {
        if next != own && names.contains_key(&next) && names.get(&next) == names.get(&own) {
            return true;
        }
        let Some(stat) = platform::stat(next) else {
            return false;
        };
        next = stat.parent;
    }
    false
}
