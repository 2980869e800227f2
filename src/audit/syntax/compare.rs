//! Matches the definitions of two versions and reports what behaves differently.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use super::change::{Change, FilePair};
use super::diff::{ChangeKind, differences};
use super::faults::undecided;
use super::grammar::{Unreadable, folded};
use super::ignored::{Ignored, formatting_only, ignored_notes};
use super::lines::Lines;
use super::names::LoggingNames;
use super::rename::{last, plain, translate};
use super::side::{Side, Source, Unit, read_side};
use super::tree::{Aside, Kind, MODULE, Node, one_line};

/// The differences between two versions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comparison {
    /// Changes of behaviour, by path and line.
    pub changes: Vec<Change>,
    /// Differences that were ignored.
    pub ignored: Vec<Ignored>,
    /// Files that could not be judged.
    pub unreadable: Vec<(String, Unreadable)>,
}

/// Compares two versions of a set of files.
#[must_use]
pub fn compare(files: &[FilePair], names: &LoggingNames) -> Comparison {
    let raw = files;
    let files = &*folded_pairs(files);
    let sources = |pick: fn(&FilePair) -> Option<&String>| -> Vec<Source<'_>> {
        files
            .iter()
            .filter_map(|file| {
                let text = pick(file)?;
                Some(Source {
                    path: file.path.clone(),
                    text,
                })
            })
            .collect()
    };
    let before = read_side(&sources(|file| file.before.as_ref()), names);
    let after = read_side(&sources(|file| file.after.as_ref()), names);
    let mut unreadable = before.unreadable.clone();
    unreadable.extend(after.unreadable.iter().cloned());
    unreadable.sort_by(|a, b| a.0.cmp(&b.0));
    unreadable.dedup();
    let mut matching = Matching::new(&before, &after);
    matching.renames();
    let mut changes = matching.changes(files);
    unreadable.extend(undecided(&before.faults, &after.faults, &changes));
    changes.retain(|change| !unreadable.iter().any(|(path, _)| *path == change.path));
    let mut ignored = ignored_notes(&before, &after);
    ignored.extend(matching.moved);
    formatting_only(raw, &changes, &mut ignored);
    ignored.sort();
    Comparison {
        changes,
        ignored,
        unreadable,
    }
}

/// Files as their languages read them.
fn folded_pairs(files: &[FilePair]) -> Cow<'_, [FilePair]> {
    let texts = || {
        files
            .iter()
            .flat_map(|file| [&file.before, &file.after])
            .flatten()
    };
    if !texts().any(|text| text.contains('\r') || text.starts_with('\u{feff}')) {
        return Cow::Borrowed(files);
    }
    let fold = |text: &Option<String>| text.as_deref().map(|text| folded(text).into_owned());
    let folded = files.iter().map(|file| FilePair {
        path: file.path.clone(),
        before: fold(&file.before),
        after: fold(&file.after),
    });
    Cow::Owned(folded.collect())
}

/// Definitions that have no equal on the other side yet.
struct Matching<'s> {
    old: &'s Side,
    new: &'s Side,
    before: Vec<&'s Unit>,
    after: Vec<&'s Unit>,
    /// Last name before, last name after.
    renamed: BTreeMap<String, String>,
    /// Last names of definitions that have moved.
    elsewhere: BTreeSet<String>,
    moved: Vec<Ignored>,
}

