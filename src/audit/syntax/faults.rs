//! Syntax that the grammar cannot parse, for example because it is newer. It makes the result
//! undetermined if it was added or removed, or is in a definition that changed; the rest of the
//! file is judged.

use std::collections::{BTreeMap, BTreeSet};

use super::change::Change;
use super::grammar::Unreadable;
use super::tree::{Fault, MODULE};

/// Files whose changes cannot be judged, with the first reason for each.
pub(super) fn undecided(
    before: &[(String, Fault)],
    after: &[(String, Fault)],
    changes: &[Change],
) -> Vec<(String, Unreadable)> {
    let paths: BTreeSet<&String> = before.iter().chain(after).map(|(path, _)| path).collect();
    paths
        .into_iter()
        .filter_map(|path| {
            let of = |side: &[(String, Fault)]| -> Vec<Fault> {
                let of_path = side.iter().filter(|(its, _)| its == path);
                of_path.map(|(_, fault)| fault.clone()).collect()
            };
            let line = first_that_counts(&of(before), &of(after), path, changes)?;
            Some((path.clone(), Unreadable::SyntaxError { line }))
        })
        .collect()
}

fn first_that_counts(
    before: &[Fault],
    after: &[Fault],
    path: &str,
    changes: &[Change],
) -> Option<u32> {
    if let Some(line) = differs(after, before).or_else(|| differs(before, after)) {
        return Some(line);
    }
    let lies_in_a_change = |fault: &&Fault| {
        let changes = changes.iter().filter(|change| change.path == path);
        changes
            .into_iter()
            .any(|change| within(&fault.function, &change.function))
    };
    after.iter().find(lies_in_a_change).map(|fault| fault.line)
}

/// Line of the first fault that the other version does not have as often.
pub(super) fn differs(one: &[Fault], other: &[Fault]) -> Option<u32> {
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for fault in other {
        *counts.entry((&fault.function, &fault.text)).or_default() += 1;
    }
    for fault in one {
        match counts.get_mut(&(fault.function.as_str(), fault.text.as_str())) {
            Some(count) if *count > 0 => *count -= 1,
            _ => return Some(fault.line),
        }
    }
    None
}

/// Whether a fault is in a definition, in an enclosing or in a nested one.
fn within(fault: &str, changed: &str) -> bool {
    let changed = changed.split('#').next().unwrap_or(changed);
    let inside = |inner: &str, outer: &str| {
        inner
            .strip_prefix(outer)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    if fault == MODULE || changed == MODULE {
        return fault == changed;
    }
    inside(fault, changed) || inside(changed, fault)
}
