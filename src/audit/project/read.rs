//! Reads the files of a commit that declare how its tests are run.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;

use crate::audit::blobs::texts;
use crate::audit::error::AuditError;
use crate::audit::git::Git;

/// Largest file of requirements that is read, in bytes; locks are large.
const LARGEST: u64 = 4_000_000;
/// Names of the files that an environment from a lock depends on.
const LOCK: [&str; 3] = ["uv.lock", "uv.toml", "pyproject.toml"];

/// The files of a commit that declare how its tests are run.
#[derive(Debug, Default)]
pub(in crate::audit) struct Project {
    /// Every path of the commit.
    pub(in crate::audit) paths: Vec<String>,
    /// Its directory in the repository; empty for the top.
    pub(in crate::audit) root: String,
    texts: BTreeMap<String, String>,
    /// Names of the contents that an environment from a lock depends on.
    lock: String,
    /// `pyproject.toml`; null without one.
    pub(in crate::audit) pyproject: Value,
    /// Why `pyproject.toml` cannot be read.
    pub(in crate::audit) broken: Option<String>,
}

/// How a project is built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::audit) struct Build {
    /// What its backend needs.
    pub(in crate::audit) requires: Vec<String>,
    /// `module:object` of the backend.
    pub(in crate::audit) backend: String,
    /// Directories of a backend that the project brings itself.
    pub(in crate::audit) path: Vec<String>,
}

impl Project {
    /// Reads the files of a commit that may declare requirements, for the project that contains
    /// these sources.
    pub(in crate::audit) async fn read(
        git: Git<'_>,
        commit: &str,
        sources: &[&str],
    ) -> Result<Self, AuditError> {
        let listed = git
            .text(&["ls-tree", "-r", "-z", "--full-tree", commit], None)
            .await?;
        let entries: Vec<(&str, &str)> = listed
            .split('\0')
            .filter_map(|entry| entry.split_once('\t'))
            .collect();
        let paths: Vec<String> = entries.iter().map(|(_, path)| (*path).to_owned()).collect();
        let root = root_of(&paths, sources);
        let mut wanted = Vec::new();
        // Members of a workspace share a lock, and use different parts of it.
        let mut lock = root.clone();
        for (head, whole) in entries {
            // The requirements of workspace members are in their own files.
            if LOCK.contains(&whole.rsplit('/').next().unwrap_or(whole)) {
                let _ = writeln!(lock, "{head}\t{whole}");
            }
            let Some(path) = inside(&root, whole) else {
                continue;
            };
            // A link's text is a path, and a submodule has none.
            if head.starts_with("100")
                && declares(path)
                && let Some(oid) = head.split(' ').nth(2)
            {
                wanted.push((path.to_owned(), oid.to_owned()));
            }
        }
        let oids: Vec<&str> = wanted.iter().map(|(_, oid)| oid.as_str()).collect();
        let read = texts(git, &oids, LARGEST).await?;
        let texts = wanted
            .into_iter()
            .filter_map(|(path, oid)| Some((path, read.get(&oid)?.as_ref().ok()?.clone())))
            .collect();
        Ok(Self {
            root,
            lock,
            ..Self::new(paths, texts)
        })
    }

    /// What an environment from the lock depends on.
    pub(in crate::audit) fn lock_digest(&self) -> String {
        crate::store::sha256_hex(self.lock.as_bytes())
    }

    /// A project of these files.
    pub(in crate::audit) fn new(paths: Vec<String>, texts: BTreeMap<String, String>) -> Self {
        let read = texts
            .get("pyproject.toml")
            .map(|text| toml::from_str::<Value>(text));
        let (pyproject, broken) = match read {
            Some(Ok(value)) => (value, None),
            Some(Err(error)) => (Value::Null, Some(error.message().to_owned())),
            None => (Value::Null, None),
        };
        Self {
            paths,
            texts,
            pyproject,
            broken,
            ..Self::default()
        }
    }

    /// Text of a file.
    pub(in crate::audit) fn text(&self, path: &str) -> Option<&str> {
        self.texts.get(path).map(String::as_str)
    }

    /// Paths that were read.
    pub(in crate::audit) fn read_paths(&self) -> impl Iterator<Item = &str> {
        self.texts.keys().map(String::as_str)
    }

