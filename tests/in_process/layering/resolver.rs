//! Where a path leads: to the file that defines what it names, through every re-export.

use std::path::PathBuf;

use super::reader::{Modules, Name};

/// What a path leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found {
    Module(Vec<String>),
    /// Something that this file defines, by its name there.
    Item(PathBuf, String),
}

/// Deeper than any chain of re-exports: two that name each other end there.
const DEEPEST: usize = 32;

/// Follows a path that is written in a module. None: it leads out of the crate, or it is the name
/// of something local.
pub(crate) fn resolve(modules: &Modules, from: &[String], path: &[String]) -> Option<Found> {
    Resolver { modules }.follow(from, path, 0)
}

struct Resolver<'m> {
    modules: &'m Modules,
}

impl Resolver<'_> {
    fn follow(&self, from: &[String], path: &[String], depth: usize) -> Option<Found> {
        if depth > DEEPEST {
            return None;
        }
        let mut here = from.to_vec();
        let mut rest = path;
        let mut anchored = false;
        while let Some((first, after)) = rest.split_first() {
            match first.as_str() {
                "crate" => here.clear(),
                "self" => {}
                "super" => {
                    here.pop()?;
                }
                _ => break,
            }
            anchored = true;
            rest = after;
        }
        while let Some((name, after)) = rest.split_first() {
            match self.look_up(&here, name, !after.is_empty(), depth) {
                Some(Found::Module(path)) => here = path,
                Some(item) => return Some(item),
                // A name in our own module that a macro made.
                None if anchored => {
                    let file = self.modules.get(&here)?.file.clone();
                    return Some(Found::Item(file, name.clone()));
                }
                None => return None,
            }
            anchored = true;
            rest = after;
        }
        Some(Found::Module(here))
    }

    /// A name in a module: its own before those of a glob; a module before an item where more of
    /// the path follows.
    fn look_up(&self, module: &[String], name: &str, more: bool, depth: usize) -> Option<Found> {
        let here = self.modules.get(module)?;
        let own = here.names.get(name);
        let child = own.into_iter().flatten().find_map(|what| match what {
            Name::Module(path) => Some(Found::Module(path.clone())),
            _ => None,
        });
        if more && child.is_some() {
            // The item of the same name may be imported through this very module.
            return child;
        }
        let mut found = Vec::new();
        for what in here.names.get(name).into_iter().flatten() {
            match what {
                Name::Module(path) => found.push(Found::Module(path.clone())),
                Name::Item => found.push(Found::Item(here.file.clone(), name.to_owned())),
                Name::Import(path) if path.len() == 1 && path[0] == name => {}
                Name::Import(path) => found.extend(self.follow(module, path, depth + 1)),
            }
        }
        let is_module = |found: &Found| matches!(found, Found::Module(_));
        let best = found.iter().position(|one| is_module(one) == more);
        if let Some(best) = best.or((!found.is_empty()).then_some(0)) {
            return Some(found.swap_remove(best));
        }
        let mut globs =
            here.globs
                .iter()
                .filter_map(|glob| match self.follow(module, glob, depth + 1)? {
                    Found::Module(path) if path != module => {
                        self.look_up(&path, name, more, depth + 1)
                    }
                    _ => None,
                });
        globs.next()
    }
}
