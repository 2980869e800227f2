//! The throwaway home: where pipx puts the candidate, and what the candidate uses as its home.

use std::collections::BTreeMap;

use crate::world::{EnvBase, Place, Program, Sandbox};

/// A home directory created for one candidate; the operator's own is never used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    root: Place,
}

impl Home {
    /// The run's own home.
    #[must_use]
    pub fn of_run() -> Self {
        Self::at(Place::run("home"))
    }

    /// A home at another place.
    #[must_use]
    pub fn at(root: Place) -> Self {
        Self { root }
    }

    /// Its directory.
    #[must_use]
    pub fn root(&self) -> &Place {
        &self.root
    }

    /// Where commands are put.
    #[must_use]
    pub fn bin(&self) -> Place {
        self.root.join("bin")
    }

    /// The virtual environment that pipx creates for a package.
    #[must_use]
    pub fn venv(&self, package: &str) -> Place {
        self.root.join("pipx/venvs").join(&normalised(package))
    }

    /// That environment's interpreter.
    #[must_use]
    pub fn python(&self, package: &str) -> Place {
        self.venv(package).join("bin/python")
    }

    /// Variables that make this the home of a program started with them.
    #[must_use]
    pub fn variables(&self) -> BTreeMap<String, String> {
        [
            ("HOME", ""),
            ("XDG_CONFIG_HOME", ".config"),
            ("XDG_CACHE_HOME", ".cache"),
            ("XDG_DATA_HOME", ".local/share"),
            ("XDG_STATE_HOME", ".local/state"),
        ]
        .map(|(name, below)| (name.to_owned(), self.root.join(below).to_string()))
        .into()
    }

    /// An installer that puts everything into this home, in a sandbox: what it installs runs code
    /// in it (a build, a `.pth` file of the new environment). It may change this home and the
    /// gate's own caches, and may use the network; the caller grants anything else.
    #[must_use]
    pub fn installer(&self, argv: Vec<String>) -> Program {
        let mut program = Program::new(argv);
        program.base = EnvBase::Installer;
        program.env = self.variables();
        let pipx = [
            ("PIPX_HOME", "pipx"),
            ("PIPX_BIN_DIR", "bin"),
            ("PIPX_MAN_DIR", "man"),
            ("PIPX_COMPLETION_DIR", "completion"),
        ];
        for (name, below) in pipx {
            program
                .env
                .insert(name.to_owned(), self.root.join(below).to_string());
        }
        // A hard link would let the candidate write into the cache that the next run uses.
        program
            .env
            .insert("UV_LINK_MODE".to_owned(), "copy".to_owned());
        // The operator's settings are passed in variables; a file in a parent directory of this run
        // would add to them.
        program
            .env
            .insert("UV_NO_CONFIG".to_owned(), "1".to_owned());
        // Scripts that find their interpreter in their own directory are the same in every
        // directory.
        program
            .env
            .insert("UV_VENV_RELOCATABLE".to_owned(), "1".to_owned());
        program.env.insert("USE_EMOJI".to_owned(), "0".to_owned());
        let cache = |name: &str| Place::new(Place::CACHE).join(name);
        program.sandbox = Some(Box::new(Sandbox {
            writable: vec![self.root.clone(), cache("uv"), cache("pip")],
            network: true,
            ..Sandbox::default()
        }));
        program
    }

    /// A program that has access to this home and to no other.
    #[must_use]
    pub fn program(&self, argv: Vec<String>) -> Program {
        let mut program = Program::new(argv);
        program.env = self.variables();
        // It runs the candidate, which is the code under test.
        program.sandbox = Some(Box::new(Sandbox {
            writable: vec![self.root.clone()],
            ..Sandbox::default()
        }));
        program
    }
}

/// A package's name as indexes and installers compare it: lower case, `-` for every run of
/// `-`, `_` and `.`.
#[must_use]
pub(super) fn normalised(name: &str) -> String {
    let mut parts = name.split(['-', '_', '.']).filter(|part| !part.is_empty());
    let first = parts.next().unwrap_or_default().to_owned();
    parts
        .fold(first, |name, part| name + "-" + part)
        .to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_compare_as_on_an_index() {
        for name in ["spec-kitty-cli", "Spec_Kitty.CLI", "spec--kitty__cli"] {
            assert_eq!(normalised(name), "spec-kitty-cli");
        }
    }

    #[test]
    fn everything_lies_inside_the_home() {
        let program = Home::of_run().installer(vec!["pipx".into()]);
        for (name, value) in &program.env {
            let inside = value.starts_with("‹run›/home");
            assert!(
                inside
                    || [
                        "UV_LINK_MODE",
                        "UV_NO_CONFIG",
                        "UV_VENV_RELOCATABLE",
                        "USE_EMOJI"
                    ]
                    .contains(&name.as_str()),
                "{name}={value}"
            );
        }
    }
}
