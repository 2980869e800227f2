//! Chooses what the tests are run with, and records why.

use super::declared::{Kind, Source, setup_list, sources};
use super::metadata::Metadata;
use super::read::{Project, name_of, normal, strings};
use super::{files, poetry};

/// Names under which projects declare what their tests need.
const TESTS: [&str; 8] = [
    "test",
    "tests",
    "testing",
    "pytest",
    "unittest",
    "unit-tests",
    "test-dependencies",
    "hatch-test",
];
/// Names under which they declare everything for development.
const DEVELOPMENT: [&str; 5] = [
    "dev",
    "develop",
    "development",
    "default",
    "dev-dependencies",
];

/// What the tests are run with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::audit) struct Choice {
    /// Extras and groups to take from `uv.lock`; none if it is not used.
    pub(in crate::audit) locked: Option<Selection>,
    /// Requirements to resolve.
    pub(in crate::audit) inputs: Vec<String>,
    /// Constraints on versions.
    pub(in crate::audit) constraints: Vec<String>,
    /// What was chosen, and why.
    pub(in crate::audit) why: Vec<String>,
    /// What was looked at.
    pub(in crate::audit) looked_at: Vec<String>,
}

/// Part of a lock.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::audit) struct Selection {
    /// Extras.
    pub(in crate::audit) extras: Vec<String>,
    /// Groups.
    pub(in crate::audit) groups: Vec<String>,
}

/// Chooses from the project's declarations. The metadata of the built project takes precedence over
/// the contents of its files.
pub(in crate::audit) fn choose(project: &Project, built: Option<&Metadata>) -> Choice {
    let mut own = built.cloned().unwrap_or_else(|| declared(project));
    if own.requires.is_empty() && own.extras.is_empty() {
        own = declared(project);
    }
    let mut all = sources(project);
    for source in &mut all {
        source.requires = own.flat(&source.requires);
    }
    for (extra, requires) in &own.extras {
        let known = |source: &Source| matches!(&source.kind, Kind::Extra(name) if name == extra);
        if !all.iter().any(known) && !requires.is_empty() {
            all.push(Source {
                what: format!("extra `{extra}`"),
                kind: Kind::Extra(extra.clone()),
                requires: own.flat(requires),
            });
        }
    }
    let chosen = select(&all);
    let mut choice = Choice {
        looked_at: looked_at(project, &all),
        ..Choice::default()
    };
    choice.inputs.extend(own.flat(&own.requires));
    for source in &chosen {
        choice.inputs.extend(source.requires.iter().cloned());
        choice
            .why
            .push(format!("{}, which {}", source.what, reason(source)));
    }
    if !chosen.iter().any(|source| source.has_pytest()) {
        choice
            .why
            .push("pytest by itself: no place names it".to_owned());
    }
    if !choice.inputs.iter().any(|input| name_of(input) == "pytest") {
        choice.inputs.push("pytest".to_owned());
    }
    choice.inputs.dedup();
    lock(project, &chosen, &mut choice);
    choice
}

fn reason(source: &Source) -> &'static str {
    if source.has_pytest() {
        "names pytest"
    } else {
        "is named for tests"
    }
}

/// The lock, if it contains what was chosen; or else the pins of another lock.
fn lock(project: &Project, chosen: &[&Source], choice: &mut Choice) {
    if project.has_uv_lock() {
        let mut selection = Selection::default();
        for source in chosen {
            match &source.kind {
                Kind::Extra(name) => selection.extras.push(name.clone()),
                Kind::Group(name) => selection.groups.push(name.clone()),
                _ => {}
            }
        }
        if chosen
            .iter()
            .any(|source| source.has_pytest() && source.kind.place().0 == 0)
        {
            choice.why.push("versions of `uv.lock`".to_owned());
            choice.locked = Some(selection);
            return;
        }
    }
    if let Some(text) = project.text("poetry.lock") {
        choice.why.push("versions of `poetry.lock`".to_owned());
        choice.constraints = poetry::pins(text);
    } else if let Some(text) = project.text("Pipfile.lock") {
        choice.why.push("versions of `Pipfile.lock`".to_owned());
        choice.constraints = poetry::pipfile_pins(text);
    }
}

/// The first kind of place that names pytest; without one, all that are named for tests.
fn select(all: &[Source]) -> Vec<&Source> {
    for rank in 0..=4 {
        let here: Vec<&Source> = all
            .iter()
            .filter(|source| source.kind.place().0 == rank)
            .collect();
        // Only one file is used: several pin the same packages differently.
        if rank == 2 {
            if let Some(first) = here.iter().find(|source| source.has_pytest()) {
                return vec![*first];
            }
            continue;
        }
        let named = |names: &'static [&'static str]| {
            let is =
                move |source: &&&Source| names.contains(&normal(source.kind.place().1).as_str());
            here.iter().filter(is).copied().collect::<Vec<&Source>>()
        };
        let mut chosen = named(&TESTS);
        let has = |chosen: &[&Source]| chosen.iter().any(|source| source.has_pytest());
        if !has(&chosen) {
            chosen.extend(
                named(&DEVELOPMENT)
                    .into_iter()
                    .find(|source| source.has_pytest()),
            );
        }
        if !has(&chosen) {
            chosen.extend(here.iter().find(|source| source.has_pytest()).copied());
        }
        if has(&chosen) {
            return chosen;
        }
    }
    let is_tests = |source: &&Source| TESTS.contains(&normal(source.kind.place().1).as_str());
    all.iter().filter(is_tests).collect()
}

/// The project's requirements according to its files.
fn declared(project: &Project) -> Metadata {
    let pyproject = &project.pyproject;
    let table = &pyproject["project"];
    let mut own = Metadata {
        name: normal(table["name"].as_str().unwrap_or_default()),
        requires: strings(&table["dependencies"]),
        ..Metadata::default()
    };
    own.requires
        .extend(strings(&pyproject["tool"]["flit"]["metadata"]["requires"]));
    own.requires.extend(poetry::requirements(
        &pyproject["tool"]["poetry"]["dependencies"],
    ));
    if let Some(text) = project.text("setup.cfg") {
        own.requires
            .extend(files::ini(text, "options", "install_requires"));
    }
    if let Some(text) = project.text("setup.py") {
        own.requires.extend(setup_list(text, "install_requires"));
    }
    for source in sources(project) {
        if let Kind::Extra(name) = source.kind {
            own.extras.insert(name, source.requires);
        }
    }
    own
}

/// What was looked at: every place that was there, and the usual ones that were not.
fn looked_at(project: &Project, all: &[Source]) -> Vec<String> {
    const USUAL: [&str; 6] = [
        "pyproject.toml",
        "uv.lock",
        "setup.cfg",
        "setup.py",
        "tox.ini",
        "noxfile.py",
    ];
    let mut looked: Vec<String> = USUAL
        .iter()
        .map(|path| {
            let there = if project.has(path) {
                ""
            } else {
                " (not there)"
            };
            format!("`{path}`{there}")
        })
        .collect();
    looked.extend(all.iter().map(|source| source.what.clone()));
    looked
}
