//! Lets a test module run without the fix although it imports names that only the fix adds. Such a
//! name is stubbed: the tests that use it cannot run, and all others count.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::ops::Range;

use tree_sitter::Node;

use crate::world::{Effect, Place, WriteFile};

use super::brought::{Brought, is_python};
use super::error::AuditError;
use super::git::Git;

/// The stub for a name: it accepts whatever the module does with it.
const NOTHING: &str = "__import__('unittest.mock').mock.MagicMock()";

/// Rewrites the test files of the old side. Returns the stubbed names.
pub(super) async fn stub_missing(
    git: Git<'_>,
    tree: &Place,
    texts: &BTreeMap<String, String>,
    brought: &Brought,
) -> Result<BTreeSet<String>, AuditError> {
    let mut stubbed = BTreeSet::new();
    for (path, text) in texts.iter().filter(|(path, _)| is_python(path)) {
        let Some((text, names)) = without_missing(text, brought) else {
            continue;
        };
        let write = Effect::WriteFile(WriteFile {
            path: tree.join(path),
            text,
            replace: true,
        });
        git.world.perform(git.by, write).await?;
        stubbed.extend(names);
    }
    Ok(stubbed)
}

/// A module's text in which all imports succeed, with the stubbed names; none if nothing has to be
/// changed. Line numbers are preserved.
fn without_missing(text: &str, brought: &Brought) -> Option<(String, BTreeSet<String>)> {
    let mut parser = tree_sitter::Parser::new();
    parser
        .set_language(&tree_sitter_python::LANGUAGE.into())
        .ok()?;
    let tree = parser.parse(text, None)?;
    let root = tree.root_node();
    let mut cursor = root.walk();
    let mut replaced: Vec<(Range<usize>, String)> = Vec::new();
    let mut names = BTreeSet::new();
    for statement in root.named_children(&mut cursor) {
        let line = match statement.kind() {
            "import_from_statement" => from_import(statement, text, brought, &mut names),
            "import_statement" => plain_import(statement, text, brought, &mut names),
            _ => None,
        };
        if let Some(line) = line {
            replaced.push((statement.byte_range(), line));
        }
    }
    if replaced.is_empty() {
        return None;
    }
    let mut text = text.to_owned();
    for (range, mut line) in replaced.into_iter().rev() {
        let breaks = text.get(range.clone())?.matches('\n').count();
        line.push_str(&"\n".repeat(breaks));
        text.replace_range(range, &line);
    }
    Some((text, names))
}

/// `from module import a, b as c`.
fn from_import(
    statement: Node<'_>,
    text: &str,
    brought: &Brought,
    names: &mut BTreeSet<String>,
) -> Option<String> {
    let module = &text[statement.child_by_field_name("module_name")?.byte_range()];
    let (missing, there): (Vec<Imported>, Vec<Imported>) = imported(statement, text)
        .into_iter()
        .partition(|one| brought.imports(module, one.name));
    if missing.is_empty() {
        return None;
    }
    let mut line = String::new();
    if !there.is_empty() {
        let there: Vec<&str> = there.iter().map(|one| one.text).collect();
        let _ = write!(line, "from {module} import {}; ", there.join(", "));
    }
    stand_in(&mut line, missing.iter().map(|one| one.bound), names);
    Some(line)
}

/// `import module, other.module as name`.
fn plain_import(
    statement: Node<'_>,
    text: &str,
    brought: &Brought,
    names: &mut BTreeSet<String>,
) -> Option<String> {
    let all = imported(statement, text);
    if !all.iter().any(|one| brought.is_module(one.name)) {
        return None;
    }
    let mut line = String::new();
    for one in all {
        let package = one.name.split('.').next().unwrap_or(one.name);
        let renamed = one.bound != one.name;
        if !brought.is_module(one.name) {
            let _ = write!(line, "import {}; ", one.text);
        } else if renamed || package == one.name || brought.is_module(package) {
            let bound = if renamed { one.bound } else { package };
            stand_in(&mut line, [bound], names);
            line.push_str("; ");
        } else {
            // The package exists, and the module is missing from it where it is used.
            let _ = write!(line, "import {package}; ");
            names.extend(one.name.rsplit('.').next().map(str::to_owned));
        }
    }
    Some(line.trim_end_matches("; ").to_owned())
}

fn stand_in<'n>(
    line: &mut String,
    bound: impl IntoIterator<Item = &'n str>,
    names: &mut BTreeSet<String>,
) {
    let bound: Vec<&str> = bound.into_iter().collect();
    let parts: Vec<String> = bound
        .iter()
        .map(|name| format!("{name} = {NOTHING}"))
        .collect();
    line.push_str(&parts.join("; "));
    names.extend(bound.into_iter().map(str::to_owned));
}

/// One name of an import.
struct Imported<'t> {
    /// The imported name.
    name: &'t str,
    /// The name it gets.
    bound: &'t str,
    /// Its source text.
    text: &'t str,
}

fn imported<'t>(statement: Node<'_>, text: &'t str) -> Vec<Imported<'t>> {
    let mut cursor = statement.walk();
    let all = statement.children_by_field_name("name", &mut cursor);
    all.map(|node| {
        let name = node.child_by_field_name("name").unwrap_or(node);
        let bound = node.child_by_field_name("alias").unwrap_or(name);
        Imported {
            name: &text[name.byte_range()],
            bound: &text[bound.byte_range()],
            text: &text[node.byte_range()],
        }
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::super::syntax::FilePair;
    use super::*;

    fn brought() -> Brought {
        let pair = FilePair {
            path: "src/app/q.py".to_owned(),
            before: Some("def run(): ...\n".to_owned()),
            after: Some("def run(): ...\ndef keep(): ...\n".to_owned()),
        };
        Brought::new(&[pair], ["src/app/fresh.py"])
    }

    fn rewritten(text: &str) -> (String, Vec<String>) {
        let (text, names) = without_missing(text, &brought()).unwrap();
        let text = text.replace(NOTHING, "N");
        (text, names.into_iter().collect())
    }

    #[test]
    fn only_what_is_missing_is_put_aside_and_lines_stay() {
        let (text, names) =
            rewritten("import os\nfrom app.q import (\n    run,\n    keep as held,\n)\nx = 1\n");
        assert_eq!(
            text,
            "import os\nfrom app.q import run; held = N\n\n\n\nx = 1\n"
        );
        assert_eq!(names, ["held"]);
        let (text, names) = rewritten("from app.fresh import a, b\nfrom app import fresh, q\n");
        assert_eq!(text, "a = N; b = N\nfrom app import q; fresh = N\n");
        assert_eq!(names, ["a", "b", "fresh"]);
        let (text, names) = rewritten("import app.fresh, os\nimport app.fresh as f\n");
        assert_eq!(text, "import app; import os\nf = N\n");
        assert_eq!(names, ["f", "fresh"]);
    }

    #[test]
    fn what_is_there_is_left_alone() {
        for text in [
            "from app.q import run\n",
            "from app.q import *\n",
            "def test():\n    from app.q import keep\n",
            "try:\n    from app.q import keep\nexcept ImportError:\n    keep = None\n",
            "from .q import keep\n",
        ] {
            assert!(without_missing(text, &brought()).is_none(), "{text}");
        }
    }
}
