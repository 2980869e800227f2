//! `src/` is layers: a file imports only from lower ones, and no two files import each other.

mod reader;
mod resolver;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use reader::{How, Modules};
use resolver::Found;

/// The folders of `src/`, lowest first. Those of one line are beside each other, and import
/// nothing from one another either.
const LAYERS: [&[&str]; 16] = [
    &["model"],
    &["store"],
    &["world"],
    &["signing"],
    &["journal"],
    &["verb"],
    &["audit", "candidate", "processes", "toolbox"],
    &["verbs"],
    &["gate"],
    &["engine"],
    &["report", "evidence"],
    &["session"],
    &["rehearsal"],
    &["cli"],
    &["main.rs"],
    &["lib.rs"],
];

/// One file imports from another: what, and how.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Import {
    from: PathBuf,
    to: PathBuf,
    name: String,
    how: How,
    test: bool,
}

fn imports(modules: &Modules) -> BTreeSet<Import> {
    let mut imports = BTreeSet::new();
    for (path, module) in modules {
        for mention in &module.mentions {
            // What is used of a module is a path of its own.
            let Some(Found::Item(to, name)) = resolver::resolve(modules, path, &mention.path)
            else {
                continue;
            };
            if to != module.file {
                imports.insert(Import {
                    from: module.file.clone(),
                    to,
                    name,
                    how: mention.how,
                    test: mention.test,
                });
            }
        }
    }
    imports
}

/// The layer of a file, and its folder.
fn layer(source: &Path, file: &Path) -> (usize, String) {
    let below = file.strip_prefix(source).unwrap();
    let folder = below.iter().next().unwrap().to_str().unwrap().to_owned();
    let layer = LAYERS
        .iter()
        .position(|layer| layer.contains(&folder.as_str()))
        .unwrap_or_else(|| panic!("`{folder}` is in no layer"));
    (layer, folder)
}

fn upwards(source: &Path, imports: &BTreeSet<Import>) -> Vec<String> {
    let mut found = Vec::new();
    for import in imports {
        let (from, to) = (layer(source, &import.from), layer(source, &import.to));
        if to.0 > from.0 || (to.0 == from.0 && to.1 != from.1) {
            found.push(format!(
                "{} → {}: {} imports `{}` of {}{}",
                from.1,
                to.1,
                shown(source, &import.from),
                import.name,
                shown(source, &import.to),
                if import.test { " (tests)" } else { "" },
            ));
        }
    }
    found
}

fn mutual(source: &Path, imports: &BTreeSet<Import>) -> Vec<String> {
    let mut between: BTreeMap<(&Path, &Path), Vec<&Import>> = BTreeMap::new();
    for import in imports {
        let pair = (import.from.as_path(), import.to.as_path());
        between.entry(pair).or_default().push(import);
    }
    let mut found = Vec::new();
    for (&(one, other), there) in &between {
        let Some(back) = between.get(&(other, one)).filter(|_| one < other) else {
            continue;
        };
        let told = |imports: &[&Import]| {
            let told = imports.iter().map(|import| {
                let how = match (import.how, import.test) {
                    (_, true) => " (tests)",
                    (How::ReExported, _) => " (re-export)",
                    (How::Used, _) => "",
                };
                format!("`{}`{how}", import.name)
            });
            told.collect::<Vec<_>>().join(", ")
        };
        let (one, other) = (shown(source, one), shown(source, other));
        found.push(format!(
            "{one} and {other} import each other\n    {one}: {}\n    {other}: {}",
            told(there),
            told(back)
        ));
    }
    found
}

fn shown(source: &Path, file: &Path) -> String {
    format!("src/{}", file.strip_prefix(source).unwrap().display())
}

#[test]
fn imports_point_downwards_and_no_two_files_import_each_other() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let modules = reader::read_crate(&source);
    let imports = imports(&modules);
    assert!(imports.len() > 1000, "{} imports were read", imports.len());
    let upwards = upwards(&source, &imports);
    let mutual = mutual(&source, &imports);
    assert!(
        upwards.is_empty() && mutual.is_empty(),
        "{} imports point upwards\n{}\n\n{} pairs of files import each other\n{}",
        upwards.len(),
        upwards.join("\n"),
        mutual.len(),
        mutual.join("\n"),
    );
}
