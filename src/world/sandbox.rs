//! What a program that runs code under test may see and change: plain data, carried out by the live
//! world.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::Place;

/// The sandbox of one program. Besides what is listed here it sees a read-only system, the tools
/// on `PATH`, and a `/tmp` and `/proc` of its own; no home directory and no other checkout.
///
/// Its `HOME` is an empty directory in memory, unless the run's own home is listed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sandbox {
    /// What it may change, each at its own path.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub writable: Vec<Place>,
    /// What it may read besides, each at its own path.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub readable: Vec<Place>,
    /// What it finds at another path than its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mounts: Vec<Mount>,
    /// The file that it reports to, made empty before it starts: it can write it, and put nothing
    /// else in its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<Place>,
    /// Whether it reaches the network; its own loopback device it always has.
    #[serde(default)]
    pub network: bool,
    /// Whether it sees the processes of this machine. One that does may leave daemons behind;
    /// everything that another one starts ends with it.
    #[serde(default)]
    pub processes: bool,
    /// Toolchains in the operator's home that it may read, where they are there.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub toolchains: BTreeSet<Toolchain>,
}

/// A toolchain that lives in the operator's home.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Toolchain {
    /// Rust's compilers: `~/.rustup`.
    Rustup,
    /// What cargo has downloaded and installed, and its settings: `~/.cargo`, no credentials.
    Cargo,
    /// cargo's login at the registry.
    CargoCredentials,
    /// Node and npm of nvm, volta or fnm.
    Npm,
    /// npm's login: `~/.npmrc`.
    NpmCredentials,
    /// Python of pyenv: `~/.pyenv`.
    Pyenv,
    /// Python that uv has installed.
    Uv,
    /// Go's modules and commands: `~/go`.
    Go,
}

impl Toolchain {
    /// Whether it holds a secret of the operator's.
    #[must_use]
    pub fn is_a_login(self) -> bool {
        matches!(self, Self::CargoCredentials | Self::NpmCredentials)
    }
}

/// A file or directory at another path than its own. Wherever its place stands in the arguments,
/// the environment or the working directory of the program, the other path is meant.
///
/// Where nothing can be mounted, what is writable is moved beside itself to the last part of that
/// path while the program runs, and such programs run one after the other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mount {
    /// What is mounted.
    pub place: Place,
    /// Where: an absolute path.
    pub at: String,
    /// Whether it may be changed.
    #[serde(default)]
    pub writable: bool,
}

/// What was really in force while a program with a sandbox ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confined {
    /// What kept it in.
    pub by: Confinement,
    /// Whether it could reach the network.
    pub network: bool,
    /// Whether it could see the processes of this machine.
    pub processes: bool,
}

/// What keeps a program in its sandbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confinement {
    /// bubblewrap, on Linux.
    Bubblewrap,
    /// `sandbox-exec`, on macOS.
    SandboxExec,
    /// Nothing: the operator said `--no-sandbox`, or rehearses on a machine without one.
    Nothing,
}

impl std::fmt::Display for Confined {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let by = match self.by {
            Confinement::Bubblewrap => "in a sandbox (bubblewrap)",
            Confinement::SandboxExec => "in a sandbox (sandbox-exec)",
            Confinement::Nothing => return f.write_str("without a sandbox"),
        };
        let network = if self.network { "with" } else { "without" };
        write!(f, "{by}, {network} network")
    }
}

impl Sandbox {
    /// Text with the place of each mount replaced by the path that the program finds it at.
    #[must_use]
    pub fn inside(&self, text: &str) -> String {
        let mounts = self.mounts.iter();
        mounts.fold(text.to_owned(), |text, mount| {
            moved(&text, mount.place.as_str(), &mount.at)
        })
    }
}

/// Text with a path replaced by another wherever it stands as a whole, or with something below it.
pub(super) fn moved(text: &str, from: &str, to: &str) -> String {
    let mut moved = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(from).filter(|_| !from.is_empty()) {
        let end = at + from.len();
        moved.push_str(&rest[..at]);
        let goes_on = |letter: char| letter.is_alphanumeric() || "-_.".contains(letter);
        let longer = rest[end..].starts_with(goes_on);
        moved.push_str(if longer { from } else { to });
        rest = &rest[end..];
    }
    moved + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mount_is_meant_by_its_whole_path_only() {
        let sandbox = Sandbox {
            mounts: vec![Mount {
                place: Place::run("audit/a"),
                at: "/work".to_owned(),
                writable: true,
            }],
            ..Sandbox::default()
        };
        for (text, inside) in [
            ("--x=‹run›/audit/a/b", "--x=/work/b"),
            ("‹run›/audit/a:‹run›/audit/a", "/work:/work"),
            (
                "‹run›/audit/ab ‹run›/audit/a.xml",
                "‹run›/audit/ab ‹run›/audit/a.xml",
            ),
            ("‹run›/audit", "‹run›/audit"),
        ] {
            assert_eq!(sandbox.inside(text), inside);
        }
    }
}
