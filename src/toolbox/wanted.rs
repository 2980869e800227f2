//! Which programs the gate needs, in which version, and what to do when one is missing.

use crate::world::EnvBase;

/// A program that the gate needs.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) name: &'static str,
    /// Oldest version that works.
    pub(super) minimum: &'static str,
    /// Arguments that make it print its version.
    pub(super) version: &'static [&'static str],
    /// How its login is checked.
    pub(super) login: Option<Login>,
    /// How the gate installs it, if it can.
    pub(super) recipe: Option<Recipe>,
    /// What the operator can do.
    pub(super) remedy: &'static str,
}

/// How a program's login is checked.
#[derive(Debug)]
pub(super) struct Login {
    pub(super) arguments: &'static [&'static str],
    /// In the order in which a run tries them.
    pub(super) bases: &'static [EnvBase],
    pub(super) remedy: &'static str,
}

/// How the gate installs a tool itself.
#[derive(Debug)]
pub(super) struct Recipe {
    pub(super) version: &'static str,
    /// The whole closure with the digests of every platform's files.
    pub(super) requirements: &'static str,
}

/// Every program, in the order in which `gate doctor` shows them.
pub(super) static WANTED: &[Wanted] = &[
    Wanted {
        name: "gh",
        minimum: "2.23",
        version: &["--version"],
        login: Some(Login {
            arguments: &["auth", "status"],
            bases: &[EnvBase::GitHub, EnvBase::GitHubEnvironmentToken],
            remedy: "run `gh auth login`, or set GH_TOKEN",
        }),
        recipe: None,
        remedy: "install GitHub's command line tool, or use `nix develop`; a rehearsal uses a stand-in without it",
    },
    Wanted {
        name: "git",
        minimum: "2.30",
        version: &["--version"],
        login: None,
        recipe: None,
        remedy: "install git, or use `nix develop`",
    },
    Wanted {
        name: "python3",
        minimum: "3.11",
        version: &["--version"],
        login: None,
        recipe: None,
        remedy: "install Python 3.11 or newer with its `venv` module, or use `nix develop`",
    },
    Wanted {
        name: "uv",
        minimum: "0.8.0",
        version: &["--version"],
        login: None,
        recipe: Some(Recipe {
            version: "0.13.9",
            requirements: include_str!("requirements/uv.txt"),
        }),
        remedy: "nothing: the gate makes its own",
    },
    Wanted {
        name: "pipx",
        minimum: "1.4.0",
        version: &["--version"],
        login: None,
        recipe: Some(Recipe {
            version: "1.18.4",
            requirements: include_str!("requirements/pipx.txt"),
        }),
        remedy: "nothing: the gate makes its own",
    },
    Wanted {
        name: "flyctl",
        minimum: "0.1",
        version: &["version"],
        login: Some(Login {
            arguments: &["auth", "whoami"],
            bases: &[EnvBase::Fly],
            remedy: "run `flyctl auth login`, or set FLY_API_TOKEN",
        }),
        recipe: None,
        remedy: "install flyctl, or use `nix develop`; a rehearsal uses a stand-in",
    },
    Wanted {
        name: "bash",
        minimum: "3.2",
        version: &["--version"],
        login: None,
        recipe: None,
        remedy: "install bash",
    },
    Wanted {
        name: "bwrap",
        // Reports with `--json-status-fd` whether the program started at all.
        minimum: "0.4.0",
        version: &["--version"],
        login: None,
        recipe: None,
        remedy: "install bubblewrap, or use `nix develop`; on macOS the system has its own sandbox",
    },
];

/// The first version number in a text, such as `2.23.0`.
pub(super) fn version_in(text: &str) -> Option<String> {
    text.split(|letter: char| !letter.is_ascii_digit() && letter != '.')
        .map(|part| part.trim_matches('.'))
        .find(|part| part.contains('.') && part.split('.').all(|number| !number.is_empty()))
        .map(str::to_owned)
}

/// Whether one version is the other or a newer one, number by number.
pub(super) fn at_least(version: &str, minimum: &str) -> bool {
    let numbers = |text: &str| -> Vec<u64> {
        let parts = text.split('.').map(|part| part.parse().unwrap_or(0));
        let mut numbers: Vec<u64> = parts.collect();
        while numbers.last() == Some(&0) {
            numbers.pop();
        }
        numbers
    };
    numbers(version) >= numbers(minimum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_in_what_tools_really_print() {
        for (text, version) in [
            (
                "gh version 2.23.0 (2023-02-27 Debian 2.23.0+dfsg1-1)",
                "2.23.0",
            ),
            ("git version 2.39.5 (Apple Git-154)", "2.39.5"),
            ("Python 3.11.7", "3.11.7"),
            ("uv 0.13.9 (x86_64-unknown-linux-gnu)", "0.13.9"),
            ("1.18.4\n", "1.18.4"),
            (
                "flyctl v0.3.45 linux/amd64 Commit: abc BuildDate: 2024",
                "0.3.45",
            ),
            ("GNU bash, version 5.2.15(1)-release", "5.2.15"),
        ] {
            assert_eq!(version_in(text).as_deref(), Some(version), "{text}");
        }
        assert_eq!(version_in("no version. here 5"), None);
    }

    #[test]
    fn versions_compare_by_number() {
        for (version, minimum, enough) in [
            ("2.23.0", "2.23", true),
            ("2.9", "2.23", false),
            ("3.2.57", "3.2", true),
            ("0.10.0", "0.8.0", true),
            ("0.7.22", "0.8.0", false),
            ("1", "1.0.0", true),
        ] {
            assert_eq!(at_least(version, minimum), enough, "{version} {minimum}");
        }
    }

    #[test]
    fn recipes_are_pinned_to_the_last_byte() {
        for wanted in WANTED {
            let Some(recipe) = &wanted.recipe else {
                continue;
            };
            let pin = format!("{}=={}", wanted.name, recipe.version);
            assert!(
                recipe
                    .requirements
                    .lines()
                    .any(|line| line.starts_with(&pin))
            );
            assert!(at_least(recipe.version, wanted.minimum));
            let starts = |line: &&str| !line.starts_with(' ');
            let packages = recipe.requirements.lines().filter(starts).count();
            let hashed = recipe.requirements.split("\\\n    --hash=sha256:").count() - 1;
            assert!(hashed >= packages, "every package has a digest");
            assert!(!recipe.requirements.contains("://"), "no index's address");
        }
    }
}
