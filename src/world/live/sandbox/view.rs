//! What a program in a sandbox sees: which directories of this machine, at which path, and whether
//! it may change them. Decides only; the platform carries it out.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};

use super::reach::{Private, needed_by, operators_tools};
use crate::store::disk::{Disk, OsDisk};
use crate::world::live::common::is_executable;
use crate::world::live::environment::{NAMING_FILES, Places};
use crate::world::{Place, Sandbox};

/// Home directory of a program that has none of the run's.
pub(in crate::world::live) const OWN_HOME: &str = "/home/gate";
/// Where it finds the operator's logins at the configured indexes.
pub(in crate::world::live) const OWN_NETRC: &str = "/run/netrc";
/// Its directory for temporary files.
pub(in crate::world::live) const OWN_TEMPORARY: &str = "/tmp";

/// Readable by every program, if present.
const SYSTEM: [&str; 12] = [
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/nix/store",
    "/gnu/store",
    "/run/current-system/sw",
    "/sys/devices/system/cpu",
    "/System",
];

/// What programs read of `/etc`: no keys, no passwords, no settings of other programs.
const ETC: [&str; 34] = [
    "alternatives",
    "ca-certificates",
    "ca-certificates.conf",
    "crypto-policies",
    "debian_version",
    "fonts",
    "gai.conf",
    "group",
    "host.conf",
    "hosts",
    "inputrc",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "locale.alias",
    "localtime",
    "lsb-release",
    "magic",
    "mime.types",
    "networks",
    "nsswitch.conf",
    "os-release",
    "passwd",
    "pki",
    "protocols",
    "python3",
    "resolv.conf",
    "rpc",
    "services",
    "shells",
    "ssl",
    "static",
    "terminfo",
    "timezone",
];

/// Something of this machine, as a program sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::world::live) struct Bind {
    /// Its location.
    pub(in crate::world::live) source: Utf8PathBuf,
    /// Whether it may be changed.
    pub(in crate::world::live) writable: bool,
}

/// What is at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::world::live) enum Seen {
    /// A file or directory of this machine.
    Bind(Bind),
    /// An empty directory in memory.
    Empty,
    /// A read-only file in memory, which no file of this machine contains.
    File(String),
    /// A link, as on the system.
    Link(Utf8PathBuf),
}

/// All that a program sees, by path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::world::live) struct View {
    pub(in crate::world::live) seen: BTreeMap<Utf8PathBuf, Seen>,
    pub(in crate::world::live) network: bool,
    pub(in crate::world::live) processes: bool,
}

/// The input for a view.
pub(in crate::world::live) struct Wanted<'a> {
    pub(in crate::world::live) sandbox: &'a Sandbox,
    pub(in crate::world::live) places: &'a Places,
    pub(in crate::world::live) private: &'a Private<'a>,
    /// The operator's home directory.
    pub(in crate::world::live) home: &'a Utf8Path,
    /// The executable file, on this machine.
    pub(in crate::world::live) executable: &'a Utf8Path,
    /// The whole environment.
    pub(in crate::world::live) env: &'a BTreeMap<String, String>,
    /// The whole argument list.
    pub(in crate::world::live) arguments: &'a [String],
    /// The visible parts of the operator's toolchains.
    pub(in crate::world::live) toolchains: Vec<Utf8PathBuf>,
}

impl View {
    /// What a program sees.
    ///
    /// # Errors
    /// A directory that it shall see is not there, or a link leads out of its place.
    pub(in crate::world::live) fn of(wanted: &Wanted<'_>) -> Result<Self, String> {
        let sandbox = wanted.sandbox;
        let mut view = Self {
            network: sandbox.network,
            processes: sandbox.processes,
            ..Self::default()
        };
        view.system();
        for place in &sandbox.readable {
            let path = checked(wanted.places, place, Missing::IsAnError)?;
            for path in without_home(path, wanted.home) {
                view.bind(path.clone(), path, false);
            }
        }
        for place in sandbox.writable.iter().chain(&sandbox.report) {
            let path = checked(wanted.places, place, Missing::IsMade)?;
            view.bind(path.clone(), path, true);
        }
        view.keep_repositories(
            sandbox
                .writable
                .iter()
                .map(|place| wanted.places.path(place)),
        );
        for mount in &sandbox.mounts {
            let path = checked(wanted.places, &mount.place, Missing::IsAnError)?;
            view.bind(Utf8PathBuf::from(&mount.at), path, mount.writable);
        }
        let path = wanted
            .env
            .get("PATH")
            .map(String::as_str)
            .unwrap_or_default();
        let mut tools = operators_tools(path, wanted.private);
        tools.extend(needed_by(wanted.executable, path, wanted.private));
        tools.extend(named_files(wanted.env));
        tools.extend(wanted.toolchains.iter().cloned());
        // What the command itself names may be shown by its author: a program, a settings file.
        let named = wanted.arguments.iter().map(Utf8PathBuf::from);
        for file in named.filter(|path| path.is_absolute() && path.is_file()) {
            if is_executable(&file) {
                tools.extend(needed_by(&file, path, wanted.private));
            }
            tools.insert(file);
        }
        // What is mounted elsewhere is never shown at its own path: that path would reveal the
        // side.
        let mounts = sandbox.mounts.iter();
        let sources: Vec<Utf8PathBuf> = mounts
            .map(|mount| wanted.places.path(&mount.place))
            .collect();
        tools.retain(|tool| !sources.iter().any(|source| tool.starts_with(source)));
        for tool in tools {
            view.read(tool);
        }
        Ok(view)
    }

