//! What is actually installed: entry point, interpreter and versions, as reported by the
//! candidate's own interpreter, and the line that `--version` prints.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use super::home::Home;
use super::lock::Lock;
use crate::model::{Finding, read_json_as};
use crate::verb::programs::must_succeed;
use crate::verb::{Ctx, VerbError};
use crate::world::Place;

const SCRIPT: &str = include_str!("look.py");
const SETTLE: &str = include_str!("settle.py");

/// What the candidate's interpreter reports about its environment.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Look {
    /// The interpreter.
    pub python: String,
    /// Its version.
    pub python_version: String,
    /// The environment it works in.
    pub prefix: String,
    /// Where that environment's packages are.
    pub site_packages: Place,
    /// Whether the environment is inside the throwaway home.
    pub prefix_inside: bool,
    /// The file that the entry point resolves to.
    pub entry: String,
    /// Whether that file exists.
    pub entry_there: bool,
    /// Whether it is inside the throwaway home.
    pub entry_inside: bool,
    /// How the entry point starts: its first line, and the second after `#!/bin/sh`.
    pub shebang: Option<String>,
    /// Installed version of the package.
    pub version: Option<String>,
    /// Everything installed, by normalised name.
    pub distributions: BTreeMap<String, String>,
    /// Number of files in the environment, without bytecode.
    pub files: u32,
    /// SHA-256 over their names and digests: the same lock gives the same value in every directory,
    /// if pipx works with uv.
    pub files_sha256: String,
}

/// Queries the installed interpreter.
///
/// # Errors
/// If it does not answer.
pub async fn look(
    ctx: &Ctx,
    home: &Home,
    python: &str,
    command: &str,
    package: &str,
) -> Result<Look, VerbError> {
    let root = home.root().as_str();
    let argv = [python, "-I", "-B", "-c", SCRIPT, root, command, package];
    let mut program = home.program(argv.map(str::to_owned).into());
    program.limit = Duration::from_mins(1);
    let finished = must_succeed(ctx, program).await?;
    let line = finished.stdout.last_lines(1);
    read_json_as(&line).map_err(|error| {
        let finding = Finding::new(format!(
            "the candidate's interpreter gave no answer: {error}"
        ));
        VerbError::error(finding.seen(line))
    })
}

/// Removes an installer's own metadata, which would make two equal installs differ.
///
/// # Errors
/// If the interpreter does not answer.
pub(super) async fn settle(ctx: &Ctx, home: &Home, python: &str) -> Result<(), VerbError> {
    let argv = [python, "-I", "-B", "-c", SETTLE].map(str::to_owned);
    must_succeed(ctx, home.program(argv.into())).await.map(drop)
}

impl Look {
    /// Where the installed packages differ from the lock, one line each.
    #[must_use]
    pub fn differences(&self, lock: &Lock) -> Vec<String> {
        let mut found = Vec::new();
        for package in &lock.packages {
            let (name, locked) = (&package.name, &package.version);
            match self.distributions.get(name) {
                // A marker in the lock may leave a package out, but never the candidate.
                None => {}
                Some(version) if version == locked => {}
                Some(version) => found.push(format!("`{name}` is {version}, locked is {locked}")),
            }
        }
        // pip comes with the environment, not with the lock.
        let strangers = self.distributions.iter().filter(|(name, _)| {
            lock.package(name).is_none() && !["pip", "setuptools", "wheel"].contains(&name.as_str())
        });
        found.extend(
            strangers.map(|(name, version)| format!("`{name}` {version} is not in the lock")),
        );
        found
    }

    /// What is not inside the throwaway home, one line each.
    #[must_use]
    pub fn outside(&self) -> Vec<String> {
        let mut found = Vec::new();
        if !self.entry_there {
            found.push(format!("there is no entry point `{}`", self.entry));
        } else if !self.entry_inside {
            found.push(format!("the entry point leads to `{}`", self.entry));
        }
        if !self.prefix_inside {
            found.push(format!("the interpreter works in `{}`", self.prefix));
        }
        let shebang = self.shebang.as_deref().unwrap_or_default();
        // A relocatable script looks for its interpreter in its own directory.
        let beside =
            shebang.starts_with("#!/bin/sh '''exec' \"$(dirname -- \"$(realpath -- \"$0\")\")\"/");
        if self.entry_there && !shebang.contains(&self.prefix) && !beside {
            found.push(format!("the entry point starts `{shebang}`"));
        }
        found
    }
}

/// Commands of the same name elsewhere on PATH, which could be mistaken for the candidate.
///
/// # Errors
/// If PATH cannot be read.
pub async fn stale(ctx: &Ctx, command: &Place) -> Result<Vec<String>, VerbError> {
    let mut found = ctx.find_program(command.file_name()).await?;
    found.retain(|path| path != command.as_str());
    Ok(found)
}

/// The last line that says `<package> version X`; a banner may precede it. Pure.
#[must_use]
pub fn version_line<'a>(stdout: &'a str, expect: &str) -> Option<&'a str> {
    let (prefix, _) = expect.rsplit_once(' ')?;
    let says = |line: &&str| {
        let rest = line
            .strip_prefix(prefix)
            .and_then(|rest| rest.strip_prefix(' '));
        rest.is_some_and(|rest| !rest.is_empty() && !rest.contains(char::is_whitespace))
    };
    stdout.lines().map(str::trim).rfind(says)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sound() -> Look {
        serde_json::from_str(
            r##"{"python": "/h/venv/bin/python", "python_version": "3.11.7", "prefix": "/h/venv", "site_packages": "/h/venv/lib",
            "prefix_inside": true, "entry": "/h/venv/bin/spec-kitty", "entry_there": true,
            "entry_inside": true, "shebang": "#!/h/venv/bin/python", "version": "3.2.0rc16",
            "distributions": {"spec-kitty-cli": "3.2.0rc16", "pip": "24.0"}, "files": 2, "files_sha256": "0"}"##,
        )
        .unwrap()
    }

    #[test]
    fn the_last_matching_line_counts() {
        let expect = "spec-kitty-cli version 3.2.0rc16";
        let banner = "  ___\n / _ \\\nspec-kitty-cli version 3.2.0rc15\nv3.2.0rc16\nspec-kitty-cli version 3.2.0rc16\n\n";
        assert_eq!(version_line(banner, expect), Some(expect));
        assert_eq!(
            version_line("spec-kitty-cli version 3.2.0rc15", expect),
            Some("spec-kitty-cli version 3.2.0rc15")
        );
        for none in [
            "",
            "spec-kitty-cli version",
            "the spec-kitty-cli version 3.2.0rc16",
            "spec-kitty-cli version 3 of 4",
        ] {
            assert_eq!(version_line(none, expect), None, "{none}");
        }
    }

    #[test]
    fn what_lies_outside_is_named() {
        assert_eq!(sound().outside(), Vec::<String>::new());
        let mut stale = sound();
        stale.entry_inside = false;
        stale.entry = "/old/spec-kitty".into();
        stale.shebang = Some("#!/old/python".into());
        assert_eq!(stale.outside().len(), 2);
        let mut beside = sound();
        let relocatable =
            "#!/bin/sh '''exec' \"$(dirname -- \"$(realpath -- \"$0\")\")\"/'python' \"$0\"";
        beside.shebang = Some(relocatable.into());
        assert_eq!(beside.outside(), Vec::<String>::new());
        beside.shebang = Some("#!/bin/sh exec /old/python".into());
        assert_eq!(beside.outside().len(), 1);
        let mut missing = sound();
        missing.entry_there = false;
        assert_eq!(missing.outside().len(), 1);
    }
}
