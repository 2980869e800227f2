//! Checks from where the tests imported the code under audit: a side that tests another copy, such
//! as an editable install of somebody's checkout, proves nothing about either side.
//!
//! A probe runs in every interpreter of the tests: automatically in an environment of the gate, and
//! under an operator's own command as `sitecustomize`, as far as that command allows it.

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8Path;

use crate::world::{Effect, FileFailure, Mount, Place, WorldError, WriteFile};

use super::error::AuditError;
use super::git::{Git, read_text};
use super::request::TestCommand;

/// The probe.
pub(super) const PROBE: &str = include_str!("probe.py");
/// Its name as a module.
pub(super) const PROBE_FILE: &str = "gate_probe.py";
/// How an interpreter that knows nothing of it comes to run it.
const BY_CUSTOM: &str = "import os, sys\n\
    _here = os.path.dirname(os.path.abspath(__file__))\n\
    import gate_probe\n\
    sys.path[:] = [p for p in sys.path if os.path.abspath(p) != _here]\n\
    _own = sys.modules.pop('sitecustomize', None)\n\
    try:\n    import sitecustomize\nexcept ImportError:\n    sys.modules['sitecustomize'] = _own\n";

/// Most files that are watched.
const MOST: usize = 40;

/// Writes the probe into a directory of its own.
pub(super) async fn write_probe(git: Git<'_>, directory: &Place) -> Result<(), AuditError> {
    for (name, text) in [(PROBE_FILE, PROBE), ("sitecustomize.py", BY_CUSTOM)] {
        let write = Effect::WriteFile(WriteFile {
            path: directory.join(name),
            text: text.to_owned(),
            replace: false,
        });
        git.world.perform(git.by, write).await?;
    }
    Ok(())
}

/// The file in which the probe of one run reports what it saw.
pub(super) fn told_at(report: &Place) -> Place {
    Place::new(format!("{report}.imports"))
}

/// The file that the probe of one run may write.
pub(super) fn mount(report: &Place) -> Mount {
    Mount {
        place: told_at(report),
        at: "/gate/imports".to_owned(),
        writable: true,
    }
}

/// Variables that configure the probe of one run.
pub(super) fn variables(tree: &Place, report: &Place) -> [(String, String); 2] {
    [
        ("GATE_AUDIT_TREE".to_owned(), tree.to_string()),
        ("GATE_AUDIT_IMPORTS".to_owned(), told_at(report).to_string()),
    ]
}

/// A command whose interpreters watch the import of these files.
pub(super) fn watching(
    tests: &TestCommand,
    sources: &[&str],
    probe: Option<&Place>,
) -> TestCommand {
    let mut tests = tests.clone();
    let is_python = |path: &&&str| Utf8Path::new(path).extension() == Some("py");
    let sources: Vec<&str> = sources
        .iter()
        .filter(is_python)
        .take(MOST)
        .copied()
        .collect();
    if sources.is_empty() {
        return tests;
    }
    tests
        .env
        .insert("GATE_AUDIT_SOURCES".to_owned(), sources.join(":"));
    // An operator's own path for modules stays first.
    if let Some(probe) = probe.filter(|_| !tests.pass.contains("PYTHONPATH")) {
        let own = tests.env.get("PYTHONPATH");
        let path = own.map_or_else(|| probe.to_string(), |own| format!("{own}:{probe}"));
        tests.env.insert("PYTHONPATH".to_owned(), path);
    }
    tests
}

/// What is wrong with the place from which one run imported the code; none if it is the side under
/// test, or is unknown.
pub(super) async fn foreign(git: Git<'_>, report: &Place) -> Result<Option<String>, AuditError> {
    let told = match read_text(git.world, git.by, &told_at(report), 1_000_000).await {
        Ok(told) => told,
        Err(AuditError::World(WorldError::File { kind, .. }))
            if kind == FileFailure::NotFound || kind == FileFailure::TooLarge =>
        {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    Ok(verdict(&told))
}

fn verdict(told: &str) -> Option<String> {
    let here: BTreeSet<&str> = told
        .lines()
        .filter_map(|line| line.strip_prefix("here "))
        .collect();
    let elsewhere: BTreeMap<&str, &str> = told
        .lines()
        .filter_map(|line| line.strip_prefix("elsewhere ")?.split_once(' '))
        .collect();
    // One process may be of another installation, such as the tool that starts the tests.
    let (path, from) = elsewhere.iter().find(|(path, _)| !here.contains(*path))?;
    Some(format!(
        "the tests import `{path}` from `{from}`, which is not the side under test"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_file_that_no_process_imports_from_the_side_is_foreign() {
        assert_eq!(verdict(""), None);
        assert_eq!(
            verdict("here src/app.py\nelsewhere src/app.py /x/app.py\n"),
            None
        );
        let why = verdict("here src/a.py\nelsewhere src/app.py /x y/app.py\n").unwrap();
        assert!(why.contains("`src/app.py` from `/x y/app.py`"), "{why}");
    }

    #[test]
    fn an_operators_path_for_modules_stays_first() {
        let mut tests = TestCommand::from_line("python -m pytest");
        tests.env.insert("PYTHONPATH".to_owned(), "src".to_owned());
        let probe = Place::run("probe");
        let watched = watching(&tests, &["src/a.py", "src/data.json"], Some(&probe));
        assert_eq!(watched.env["PYTHONPATH"], "src:‹run›/probe");
        assert_eq!(watched.env["GATE_AUDIT_SOURCES"], "src/a.py");
        assert_eq!(watching(&tests, &["data.json"], Some(&probe)), tests);
    }
}