    /// Whether the project has a file or a directory of this path.
    pub(in crate::audit) fn has(&self, path: &str) -> bool {
        self.paths.iter().any(|known| {
            inside(&self.root, known)
                .and_then(|known| known.strip_prefix(path))
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    }

    /// Whether there is a `uv.lock` for it: its own, or that of the workspace around it.
    pub(in crate::audit) fn has_uv_lock(&self) -> bool {
        self.paths.iter().any(|path| {
            let above = path
                .strip_suffix("uv.lock")
                .map(|above| above.trim_end_matches('/'));
            above.is_some_and(|above| inside(above, &format!("{}/", self.root)).is_some())
        })
    }

    /// The Python versions that the project requires.
    pub(in crate::audit) fn requires_python(&self) -> Option<&str> {
        self.pyproject["project"]["requires-python"].as_str()
    }

    /// How it is built; none if it is not a package.
    pub(in crate::audit) fn build(&self) -> Option<Build> {
        let table = &self.pyproject["build-system"];
        let legacy = self.has("setup.py") || self.has("setup.cfg");
        let declared = table.is_object();
        let asked = self.pyproject["tool"]["uv"]["package"].as_bool();
        if asked == Some(false) || !(declared || legacy || asked == Some(true)) {
            return None;
        }
        let mut requires = strings(&table["requires"]);
        if requires.is_empty() {
            requires = vec!["setuptools>=40.8.0".to_owned()];
        }
        let backend = table["build-backend"]
            .as_str()
            .unwrap_or("setuptools.build_meta:__legacy__");
        // What these backends require only when they are asked.
        if backend.starts_with("setuptools") {
            requires.push("wheel".to_owned());
        } else if backend.starts_with("hatchling") {
            requires.push("editables".to_owned());
        }
        Some(Build {
            requires,
            backend: backend.to_owned(),
            path: strings(&table["backend-path"]),
        })
    }

    /// Directories from which its modules are imported, where nothing better is known.
    pub(in crate::audit) fn source_roots(&self) -> Vec<String> {
        let named = &self.pyproject["tool"]["setuptools"]["package-dir"][""];
        let root = named.as_str().unwrap_or("src");
        let has = !root.is_empty() && root != "." && self.has(root);
        let inside = has.then(|| root.to_owned());
        inside.into_iter().chain([String::new()]).collect()
    }
}

/// The directory of the project that all these sources belong to: of those above them that declare
/// one the nearest.
pub(super) fn root_of(paths: &[String], sources: &[&str]) -> String {
    const PROJECT: [&str; 3] = ["pyproject.toml", "setup.py", "setup.cfg"];
    let Some(first) = sources.first() else {
        return String::new();
    };
    let mut directory = *first;
    while let Some((above, _)) = directory.rsplit_once('/') {
        directory = above;
        let declares = |name: &&str| {
            let file = format!("{above}/{name}");
            paths.contains(&file)
        };
        let holds_all = || sources.iter().all(|path| inside(above, path).is_some());
        if PROJECT.iter().any(declares) && holds_all() {
            return above.to_owned();
        }
    }
    String::new()
}

/// A path relative to a directory; the top of a repository is the empty text.
fn inside<'p>(directory: &str, path: &'p str) -> Option<&'p str> {
    if directory.is_empty() {
        return Some(path);
    }
    path.strip_prefix(directory)?.strip_prefix('/')
}

/// Whether a path may declare what tests need.
pub(super) fn declares(path: &str) -> bool {
    const NAMES: [&str; 13] = [
        "pyproject.toml",
        "setup.cfg",
        "setup.py",
        "tox.ini",
        "tox.toml",
        "noxfile.py",
        "hatch.toml",
        "poetry.lock",
        "Pipfile",
        "Pipfile.lock",
        ".python-version",
        "pytest.ini",
        ".pytest.ini",
    ];
    if NAMES.contains(&path) {
        return true;
    }
    let (directory, name) = path.rsplit_once('/').unwrap_or(("", path));
    let listed = [".txt", ".in"].iter().any(|end| name.ends_with(end));
    listed
        && directory.split('/').count() <= 2
        && (name.contains("requirements") || directory.contains("requirements"))
}

/// The texts of a list.
pub(super) fn strings(value: &Value) -> Vec<String> {
    let all = value.as_array().into_iter().flatten();
    all.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Name of a requirement, as the index compares names.
pub(super) fn name_of(requirement: &str) -> String {
    let end = requirement
        .find(|letter: char| !letter.is_ascii_alphanumeric() && !"._-".contains(letter))
        .unwrap_or(requirement.len());
    normal(&requirement[..end])
}

/// A name as the index compares it.
pub(super) fn normal(name: &str) -> String {
    let mut to = String::new();
    for letter in name.trim().chars() {
        let letter = if "._-".contains(letter) { '-' } else { letter };
        if letter != '-' || !to.ends_with('-') {
            to.push(letter.to_ascii_lowercase());
        }
    }
    to
}
