//! Where this program and its tools come from, as the flake's wrapper says it. A program that
//! was not started through the wrapper knows its version only.
#![expect(
    clippy::disallowed_methods,
    reason = "the wrapper's variables and its list of tools are read once, here"
)]

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::evidence::PLATFORM;
use crate::model::quoted;
use crate::toolbox::Version;

/// What the wrapper says; see `nix/wrapper.nix`.
#[derive(Debug, Clone, Default)]
pub(super) struct Provenance {
    /// Revision of the flake.
    pub(super) flake: Option<String>,
    /// Revision of its nixpkgs.
    pub(super) nixpkgs: Option<String>,
    /// The tools it pins, by name.
    pub(super) tools: BTreeMap<String, Pinned>,
}

/// A tool of the flake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Pinned {
    /// Its version.
    pub(super) version: String,
    /// Its store path.
    pub(super) path: String,
}

impl Provenance {
    /// Reads it from this process's environment and the wrapper's list of tools.
    ///
    /// # Errors
    /// When there should be a list and it cannot be read, in words.
    pub(super) fn of_process() -> Result<Self, String> {
        let mut provenance = Self::revisions();
        if let Some(path) = set(PINNED_TOOLS) {
            let text = std::fs::read_to_string(&path).map_err(|error| error.to_string());
            let tools = text.and_then(|text| parsed(&text));
            provenance.tools = tools.map_err(|error| {
                format!(
                    "{PINNED_TOOLS} names `{path}`, which is not a list of tools: {error}; \
                     start the gate through the flake again, or unset it"
                )
            })?;
        }
        Ok(provenance)
    }

    /// The revisions alone.
    pub(super) fn revisions() -> Self {
        Self {
            flake: set("GATE_FLAKE_REVISION"),
            nixpkgs: set("GATE_NIXPKGS_REVISION"),
            tools: BTreeMap::new(),
        }
    }

    /// Version, commit and nixpkgs revision in one line, for `gate --version`.
    pub(super) fn version(&self) -> String {
        let version = env!("CARGO_PKG_VERSION");
        let known = |revision: &Option<String>| {
            revision
                .clone()
                .unwrap_or_else(|| "unknown (not started through the flake)".to_owned())
        };
        format!(
            "{version}\ncommit {}\nnixpkgs {}",
            known(&self.flake),
            known(&self.nixpkgs)
        )
    }

    /// The version that the flake pins of a tool, and whether the one found is another one; none
    /// for what it does not pin.
    pub(super) fn compare(&self, tool: &str, found: Option<&str>) -> Option<String> {
        let pinned = self.tools.get(tool)?;
        let verdict = match found {
            Some(found) if pinned.holds(found) => "this is it",
            Some(_) => "another version is used",
            None => "it is not there",
        };
        Some(format!("pinned: {} – {verdict}", pinned.version))
    }

    /// Versions of the tools for the evidence: as each says itself, with the store path of what
    /// the flake pins where it is that one; and what else the flake pins.
    pub(super) fn versions(&self, found: BTreeMap<String, Version>) -> BTreeMap<String, String> {
        let mut versions: BTreeMap<String, String> = self
            .tools
            .iter()
            .map(|(name, tool)| (name.clone(), format!("{} in {}", tool.version, tool.path)))
            .collect();
        let nixpkgs = self.nixpkgs.iter();
        versions.extend(nixpkgs.map(|revision| ("nixpkgs".to_owned(), revision.clone())));
        for (name, Version { told, path }) in found {
            let pinned = self.tools.get(&name);
            let told = match pinned.filter(|tool| path.is_some_and(|path| tool.holds(&path))) {
                Some(tool) => format!("{told} in {}", tool.path),
                None if pinned.is_some() => format!("{told}, not the pinned one"),
                None => told,
            };
            versions.insert(name, told);
        }
        let machine = format!("{} {}", std::env::consts::OS, std::env::consts::ARCH);
        versions.insert(PLATFORM.to_owned(), machine);
        versions
    }
}

impl Pinned {
    /// Whether a file is below its store path.
    fn holds(&self, file: &str) -> bool {
        let below = file.strip_prefix(&self.path);
        below.is_some_and(|below| below.starts_with('/'))
    }
}

