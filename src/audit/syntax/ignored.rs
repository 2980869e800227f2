//! Differences between two versions that are not behaviour.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::change::{Change, FilePair};
use super::side::Side;
use super::tree::{Aside, MODULE, Note};

/// A difference that is not behaviour.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Ignored {
    /// File.
    pub path: String,
    /// Qualified name of the definition around it.
    pub function: String,
    /// Why it was ignored.
    pub why: Aside,
    /// Its text.
    pub text: String,
    /// Line after the change, or before it if the line was removed.
    pub line: u32,
}

/// `path:line function: why: text`
impl std::fmt::Display for Ignored {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{}:{} {}: {:?}: {}",
            self.path,
            self.line,
            self.function,
            self.why,
            self.text.trim()
        )
    }
}

/// What was set aside on one side and not on the other, each as often as it differs.
pub(super) fn ignored_notes(before: &Side, after: &Side) -> Vec<Ignored> {
    let mut all = surplus(&after.notes, &before.notes);
    all.extend(surplus(&before.notes, &after.notes));
    all
}

fn surplus(notes: &[(String, Note)], other: &[(String, Note)]) -> Vec<Ignored> {
    type Key<'n> = (&'n str, Aside, &'n str, &'n str);
    fn key((path, note): &(String, Note)) -> Key<'_> {
        (path, note.aside, &note.function, &note.text)
    }
    let mut counts: HashMap<Key<'_>, usize> = HashMap::new();
    for note in other {
        *counts.entry(key(note)).or_default() += 1;
    }
    let mut all = Vec::new();
    for note in notes {
        match counts.get_mut(&key(note)) {
            Some(count) if *count > 0 => *count -= 1,
            _ => all.push(Ignored {
                path: note.0.clone(),
                function: note.1.function.clone(),
                why: note.1.aside,
                text: note.1.text.clone(),
                line: note.1.line,
            }),
        }
    }
    all
}

/// Adds a note if two texts differ and nothing else explains the difference.
pub(super) fn formatting_only(files: &[FilePair], changes: &[Change], ignored: &mut Vec<Ignored>) {
    for file in files {
        let differs = file.before != file.after && file.before.is_some() && file.after.is_some();
        let told = changes.iter().any(|change| change.path == file.path)
            || ignored.iter().any(|ignored| ignored.path == file.path);
        if differs && !told {
            ignored.push(Ignored {
                path: file.path.clone(),
                function: MODULE.to_owned(),
                why: Aside::Formatting,
                text: "white space, quotes, parentheses or order".to_owned(),
                line: 1,
            });
        }
    }
}
