//! Every place in which a project declares what its tests need.

use camino::Utf8Path;
use serde_json::Value;

use super::read::{Project, name_of, normal, strings};
use super::{files, poetry};

/// One such place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Source {
    /// What a reader calls it.
    pub(super) what: String,
    /// What kind of place.
    pub(super) kind: Kind,
    /// Its requirements; the project's own extras as `.[extra]`.
    pub(super) requires: Vec<String>,
}

/// Kinds of declarations, the most specific first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// An extra of the distribution.
    Extra(String),
    /// A dependency group.
    Group(String),
    /// A group of Poetry.
    Poetry(String),
    /// A requirements file.
    File(String),
    /// What a test runner installs.
    Runner(String),
    /// Another list.
    Other(String),
}

impl Kind {
    /// How early it is looked at, and its name.
    pub(super) fn place(&self) -> (usize, &str) {
        match self {
            Self::Extra(name) | Self::Group(name) => (0, name),
            Self::Poetry(name) => (1, name),
            Self::File(name) => (2, name),
            Self::Runner(name) => (3, name),
            Self::Other(name) => (4, name),
        }
    }
}

impl Source {
    fn new(what: String, kind: Kind, requires: Vec<String>) -> Self {
        Self {
            what,
            kind,
            requires,
        }
    }

    /// Whether it brings pytest, or a plugin of it.
    pub(super) fn has_pytest(&self) -> bool {
        self.requires.iter().any(|requirement| {
            let name = name_of(requirement);
            name == "pytest" || name.starts_with("pytest-")
        })
    }
}

/// All of them.
pub(super) fn sources(project: &Project) -> Vec<Source> {
    let mut all = extras(project);
    all.extend(groups(project));
    all.extend(of_poetry(&project.pyproject["tool"]["poetry"]));
    all.extend(requirement_files(project));
    all.extend(runners(project));
    all.extend(others(project));
    all.retain(|source| !source.requires.is_empty());
    all
}

fn extras(project: &Project) -> Vec<Source> {
    let pyproject = &project.pyproject;
    let mut all = Vec::new();
    let tables = [
        (
            "pyproject.toml",
            &pyproject["project"]["optional-dependencies"],
        ),
        (
            "pyproject.toml",
            &pyproject["tool"]["flit"]["metadata"]["requires-extra"],
        ),
    ];
    for (file, table) in tables {
        for (name, list) in table.as_object().into_iter().flatten() {
            let what = format!("extra `{name}` of `{file}`");
            all.push(Source::new(what, Kind::Extra(normal(name)), strings(list)));
        }
    }
    if let Some(text) = project.text("setup.cfg") {
        let section = "options.extras_require";
        for name in files::ini_keys(text, section) {
            let what = format!("extra `{name}` of `setup.cfg`");
            let lines = files::ini(text, section, &name);
            all.push(Source::new(what, Kind::Extra(normal(&name)), lines));
        }
    }
    all
}

fn groups(project: &Project) -> Vec<Source> {
    let pyproject = &project.pyproject;
    let table = &pyproject["dependency-groups"];
    let mut all = Vec::new();
    for (name, _) in table.as_object().into_iter().flatten() {
        let mut requires = Vec::new();
        group(table, name, &mut Vec::new(), &mut requires);
        let what = format!("group `{name}` of `pyproject.toml`");
        all.push(Source::new(what, Kind::Group(name.clone()), requires));
    }
    let uv = strings(&pyproject["tool"]["uv"]["dev-dependencies"]);
    let what = "`tool.uv.dev-dependencies` of `pyproject.toml`".to_owned();
    all.push(Source::new(what, Kind::Group("dev".to_owned()), uv));
    for (name, list) in pyproject["tool"]["pdm"]["dev-dependencies"]
        .as_object()
        .into_iter()
        .flatten()
    {
        let what = format!("`tool.pdm.dev-dependencies.{name}` of `pyproject.toml`");
        all.push(Source::new(what, Kind::Group(name.clone()), strings(list)));
    }
    all
}

/// Requirements of a group, with those of the groups it includes.
fn group(table: &Value, name: &str, seen: &mut Vec<String>, to: &mut Vec<String>) {
    if seen.contains(&normal(name)) {
        return;
    }
    seen.push(normal(name));
    let named = |(known, _): &(&String, &Value)| normal(known) == normal(name);
    let Some((_, list)) = table.as_object().and_then(|table| table.iter().find(named)) else {
        return;
    };
    for entry in list.as_array().into_iter().flatten() {
        if let Some(requirement) = entry.as_str() {
            to.push(requirement.to_owned());
        } else if let Some(included) = entry["include-group"].as_str() {
            group(table, included, seen, to);
        }
    }
}