/// The variable that names the wrapper's list of tools.
const PINNED_TOOLS: &str = "GATE_PINNED_TOOLS";

fn set(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn parsed(text: &str) -> Result<BTreeMap<String, Pinned>, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

/// The command that reproduces a bundle: with the very flake that made it, where it came from one.
pub(super) fn reproduce_command(flake: Option<&str>, bundle: &str) -> String {
    // Of a checkout with changes nobody can fetch the same again.
    let hexadecimal = |revision: &str| revision.bytes().all(|byte| byte.is_ascii_hexdigit());
    let fetchable = |revision: &&str| revision.len() == 40 && hexadecimal(revision);
    let bundle = quoted(bundle);
    match flake.filter(fetchable) {
        Some(revision) => {
            format!("nix run '<flake>?rev={revision}#gate' -- reproduce {bundle}")
        }
        None => format!("gate reproduce {bundle}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_the_flake() -> Provenance {
        let gh = r#"{"gh": {"version": "2.86.0", "path": "/nix/store/x-gh-2.86.0"}}"#;
        Provenance {
            flake: Some("1f2e".to_owned()),
            nixpkgs: Some("5880".to_owned()),
            tools: serde_json::from_str(gh).unwrap(),
        }
    }

    #[test]
    fn the_version_names_both_revisions_or_says_why_not() {
        let version = env!("CARGO_PKG_VERSION");
        assert_eq!(
            of_the_flake().version(),
            format!("{version}\ncommit 1f2e\nnixpkgs 5880")
        );
        let plain = Provenance::default().version();
        assert!(plain.contains("commit unknown (not started through the flake)"));
    }

    #[test]
    fn a_bundle_is_reproduced_by_the_flake_that_made_it() {
        let revision = "5880666fd9eb563038431edb35c2d0aa595884e6";
        assert_eq!(
            reproduce_command(Some(revision), "b.tar.gz"),
            format!("nix run '<flake>?rev={revision}#gate' -- reproduce b.tar.gz")
        );
        for unknown in [None, Some("unknown"), Some(&*format!("{revision}-dirty"))] {
            assert_eq!(
                reproduce_command(unknown, "b.tar.gz"),
                "gate reproduce b.tar.gz"
            );
        }
    }

    #[test]
    fn what_is_found_is_held_beside_what_is_pinned() {
        let flake = of_the_flake();
        let ours = flake.compare("gh", Some("/nix/store/x-gh-2.86.0/bin/gh"));
        assert_eq!(ours.as_deref(), Some("pinned: 2.86.0 – this is it"));
        let other = flake.compare("gh", Some("/usr/bin/gh"));
        assert_eq!(
            other.as_deref(),
            Some("pinned: 2.86.0 – another version is used")
        );
        let missing = flake.compare("gh", None);
        assert_eq!(missing.as_deref(), Some("pinned: 2.86.0 – it is not there"));
        assert_eq!(flake.compare("gcc", Some("/usr/bin/gcc")), None);
    }

    #[test]
    fn the_evidence_has_what_was_found_with_its_store_path() {
        let found = |gh: &str| {
            let version = |told: &str, path: &str| Version {
                told: told.to_owned(),
                path: Some(path.to_owned()),
            };
            let gh = ("gh".to_owned(), version("2.86.1", gh));
            [gh, ("sh".to_owned(), version("5.2", "/bin/sh"))].into()
        };
        let versions = of_the_flake().versions(found("/nix/store/x-gh-2.86.0/bin/gh"));
        assert_eq!(versions["gh"], "2.86.1 in /nix/store/x-gh-2.86.0");
        assert_eq!(versions["sh"], "5.2");
        for other in ["/usr/bin/gh", "/nix/store/x-gh-2.86.0-more/bin/gh"] {
            let versions = of_the_flake().versions(found(other));
            assert_eq!(versions["gh"], "2.86.1, not the pinned one", "{other}");
        }
        let only_pinned = of_the_flake().versions(BTreeMap::new());
        assert_eq!(only_pinned["gh"], "2.86.0 in /nix/store/x-gh-2.86.0");
        assert_eq!(versions["nixpkgs"], "5880");
        let nothing = Provenance::default().versions(BTreeMap::new());
        assert_eq!(nothing.keys().collect::<Vec<_>>(), [PLATFORM]);
    }
}
