//! Toolchains in the operator's home: the read-only parts that are visible to a program that names
//! one, and how the program is told their location.

use camino::Utf8PathBuf;

use crate::world::Toolchain;
use crate::world::live::operator::Operator;
use crate::world::redact::Redactor;

/// One toolchain's place.
struct Layout {
    /// The variable with its location, for the operator and for the program.
    variable: Option<&'static str>,
    /// Its default location, below the home directory.
    usual: &'static str,
    /// The parts that are shown; empty means all.
    shown: &'static [&'static str],
}

/// Most toolchains have one place; some have several.
fn layouts(toolchain: Toolchain) -> &'static [Layout] {
    const fn whole(variable: Option<&'static str>, usual: &'static str) -> Layout {
        Layout {
            variable,
            usual,
            shown: &[],
        }
    }
    match toolchain {
        Toolchain::Rustup => const { &[whole(Some("RUSTUP_HOME"), ".rustup")] },
        Toolchain::Cargo => {
            const {
                &[Layout {
                    variable: Some("CARGO_HOME"),
                    usual: ".cargo",
                    shown: &["bin", "registry", "git", "config.toml", "config", "env"],
                }]
            }
        }
        Toolchain::CargoCredentials => {
            const {
                &[Layout {
                    variable: Some("CARGO_HOME"),
                    usual: ".cargo",
                    shown: &["credentials.toml", "credentials"],
                }]
            }
        }
        Toolchain::Npm => {
            const {
                &[
                    whole(Some("NVM_DIR"), ".nvm"),
                    whole(Some("VOLTA_HOME"), ".volta"),
                    whole(None, ".local/share/fnm"),
                    whole(None, ".npm-global"),
                ]
            }
        }
        Toolchain::NpmCredentials => const { &[whole(Some("NPM_CONFIG_USERCONFIG"), ".npmrc")] },
        Toolchain::Pyenv => const { &[whole(Some("PYENV_ROOT"), ".pyenv")] },
        Toolchain::Uv => {
            const {
                &[whole(
                    Some("UV_PYTHON_INSTALL_DIR"),
                    ".local/share/uv/python",
                )]
            }
        }
        Toolchain::Go => {
            const {
                &[
                    whole(Some("GOMODCACHE"), "go/pkg/mod"),
                    whole(None, "sdk"),
                    whole(None, "go/bin"),
                ]
            }
        }
    }
}

fn home_of(layout: &Layout, operator: &Operator) -> Utf8PathBuf {
    let told = layout.variable.and_then(|name| operator.var(name));
    told.map_or_else(
        || operator.home.join(layout.usual),
        |path| operator.cwd.join(path),
    )
}

/// The existing files and directories that are shown.
pub(in crate::world::live) fn shown<'t>(
    toolchains: impl Iterator<Item = &'t Toolchain>,
    operator: &Operator,
) -> Vec<Utf8PathBuf> {
    let all = toolchains.flat_map(|toolchain| layouts(*toolchain));
    let paths = all.flat_map(|layout| {
        let home = home_of(layout, operator);
        match layout.shown {
            [] => vec![home],
            parts => parts.iter().map(|part| home.join(part)).collect(),
        }
    });
    paths.filter(|path| path.exists()).collect()
}

/// The variables with their locations.
pub(in crate::world::live) fn variables<'t>(
    toolchains: impl Iterator<Item = &'t Toolchain>,
    operator: &Operator,
) -> Vec<(String, String)> {
    let all = toolchains.flat_map(|toolchain| layouts(*toolchain));
    let variables = all.filter_map(|layout| {
        let home = home_of(layout, operator);
        let name = layout.variable.filter(|_| home.exists())?;
        Some((name.to_owned(), home.into_string()))
    });
    variables.collect()
}

/// Passes the content of the shown credentials to the redactor.
pub(in crate::world::live) fn learn_secrets<'t>(
    toolchains: impl Iterator<Item = &'t Toolchain>,
    operator: &Operator,
    redactor: &Redactor,
) {
    let credentials = toolchains.filter(|toolchain| {
        matches!(
            toolchain,
            Toolchain::CargoCredentials | Toolchain::NpmCredentials
        )
    });
    for file in shown(credentials, operator) {
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        for line in text.lines() {
            let Some((name, value)) = line.split_once('=') else {
                continue;
            };
            let name = name.trim().to_ascii_lowercase();
            let secret = ["token", "auth", "password", "secret", "key"];
            if secret.iter().any(|word| name.contains(word)) {
                let value = value.trim().trim_matches(['"', '\'']);
                redactor.add_secret(&name, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_toolchain_is_where_the_operator_says_and_shows_no_credentials() {
        let root = tempfile::tempdir().unwrap();
        let home = Utf8PathBuf::from_path_buf(root.path().to_owned()).unwrap();
        for directory in [".cargo/registry", ".rustup", "elsewhere/bin"] {
            std::fs::create_dir_all(home.join(directory)).unwrap();
        }
        std::fs::write(
            home.join(".cargo/credentials.toml"),
            "token = \"cio0123456789abcdef\"",
        )
        .unwrap();
        let mut operator = Operator {
            home: home.clone(),
            cwd: home.clone(),
            ..Operator::default()
        };
        let cargo = [Toolchain::Rustup, Toolchain::Cargo];
        assert_eq!(
            shown(cargo.iter(), &operator),
            [home.join(".rustup"), home.join(".cargo/registry")]
        );
        let variables = variables(cargo.iter(), &operator);
        assert_eq!(variables[1].0, "CARGO_HOME");
        let both = [Toolchain::CargoCredentials];
        assert_eq!(
            shown(both.iter(), &operator),
            [home.join(".cargo/credentials.toml")]
        );
        let redactor = std::sync::Arc::new(Redactor::default());
        learn_secrets(both.iter(), &operator, &redactor);
        assert!(!redactor.text("cio0123456789abcdef").contains("cio0"));
        let elsewhere = home.join("elsewhere").into_string();
        operator.env.insert("CARGO_HOME".to_owned(), elsewhere);
        assert_eq!(
            shown([Toolchain::Cargo].iter(), &operator),
            [home.join("elsewhere/bin")]
        );
    }
}