impl<'s> Matching<'s> {
    fn new(before: &'s Side, after: &'s Side) -> Self {
        let index = |side: &'s Side| -> HashMap<(&'s str, &'s str), u64> {
            side.units
                .iter()
                .map(|unit| ((unit.path.as_str(), unit.name.as_str()), unit.node.digest))
                .collect()
        };
        let (old, new) = (index(before), index(after));
        let differs = |unit: &&Unit, other: &HashMap<(&str, &str), u64>| {
            other.get(&(unit.path.as_str(), unit.name.as_str())) != Some(&unit.node.digest)
        };
        Self {
            old: before,
            new: after,
            before: before
                .units
                .iter()
                .filter(|unit| differs(unit, &new))
                .collect(),
            after: after
                .units
                .iter()
                .filter(|unit| differs(unit, &old))
                .collect(),
            renamed: BTreeMap::new(),
            elsewhere: BTreeSet::new(),
            moved: Vec::new(),
        }
    }

    fn has(units: &[&Unit], like: &Unit) -> bool {
        units
            .iter()
            .any(|unit| unit.path == like.path && unit.name == like.name)
    }

    /// Finds definitions that only have another place or another name.
    fn renames(&mut self) {
        for _ in 0..4 {
            let before = self.before.len();
            self.one_round_of_renames();
            if self.before.len() == before {
                break;
            }
        }
    }

    fn one_round_of_renames(&mut self) {
        let gone: Vec<&Unit> = self
            .before
            .iter()
            .copied()
            .filter(|unit| unit.name != MODULE && !Self::has(&self.after, unit))
            .collect();
        for old in gone {
            let same: Vec<usize> = (0..self.after.len())
                .filter(|at| {
                    let new = self.after[*at];
                    new.name != MODULE && !Self::has(&self.before, new) && self.is_same(old, new)
                })
                .collect();
            // Two candidates with the same name and location below them are not a rename.
            let Some(at) = same
                .iter()
                .copied()
                .find(|at| last(&self.after[*at].name) == last(&old.name))
                .or_else(|| same.first().copied().filter(|_| same.len() == 1))
            else {
                continue;
            };
            let new = self.after.remove(at);
            self.before.retain(|unit| !std::ptr::eq(*unit, old));
            self.remember(old, new);
        }
    }

    fn remember(&mut self, old: &Unit, new: &Unit) {
        let text = if old.path == new.path {
            format!("{} is now {}", old.name, new.name)
        } else {
            format!("{} moved here from {}", old.name, old.path)
        };
        if last(&old.name) == last(&new.name) {
            self.elsewhere.insert(last(&old.name).to_owned());
        } else {
            self.renamed
                .insert(last(&old.name).to_owned(), last(&new.name).to_owned());
        }
        self.moved.push(Ignored {
            path: new.path.clone(),
            function: new.name.clone(),
            why: Aside::Moved,
            text: one_line(&text),
            line: new.node.line,
        });
    }

    /// Whether two definitions are one under another name or in another place.
    fn is_same(&self, old: &Unit, new: &Unit) -> bool {
        let empty = old.node.body().is_none_or(Node::is_empty_block);
        let (from, to) = (last(&old.name), last(&new.name));
        if from == to {
            return old.node.digest == new.node.digest
                || self.translated(old).digest == new.node.digest;
        }
        // Names that Python itself looks up are behaviour.
        if empty
            && old
                .node
                .children
                .first()
                .is_none_or(|signature| signature.children.is_empty())
            || from.starts_with("__")
            || to.starts_with("__")
        {
            return false;
        }
        let mut names = self.renamed.clone();
        names.insert(from.to_owned(), to.to_owned());
        translate(&old.node, &names).digest == new.node.digest
    }

    fn translated(&self, unit: &Unit) -> Node {
        translate(&unit.node, &self.renamed)
    }

    /// What remains is behaviour.
    fn changes(&mut self, files: &[FilePair]) -> Vec<Change> {
        let lines = Lines::new(files);
        let mut all = Vec::new();
        let after = std::mem::take(&mut self.after);
        let mut new: Vec<&Unit> = after;
        for old in std::mem::take(&mut self.before) {
            let at = new
                .iter()
                .position(|unit| unit.path == old.path && unit.name == old.name);
            match at {
                None => all.extend(lines.whole(old, ChangeKind::Removed, (self.old, self.new))),
                Some(at) => all.extend(self.change(old, new.remove(at), &lines)),
            }
        }
        for unit in new {
            all.extend(lines.whole(unit, ChangeKind::Added, (self.new, self.old)));
        }
        all.sort_by(|a: &Change, b| {
            (&a.path, a.after.or(a.before), &a.function).cmp(&(
                &b.path,
                b.after.or(b.before),
                &b.function,
            ))
        });
        all
    }

    fn change(&mut self, old: &Unit, new: &Unit, lines: &Lines<'_>) -> Vec<Change> {
        let mut before = self.translated(old);
        let mut after = new.node.clone();
        if old.name == MODULE {
            let (used_before, used_after) = (self.old.used(&old.path), self.new.used(&new.path));
            let bound = (imported(&before), imported(&after));
            self.without_idle_imports(&mut before, &bound.1, &used_before, &used_after);
            self.without_idle_imports(&mut after, &bound.0, &used_after, &used_before);
        }
        if before.digest == after.digest || plain(&before).digest == plain(&after).digest {
            return Vec::new();
        }
        if old.name != MODULE && super::alpha::same(&before, &after) {
            self.moved.push(Ignored {
                path: new.path.clone(),
                function: new.name.clone(),
                why: Aside::Moved,
                text: "local names are others, nothing else".to_owned(),
                line: new.node.line,
            });
            return Vec::new();
        }
        differences(&before, &after, &new.name)
            .into_iter()
            .map(|difference| Change {
                path: new.path.clone(),
                function: new.name.clone(),
                kind: difference.kind,
                before: difference.before,
                after: difference.after,
                numeric: difference.numeric,
                text: lines.text(&new.path, difference.before, difference.after),
            })
            .collect()
    }

    /// Drops imports that are not behaviour. If the other version neither has nor uses the name,
    /// its uses count instead. An import that nothing here uses is kept, because it may have an
    /// effect; so is one of a name that the other version uses without it, because it changes that
    /// name's meaning.
    fn without_idle_imports(
        &self,
        module: &mut Node,
        other_has: &BTreeSet<String>,
        used: &BTreeSet<String>,
        other_uses: &BTreeSet<String>,
    ) {
        module.children.retain(|statement| {
            let name = &statement.text;
            let idle =
                used.contains(name) && !other_has.contains(name) && !other_uses.contains(name);
            let is_idle_import =
                statement.kind == Kind::Import && (idle || self.elsewhere.contains(name));
            !is_idle_import
        });
        module.seal();
    }
}

fn imported(module: &Node) -> BTreeSet<String> {
    let imports = module
        .children
        .iter()
        .filter(|node| node.kind == Kind::Import);
    imports.map(|import| import.text.clone()).collect()
}
