//! Where this program and its tools come from, as the flake's wrapper says it. A program that
//! was not started through the wrapper knows its version only.
#![expect(
    clippy::disallowed_methods,
    reason = "the wrapper's variables and its list of tools are read once, here"
)]

use std::collections::BTreeMap;

use serde::Deserialize;

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
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Pinned {
    /// Its version.
    pub(super) version: String,
    /// Its store path.
    pub(super) path: String,
}

impl Provenance {
    /// Reads it from this process's environment.
    pub(super) fn of_process() -> Self {
        let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let tools = set("GATE_PINNED_TOOLS")
            .and_then(|path| std::fs::read_to_string(path).ok())
            .and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or_default();
        Self {
            flake: set("GATE_FLAKE_REVISION"),
            nixpkgs: set("GATE_NIXPKGS_REVISION"),
            tools,
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
        let is_it = found.is_some_and(|found| found.starts_with(&pinned.path));
        let verdict = if is_it {
            "this is it"
        } else {
            "this is another one"
        };
        Some(format!("pinned: {} – {verdict}", pinned.version))
    }

    /// Versions of the tools for the evidence: what the flake pins, with its store path, goes
    /// before what a tool says of itself.
    pub(super) fn versions(&self, found: BTreeMap<String, String>) -> BTreeMap<String, String> {
        let pinned = self.tools.iter().map(|(name, tool)| {
            let said = found.get(name).unwrap_or(&tool.version);
            (name.clone(), format!("{said} in {}", tool.path))
        });
        let nixpkgs = self
            .nixpkgs
            .iter()
            .map(|revision| ("nixpkgs".to_owned(), revision.clone()));
        let pinned: Vec<_> = pinned.chain(nixpkgs).collect();
        found.into_iter().chain(pinned).collect()
    }
}

/// The command that reproduces a bundle: with the very flake that made it, where it came from one.
pub(super) fn reproduce_command(flake: Option<&str>, bundle: &str) -> String {
    // Of a checkout with changes nobody can fetch the same again.
    let fetchable = |revision: &&str| revision.len() == 40 && !revision.contains('-');
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
            Some("pinned: 2.86.0 – this is another one")
        );
        assert_eq!(flake.compare("gcc", Some("/usr/bin/gcc")), None);
    }

    #[test]
    fn the_evidence_has_what_was_found_with_its_store_path() {
        let found = [("gh", "2.86.1"), ("sh", "5.2")].map(|(a, b)| (a.to_owned(), b.to_owned()));
        let versions = of_the_flake().versions(found.into());
        assert_eq!(versions["gh"], "2.86.1 in /nix/store/x-gh-2.86.0");
        assert_eq!(versions["sh"], "5.2");
        assert_eq!(versions["nixpkgs"], "5880");
        let nothing = Provenance::default().versions(BTreeMap::new());
        assert!(nothing.is_empty());
    }
}
