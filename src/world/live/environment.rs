//! The environment of programs that the gate starts. Pure; reads no environment, and checks of
//! files only whether the operator's configuration files exist.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};

use super::index_settings;
use super::operator::Operator;
use super::sandbox::toolchains;
use crate::world::{EnvBase, Place, Program, Sandbox};

/// Directories with the gate's own tools, around the operator's `PATH`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ToolPath {
    /// Before it: tools of which the operator has a version that is too old.
    pub before: Vec<Place>,
    /// After it: tools that the operator does not have.
    pub behind: Vec<Place>,
}

impl ToolPath {
    /// All directories of a program's `PATH`, in order.
    pub(super) fn around(&self, operator: &Operator, places: &Places) -> Vec<Utf8PathBuf> {
        let own = |tools: &[Place]| -> Vec<Utf8PathBuf> {
            tools.iter().map(|place| places.path(place)).collect()
        };
        [own(&self.before), operator.path(), own(&self.behind)].concat()
    }
}

/// Default directories of pipx, by its versions and systems.
const PIPX_IN_HOME: [&str; 4] = [
    ".local/bin",
    ".local/pipx",
    ".local/share/pipx",
    "Library/Application Support/pipx",
];

/// The directories of symbolic paths' tokens on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    roots: Vec<(String, Utf8PathBuf)>,
}

impl Places {
    /// The five roots, as absolute paths.
    #[must_use]
    pub fn new(
        run: Utf8PathBuf,
        workspace: Utf8PathBuf,
        state: Utf8PathBuf,
        cache: Utf8PathBuf,
        home: Utf8PathBuf,
    ) -> Self {
        Self {
            roots: vec![
                (Place::RUN.to_owned(), run),
                (Place::WORKSPACE.to_owned(), workspace),
                (Place::STATE.to_owned(), state),
                (Place::CACHE.to_owned(), cache),
                (Place::HOME.to_owned(), home),
            ],
        }
    }

    /// One more token, such as `‹root›`.
    #[must_use]
    pub fn with(mut self, token: &str, path: Utf8PathBuf) -> Self {
        self.roots.push((token.to_owned(), path));
        self
    }

    /// The directory of the operator's own pipx, if it is configured outside of its usual places.
    #[must_use]
    pub fn with_pipx_of(self, operator: &Operator) -> Self {
        let told = |name: &str| operator.var(name).map(|path| operator.cwd.join(path));
        let data = || Some(told("XDG_DATA_HOME")?.join("pipx"));
        let usual = |path: &Utf8PathBuf| {
            let below_home = path.strip_prefix(&operator.home);
            below_home.is_ok_and(|below| PIPX_IN_HOME.contains(&below.as_str()))
        };
        [
            (Place::PIPX, told("PIPX_HOME").or_else(data)),
            (Place::PIPX_BIN, told("PIPX_BIN_DIR")),
        ]
        .into_iter()
        .filter_map(|(token, path)| Some((token, path.filter(|path| !usual(path))?)))
        .fold(self, |places, (token, path)| places.with(token, path))
    }

    /// Tokens and their directories.
    pub fn roots(&self) -> impl Iterator<Item = (&str, &Utf8Path)> {
        self.roots
            .iter()
            .map(|(token, path)| (token.as_str(), path.as_path()))
    }

    /// The directory of a token; `/` for an unknown one.
    #[must_use]
    pub fn root(&self, token: &str) -> &Utf8Path {
        self.roots()
            .find(|(known, _)| *known == token)
            .map_or(Utf8Path::new("/"), |(_, path)| path)
    }

    /// Text with every token replaced by its directory.
    #[must_use]
    pub fn expand(&self, text: &str) -> String {
        if !text.contains('‹') {
            return text.to_owned();
        }
        self.roots().fold(text.to_owned(), |text, (token, path)| {
            text.replace(token, path.as_str())
        })
    }

    /// A place's path on this machine.
    #[must_use]
    pub fn path(&self, place: &Place) -> Utf8PathBuf {
        Utf8PathBuf::from(self.expand(place.as_str()))
    }

    pub(super) fn run(&self) -> &Utf8Path {
        self.root(Place::RUN)
    }
}

