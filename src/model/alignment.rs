//! Aligns two sequences: which elements have no equal on the other side, and how similar they are.
//!
//! Owns the only use of a diff library. Elements are numbered first, so that all comparisons share
//! one instance of the algorithm: each further instance would add 100 kB to the program.

use std::collections::HashMap;
use std::hash::Hash;
use std::ops::Range;

use similar::algorithms::{Capture, Compact, Replace, myers};
use similar::{DiffOp, DiffTag};

/// A run of items that has no equal on the other side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Gap {
    pub(crate) before: Range<usize>,
    pub(crate) after: Range<usize>,
}

/// Aligns equal items, in order, and returns the unaligned ones.
pub(crate) fn gaps<T: Eq + Hash>(before: &[T], after: &[T]) -> Vec<Gap> {
    let mut numbers = HashMap::new();
    let mut number = |items| numbered(&mut numbers, items);
    let (before, after) = (number(before), number(after));
    operations(&before, &after)
        .into_iter()
        .filter(|op| op.tag() != DiffTag::Equal)
        .map(|op| Gap {
            before: op.old_range(),
            after: op.new_range(),
        })
        .collect()
}

/// The similarity of two texts, from 0 to 1: the share of their characters that can be aligned.
pub(crate) fn likeness(one: &str, other: &str) -> f32 {
    let characters = |text: &str| text.chars().map(u32::from).collect::<Vec<u32>>();
    let (one, other) = (characters(one), characters(other));
    similar::diff_ratio(&operations(&one, &other), one.len(), other.len())
}

fn numbered<'a, T: Eq + Hash>(numbers: &mut HashMap<&'a T, u32>, items: &'a [T]) -> Vec<u32> {
    let number = |item| {
        let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
        *numbers.entry(item).or_insert(next)
    };
    items.iter().map(number).collect()
}

fn operations(before: &Vec<u32>, after: &Vec<u32>) -> Vec<DiffOp> {
    let mut hook = Compact::new(Replace::new(Capture::new()), before, after);
    match myers::diff(&mut hook, before, 0..before.len(), after, 0..after.len()) {
        Ok(()) => hook.into_inner().into_inner().into_ops(),
        Err(never) => match never {},
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_equal_is_a_gap() {
        let found = gaps(&["a", "b", "c"], &["a", "x", "y", "c", "d"]);
        let gap = |before, after| Gap { before, after };
        assert_eq!(found, [gap(1..2, 1..3), gap(3..3, 4..5)]);
        assert_eq!(gaps(&["a"], &["a"]), []);
        assert_eq!(gaps::<&str>(&[], &[]), []);
    }

    #[test]
    fn likeness_is_between_nothing_and_the_same() {
        assert!((likeness("abc", "abc") - 1.0).abs() < f32::EPSILON);
        assert!(likeness("abc", "xyz").abs() < f32::EPSILON);
        let near = likeness("rc.version", "rc.versoin");
        assert!((0.8..1.0).contains(&near), "{near}");
    }
}