fn of_poetry(table: &Value) -> Vec<Source> {
    let groups = table["group"].as_object().into_iter().flatten();
    let mut all: Vec<Source> = groups
        .map(|(name, group)| {
            let what = format!("poetry group `{name}`");
            let requires = poetry::requirements(&group["dependencies"]);
            Source::new(what, Kind::Poetry(name.clone()), requires)
        })
        .collect();
    let old = poetry::requirements(&table["dev-dependencies"]);
    let what = "poetry's `dev-dependencies`".to_owned();
    all.push(Source::new(what, Kind::Poetry("dev".to_owned()), old));
    all
}

/// Files of requirements, those that are about tests first, the plainest name first.
fn requirement_files(project: &Project) -> Vec<Source> {
    let mut paths: Vec<&str> = project
        .read_paths()
        .filter(|path| matches!(Utf8Path::new(path).extension(), Some("txt" | "in")))
        .collect();
    // The source of a lock counts only if the lock does not exist.
    let locked: Vec<String> = paths
        .iter()
        .filter_map(|path| path.strip_suffix(".txt"))
        .map(|stem| format!("{stem}.in"))
        .collect();
    paths.retain(|path| !locked.iter().any(|lock| lock == path));
    paths.sort_by_key(|path| (!path.contains("test"), !path.contains("dev"), path.len()));
    paths
        .into_iter()
        .map(|path| {
            let requires = files::requirements(project, path);
            Source::new(format!("`{path}`"), Kind::File(path.to_owned()), requires)
        })
        .collect()
}

fn runners(project: &Project) -> Vec<Source> {
    let runner = |name: &str, requires| {
        Source::new(
            format!("what {name} installs"),
            Kind::Runner(name.to_owned()),
            requires,
        )
    };
    let mut all = vec![
        runner("tox", files::tox(project)),
        runner("nox", files::nox(project)),
    ];
    let hatch_file: Value = project
        .text("hatch.toml")
        .and_then(|text| toml::from_str(text).ok())
        .unwrap_or_default();
    for table in [
        &project.pyproject["tool"]["hatch"]["envs"],
        &hatch_file["envs"],
    ] {
        for (name, env) in table.as_object().into_iter().flatten() {
            let mut requires = strings(&env["dependencies"]);
            requires.extend(strings(&env["extra-dependencies"]));
            let features = strings(&env["features"]);
            requires.extend(features.iter().map(|name| format!(".[{name}]")));
            let what = format!("hatch environment `{name}`");
            all.push(Source::new(what, Kind::Runner(name.clone()), requires));
        }
    }
    all
}

fn others(project: &Project) -> Vec<Source> {
    let pipfile: Value = project
        .text("Pipfile")
        .and_then(|text| toml::from_str(text).ok())
        .unwrap_or_default();
    let pipfile = poetry::requirements(&pipfile["dev-packages"]);
    let mut all = vec![Source::new(
        "`Pipfile`".to_owned(),
        Kind::Other("dev".to_owned()),
        pipfile,
    )];
    if let Some(text) = project.text("setup.cfg") {
        let what = "`tests_require` of `setup.cfg`".to_owned();
        let lines = files::ini(text, "options", "tests_require");
        all.push(Source::new(what, Kind::Other("tests".to_owned()), lines));
    }
    if let Some(text) = project.text("setup.py") {
        let what = "`tests_require` of `setup.py`".to_owned();
        let lines = setup_list(text, "tests_require");
        all.push(Source::new(what, Kind::Other("tests".to_owned()), lines));
    }
    all
}

/// The literals of a list in a `setup.py`, given by name or assigned before.
pub(super) fn setup_list(text: &str, name: &str) -> Vec<String> {
    let Some((_, rest)) = text.split_once(name) else {
        return Vec::new();
    };
    let rest = rest.trim_start_matches([' ', '=']);
    let Some(inside) = rest
        .strip_prefix('[')
        .and_then(|rest| rest.split(']').next())
    else {
        return Vec::new();
    };
    let all = files::literals(inside).into_iter();
    all.map(str::to_owned).collect()
}
