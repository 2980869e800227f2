//! A project's pytest settings that determine its test files.

use super::files::ini;
use super::read::{Project, strings};
use crate::audit::change::is_test;
use crate::audit::syntax::matches;

/// Files beside test modules that are never test modules, whatever a pattern says.
const NO_MODULES: [&str; 2] = ["conftest.py", "__init__.py"];

/// Whether a file is a module of tests: by its name, or by what the settings of pytest call one.
pub(in crate::audit) fn is_test_module(project: &Project, path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let Some(stem) = name.strip_suffix(".py") else {
        return false;
    };
    let plain =
        stem.starts_with("test_") || stem.ends_with("_test") || ["tests", "test"].contains(&stem);
    // A pattern may also match files of the product.
    plain || (is_test(path) && !NO_MODULES.contains(&name) && is_named(project, path))
}

/// Whether the settings of pytest name a file.
fn is_named(project: &Project, path: &str) -> bool {
    let whole = format!("/{path}");
    let name = path.rsplit('/').next().unwrap_or(path);
    python_files(project).iter().any(|pattern| {
        if pattern.contains('/') {
            matches(&format!("*/{pattern}"), &whole)
        } else {
            matches(pattern, name)
        }
    })
}

/// Patterns of `python_files`, in whichever file they are set.
fn python_files(project: &Project) -> Vec<String> {
    const KEY: &str = "python_files";
    const FILES: [(&str, &str); 4] = [
        ("pytest.ini", "pytest"),
        (".pytest.ini", "pytest"),
        ("tox.ini", "pytest"),
        ("setup.cfg", "tool:pytest"),
    ];
    let pytest = &project.pyproject["tool"]["pytest"];
    let mut lines = Vec::new();
    for table in [&pytest["ini_options"], pytest] {
        lines.extend(strings(&table[KEY]));
        lines.extend(table[KEY].as_str().map(str::to_owned));
    }
    for (path, section) in FILES {
        let text = project.text(path);
        lines.extend(text.map(|text| ini(text, section, KEY)).unwrap_or_default());
    }
    let words = lines.iter().flat_map(|line| line.split_whitespace());
    words.map(str::to_owned).collect()
}