/// Certificates and proxies: without them nothing reaches the network on some machines.
const NETWORK: &[&str] = &[
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "NIX_SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "GIT_SSL_CAINFO",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
];

/// Of these variables the ones that may name a file, a directory or an address of one.
pub(super) const NAMING_FILES: &[&str] = &[
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "NIX_SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "GIT_SSL_CAINFO",
    "UV_DEFAULT_INDEX",
    "UV_INDEX",
    "UV_EXTRA_INDEX_URL",
    "UV_FIND_LINKS",
    "PIP_INDEX_URL",
    "PIP_EXTRA_INDEX_URL",
    "PIP_FIND_LINKS",
    "PIP_CERT",
    "PIP_CLIENT_CERT",
    "NETRC",
];

/// How `gh` finds its configuration and the key ring.
const GITHUB: &[&str] = &[
    "GH_CONFIG_DIR",
    "XDG_CONFIG_HOME",
    "XDG_RUNTIME_DIR",
    "DBUS_SESSION_BUS_ADDRESS",
];

/// `gh`'s tokens in the environment.
const GITHUB_TOKENS: &[&str] = &["GH_TOKEN", "GITHUB_TOKEN"];

/// Names of the operator's variables that always contain a secret if they are set.
pub(super) const SECRETS: &[&str] = &[
    "GH_TOKEN",
    "GITHUB_TOKEN",
    "GH_ENTERPRISE_TOKEN",
    "GITHUB_ENTERPRISE_TOKEN",
    "FLY_API_TOKEN",
    "FLY_ACCESS_TOKEN",
    "UV_INDEX_PASSWORD",
    "PIP_PASSWORD",
];

/// Settings of git over those of a repository: none that starts a program of its choice.
const NAMES_NO_PROGRAM: [(&str, &str); 5] = [
    ("core.fsmonitor", "false"),
    ("log.showSignature", "false"),
    ("gpg.program", "false"),
    ("gpg.ssh.program", "false"),
    ("gpg.x509.program", "false"),
];

/// Whether an operator's variable is a secret by its name.
pub(super) fn is_secret(name: &str) -> bool {
    SECRETS.contains(&name) || (name.starts_with("UV_INDEX_") && name.ends_with("_PASSWORD"))
}

/// Builds environments.
#[derive(Debug, Clone)]
pub(super) struct Environment<'a> {
    pub(super) operator: &'a Operator,
    pub(super) places: &'a Places,
    pub(super) tools: &'a ToolPath,
    /// The program's own directory for temporary files.
    pub(super) temporary: &'a Utf8Path,
    /// Its home directory, where its base does not mean the operator's.
    pub(super) home: &'a Utf8Path,
    /// Where it finds things at other paths than their own.
    pub(super) sandbox: Option<&'a Sandbox>,
}

