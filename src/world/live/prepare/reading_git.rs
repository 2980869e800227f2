//! Keeps `git` in a sandbox where it only reads, although no verb asks for one: a repository's own
//! settings name programs (filters, signature checkers), and git starts them. Whoever wrote the
//! settings is not trusted.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};

use crate::world::live::live_world::LiveWorld;
use crate::world::policy::git_reads_in;
use crate::world::{Place, Program, Sandbox};

/// How many repositories may borrow objects from one another.
const BORROWED: usize = 8;

/// What `git` sees when it only reads: the repository, and the repositories that it borrows from.
/// None for other programs, and where that would show the operator's home.
pub(super) fn sandbox(world: &LiveWorld, program: &Program, name: &str) -> Option<Sandbox> {
    if program.sandbox.is_some() || Utf8Path::new(name).file_name() != Some("git") {
        return None;
    }
    let directory = world.places.path(&git_reads_in(program)?);
    let mut shown = repository(&directory);
    shown.insert(directory);
    let cwd = world.places.path(&program.cwd);
    if cwd != world.places.run() {
        shown.insert(cwd);
    }
    let borrowed = program.env.get("GIT_ALTERNATE_OBJECT_DIRECTORIES");
    let borrowed = borrowed.map(|value| world.places.expand(value));
    let borrowed = borrowed.as_deref().map(|value| value.trim_matches('"'));
    shown.extend(borrowed.map(Utf8PathBuf::from));
    let home = &world.operator.home;
    let hides = |path: &Utf8PathBuf| home.starts_with(path) || world.places.run() == path;
    if shown.iter().any(hides) {
        return None;
    }
    let shown = shown.into_iter().filter(|path| path.exists());
    Some(Sandbox {
        readable: shown.map(|path| Place::new(path.into_string())).collect(),
        ..Sandbox::default()
    })
}

/// Where the repository is that holds a directory: its top, and what lies elsewhere of it.
fn repository(directory: &Utf8Path) -> BTreeSet<Utf8PathBuf> {
    let mut all = BTreeSet::new();
    let tops = directory.ancestors();
    let Some(top) = tops.into_iter().find(|path| path.join(".git").exists()) else {
        // One without a working tree, or none.
        borrows(&directory.join("objects"), &mut all);
        return all;
    };
    all.insert(top.to_owned());
    let mut own = top.join(".git");
    if let Some(elsewhere) = named(&own, "gitdir:") {
        own = top.join(elsewhere);
        all.insert(own.clone());
    }
    let common = named(&own.join("commondir"), "").map(|path| own.join(path));
    borrows(&common.as_ref().unwrap_or(&own).join("objects"), &mut all);
    all.extend(common);
    all
}

/// The path in a file that holds nothing else.
fn named(file: &Utf8Path, before: &str) -> Option<Utf8PathBuf> {
    let text = std::fs::read_to_string(file).ok()?;
    let path = text
        .trim_end_matches('\n')
        .strip_prefix(before)?
        .trim_start();
    Some(Utf8PathBuf::from(path))
}

/// The directories that objects are borrowed from, and those that these borrow from.
fn borrows(objects: &Utf8Path, all: &mut BTreeSet<Utf8PathBuf>) {
    let mut rest = vec![objects.to_owned()];
    for _ in 0..BORROWED {
        let Some(objects) = rest.pop() else { break };
        let list = std::fs::read_to_string(objects.join("info/alternates")).unwrap_or_default();
        for line in list.lines().filter(|line| !line.starts_with('#')) {
            let from = objects.join(line);
            if all.insert(from.clone()) {
                rest.push(from);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_is_its_top_its_own_directory_and_what_it_borrows() {
        let root = tempfile::tempdir().unwrap();
        let root = Utf8PathBuf::try_from(root.path().to_owned()).unwrap();
        let make = |path: &str, text: &str| {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        make(
            "main/.git/objects/info/alternates",
            "../../../lent/objects\n",
        );
        make("lent/objects/info/alternates", "# none\n");
        make("main/.git/worktrees/w/commondir", "../..\n");
        make("main/src/a.py", "");
        let worktree = format!("gitdir: {}\n", root.join("main/.git/worktrees/w"));
        make("w/.git", &worktree);
        let real = |paths: BTreeSet<Utf8PathBuf>| -> BTreeSet<String> {
            let real = paths
                .iter()
                .filter_map(|path| path.canonicalize_utf8().ok());
            let below = real.map(|path| path.strip_prefix(&root).unwrap().to_string());
            below.collect()
        };
        let expected = |paths: &[&str]| paths.iter().map(|path| (*path).to_owned()).collect();
        let found = real(repository(&root.join("main/src")));
        assert_eq!(found, expected(&["lent/objects", "main"]));
        let found = real(repository(&root.join("w")));
        let own = ["lent/objects", "main/.git", "main/.git/worktrees/w", "w"];
        assert_eq!(found, expected(&own));
        assert_eq!(real(repository(&root.join("lent"))), expected(&[]));
    }
}
