//! Which files below a directory match a pattern, and which directories need not be entered. Pure.

use globset::{Glob, GlobSet, GlobSetBuilder};

use crate::world::{FileFailure, ListFiles, WorldError};

/// Characters that make a part of a pattern more than a name.
const SPECIAL: [char; 7] = ['*', '?', '[', ']', '{', '}', '\\'];

/// The files that a list includes.
pub(super) struct Include {
    /// None if all of them are included.
    set: Option<GlobSet>,
    /// For each pattern the directories that it names before anything that may vary.
    beginnings: Vec<Vec<String>>,
}

impl Include {
    /// Reads a list's patterns.
    ///
    /// # Errors
    /// If one is no pattern.
    pub(super) fn of(list: &ListFiles) -> Result<Self, WorldError> {
        let build = || {
            let mut set = GlobSetBuilder::new();
            for pattern in &list.include {
                set.add(Glob::new(pattern)?);
            }
            set.build()
        };
        let set = build().map_err(|error| WorldError::File {
            operation: "list".to_owned(),
            path: list.root.to_string(),
            kind: FileFailure::Other,
            reason: error.to_string(),
        })?;
        Ok(Self {
            set: (!list.include.is_empty()).then_some(set),
            beginnings: list.include.iter().map(|one| beginning(one)).collect(),
        })
    }

    /// Whether a file is included.
    pub(super) fn takes(&self, relative: &str) -> bool {
        self.set.as_ref().is_none_or(|set| set.is_match(relative))
    }

    /// Whether a directory may contain an included file. A home directory has a million other
    /// files, and directories that cannot be read.
    pub(super) fn enters(&self, directory: &str) -> bool {
        let on_the_way = |beginning: &Vec<String>| {
            let mut both = beginning.iter().zip(directory.split('/'));
            both.all(|(named, part)| named == part)
        };
        self.set.is_none() || self.beginnings.iter().any(on_the_way)
    }
}

fn beginning(pattern: &str) -> Vec<String> {
    let parts = pattern.split('/');
    let names = parts.take_while(|part| !part.contains(SPECIAL));
    names.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::Place;

    fn include(patterns: &[&str]) -> Include {
        let include = patterns.iter().map(|&one| one.to_owned()).collect();
        let root = Place::new(Place::HOME);
        Include::of(&ListFiles { root, include }).unwrap()
    }

    #[test]
    fn only_what_may_lead_to_a_file_is_entered() {
        let few = include(&[".local/bin/*", ".config/uv/*.toml", ".profile"]);
        for entered in [".local", ".local/bin", ".local/bin/below", ".config/uv"] {
            assert!(few.enters(entered), "{entered}");
        }
        for left in ["Documents", ".local/share", ".config/gh", ".locale"] {
            assert!(!few.enters(left), "{left}");
        }
        for all in [include(&[]), include(&["**/*.json"]), include(&["{a,b}/c"])] {
            assert!(all.enters("any/where"));
        }
    }

    #[test]
    fn a_file_that_is_taken_is_never_behind_a_directory_that_is_left() {
        let patterns = [
            "a/b*",
            "a/[bc]/d",
            "x?/y",
            "a",
            "q\\*/r",
            "**/z",
            "a/{b/c,d}/e",
        ];
        for pattern in patterns {
            let include = include(&[pattern]);
            for file in [
                "a/b", "a/bb/c", "a/c/d", "xx/y", "a", "q*/r", "m/n/z", "a/b/c/e",
            ] {
                let mut above = file;
                while let Some((directory, _)) = above.rsplit_once('/') {
                    assert!(
                        !include.takes(file) || include.enters(directory),
                        "{pattern} takes {file} and does not enter {directory}"
                    );
                    above = directory;
                }
            }
        }
    }
}