    fn system(&mut self) {
        for empty in [OWN_TEMPORARY, "/var/tmp", "/run", OWN_HOME] {
            self.seen.insert(empty.into(), Seen::Empty);
        }
        for name in SYSTEM {
            let path = Utf8PathBuf::from(name);
            // `/bin` is a link to `/usr/bin` on most systems.
            match path.read_link_utf8() {
                Ok(target) => drop(self.seen.insert(path, Seen::Link(target))),
                Err(_) => self.read(path),
            }
        }
        for name in ETC {
            self.read(Utf8Path::new("/etc").join(name));
        }
    }

    /// Of a checkout that may be changed, the repository may not: git runs what its settings and
    /// hooks name, also when the operator starts it. Who wants to change that lists it.
    fn keep_repositories(&mut self, writable: impl Iterator<Item = Utf8PathBuf>) {
        for own in writable.map(|path| path.join(".git")) {
            let is_there = own
                .symlink_metadata()
                .is_ok_and(|found| !found.is_symlink());
            if is_there && !self.seen.contains_key(&own) {
                self.bind(own.clone(), own, false);
            }
        }
    }

    /// Shows something that is only read, where it is there and not seen already.
    fn read(&mut self, path: Utf8PathBuf) {
        if path.exists() && !self.shows(&path) {
            self.bind(path.clone(), path, false);
        }
    }

    /// Whether a parent of a path is shown at its own location.
    fn shows(&self, path: &Utf8Path) -> bool {
        path.ancestors().any(|above| match self.seen.get(above) {
            Some(Seen::Bind(bind)) => bind.source == above,
            // It leads into something that is shown.
            Some(Seen::Link(_)) => true,
            Some(Seen::Empty | Seen::File(_)) | None => false,
        })
    }

    /// Shows a text as a file that is on no disk.
    pub(in crate::world::live) fn file(&mut self, at: Utf8PathBuf, text: String) {
        self.seen.insert(at, Seen::File(text));
    }

    pub(in crate::world::live) fn bind(
        &mut self,
        at: Utf8PathBuf,
        source: Utf8PathBuf,
        writable: bool,
    ) {
        self.seen.insert(at, Seen::Bind(Bind { source, writable }));
    }
}

/// The files and directories that the operator's certificate and index variables name.
fn named_files(env: &BTreeMap<String, String>) -> BTreeSet<Utf8PathBuf> {
    let values = NAMING_FILES.iter().filter_map(|name| env.get(*name));
    let words = values.flat_map(|value| value.split([' ', ',', ':', '?', '#']));
    let paths = words.map(|word| word.strip_prefix("//").unwrap_or(word));
    paths
        .filter(|path| path.starts_with('/') && path.len() > 1)
        .map(Utf8PathBuf::from)
        .filter(|path| path.exists())
        .collect()
}

/// A directory to show; if it contains the operator's home, the checkouts directly in it.
fn without_home(path: Utf8PathBuf, home: &Utf8Path) -> Vec<Utf8PathBuf> {
    if !home.starts_with(&path) {
        return vec![path];
    }
    let entries = path.read_dir_utf8().into_iter().flatten().flatten();
    let paths = entries.map(camino::Utf8DirEntry::into_path);
    paths
        .filter(|path| path.join(".git").exists() && !path.is_symlink())
        .collect()
}

/// What to do about a missing directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Missing {
    IsMade,
    IsAnError,
}

/// The path of a place, which no link may lead to: what an earlier program created there must not
/// give the next one access to another directory.
fn checked(places: &Places, place: &Place, missing: Missing) -> Result<Utf8PathBuf, String> {
    let path = places.path(place);
    let roots = places.roots();
    let root = roots
        .filter(|(token, _)| place.as_str().starts_with(token))
        .map(|(_, root)| root)
        .next();
    if let Some(root) = root {
        let cache = place.as_str().starts_with(Place::CACHE);
        let mut below = path.ancestors().take_while(|part| {
            // The operator may have put the cache's own directories elsewhere.
            *part != root && !(cache && part.parent() == Some(root))
        });
        if let Some(link) = below.find(|part| part.is_symlink()) {
            return Err(format!("`{link}` is a symbolic link"));
        }
    }
    if path.symlink_metadata().is_err() {
        // The gate's own cache is filled on demand, and so is what a program may write in a
        // checkout.
        let own = place.as_str().starts_with(Place::CACHE);
        let made = missing == Missing::IsMade && place.as_str().starts_with(Place::WORKSPACE);
        if (own && OsDisk.make_dirs(path.as_std_path()).is_ok())
            || (made && std::fs::create_dir_all(&path).is_ok())
        {
            return Ok(path);
        }
        return Err(format!("`{place}` is not there"));
    }
    Ok(path)
}

/// Where the program finds a file of this machine.
pub(in crate::world::live) fn inside(
    sandbox: &Sandbox,
    places: &Places,
    file: &Utf8Path,
) -> Utf8PathBuf {
    let found = sandbox.mounts.iter().find_map(|mount| {
        let below = file.strip_prefix(places.path(&mount.place)).ok()?;
        Some(Utf8PathBuf::from(places.expand(&mount.at)).join(below))
    });
    found.unwrap_or_else(|| file.to_owned())
}