impl Environment<'_> {
    /// The whole environment of a program.
    pub(super) fn of(&self, program: &Program) -> BTreeMap<String, String> {
        let mut env = self.bare();
        match program.base {
            EnvBase::Bare => {}
            EnvBase::Installer => self.installer(&mut env),
            EnvBase::GitHub => self.github(&mut env),
            EnvBase::GitHubEnvironmentToken => {
                self.github(&mut env);
                self.pass(&mut env, GITHUB_TOKENS.iter().copied());
            }
            EnvBase::Fly => {
                env.insert("HOME".into(), self.operator.home.to_string());
                let names = self.operator.env.keys().map(String::as_str);
                self.pass(&mut env, names.filter(|name| name.starts_with("FLY_")));
            }
        }
        let name = program
            .argv
            .first()
            .map(|name| Utf8Path::new(name).file_name());
        if name == Some(Some("git")) && program.sandbox.is_none() {
            // Code under test has run in the run's home: settings there could name a program.
            env.insert("GIT_CONFIG_GLOBAL".into(), "/dev/null".into());
            // A repository's own settings may name one as well.
            env.insert("GIT_NO_LAZY_FETCH".into(), "1".into());
            env.insert(
                "GIT_CONFIG_COUNT".into(),
                NAMES_NO_PROGRAM.len().to_string(),
            );
            for (n, (name, value)) in NAMES_NO_PROGRAM.iter().enumerate() {
                env.insert(format!("GIT_CONFIG_KEY_{n}"), (*name).to_owned());
                env.insert(format!("GIT_CONFIG_VALUE_{n}"), (*value).to_owned());
            }
        }
        let asked = program
            .sandbox
            .iter()
            .flat_map(|sandbox| &sandbox.toolchains);
        env.extend(toolchains::variables(asked, self.operator));
        self.pass(&mut env, program.pass.iter().map(String::as_str));
        for (name, value) in &program.env {
            let value = self
                .sandbox
                .map_or_else(|| value.clone(), |sandbox| sandbox.inside(value));
            env.insert(name.clone(), self.places.expand(&value));
        }
        env
    }

    fn bare(&self) -> BTreeMap<String, String> {
        let home = self.home;
        let mut env: BTreeMap<String, String> = [
            ("PATH", self.path()),
            ("HOME", home.to_string()),
            ("TMPDIR", self.temporary.to_string()),
            ("XDG_CONFIG_HOME", home.join(".config").to_string()),
            ("XDG_CACHE_HOME", home.join(".cache").to_string()),
            ("XDG_DATA_HOME", home.join(".local/share").to_string()),
            ("XDG_STATE_HOME", home.join(".local/state").to_string()),
            ("LANG", "C.UTF-8".to_owned()),
            ("TZ", "UTC".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        self.pass(&mut env, NETWORK.iter().copied());
        env
    }

    fn path(&self) -> String {
        let all = self.tools.around(self.operator, self.places);
        let all: Vec<&str> = all.iter().map(|path| path.as_str()).collect();
        all.join(":")
    }

    fn pass<'n>(&self, env: &mut BTreeMap<String, String>, names: impl Iterator<Item = &'n str>) {
        for name in names {
            if let Some(value) = self.operator.env.get(name) {
                env.insert(name.to_owned(), value.clone());
            }
        }
    }

    fn github(&self, env: &mut BTreeMap<String, String>) {
        env.insert("HOME".into(), self.operator.home.to_string());
        // Our value would hide the operator's `~/.config/gh`.
        env.remove("XDG_CONFIG_HOME");
        self.pass(env, GITHUB.iter().copied());
    }

    fn installer(&self, env: &mut BTreeMap<String, String>) {
        env.extend(index_settings::of(self.operator).env);
        let cache = self.places.root(Place::CACHE);
        env.insert("UV_CACHE_DIR".into(), cache.join("uv").to_string());
        env.insert("PIP_CACHE_DIR".into(), cache.join("pip").to_string());
        let own = self.operator.home.join(".netrc");
        let own = own.is_file().then(|| own.into_string());
        let netrc = self.operator.env.get("NETRC").cloned().or(own);
        env.extend(netrc.map(|path| ("NETRC".to_owned(), path)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipx_in_its_usual_place_is_no_place_of_its_own() {
        let told = |variables: &[(&str, &str)]| {
            let env = variables.iter();
            let operator = Operator {
                env: env
                    .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                    .collect(),
                home: "/home/o".into(),
                cwd: "/work".into(),
            };
            let places = Places { roots: Vec::new() }.with_pipx_of(&operator);
            let roots = places.roots();
            roots
                .map(|(token, path)| format!("{token} {path}"))
                .collect::<Vec<String>>()
        };
        assert_eq!(
            told(&[("PIPX_HOME", "/opt/pipx"), ("PIPX_BIN_DIR", "bin")]),
            ["‹pipx› /opt/pipx", "‹pipx-bin› /work/bin"]
        );
        assert_eq!(
            told(&[("PIPX_HOME", "/opt/pipx"), ("XDG_DATA_HOME", "/data")]),
            ["‹pipx› /opt/pipx"]
        );
        assert_eq!(told(&[("XDG_DATA_HOME", "/data")]), ["‹pipx› /data/pipx"]);
        assert_eq!(
            told(&[("PIPX_HOME", "/home/o/tools/pipx")]),
            ["‹pipx› /home/o/tools/pipx"],
            "in the home, but where nobody would look"
        );
        let usual = [
            ("XDG_DATA_HOME", "/home/o/.local/share"),
            ("PIPX_BIN_DIR", "/home/o/.local/bin"),
        ];
        assert!(told(&usual).is_empty());
        assert!(told(&[("PIPX_HOME", "")]).is_empty());
    }
}
