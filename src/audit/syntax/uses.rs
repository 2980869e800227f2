//! How often names occur, and the questions that judging a function asks about its expressions.

use std::collections::{BTreeMap, BTreeSet};

use super::tree::{Kind, Node};

/// The questions that judging one function asks about expressions.
pub(super) struct Asks<'a> {
    /// Whether evaluating an expression has no effect.
    pub(super) pure: &'a dyn Fn(&Node) -> bool,
    /// Whether a callee cannot be replaced between its look-up and the call.
    pub(super) stable_callee: &'a dyn Fn(&Node) -> bool,
}

/// How often each name occurs, bound or read, nested definitions included.
pub(super) fn occurrences(body: &Node) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    body.visit(&mut |node| {
        if node.kind == Kind::Name {
            *counts.entry(node.text.clone()).or_default() += 1;
        }
    });
    counts
}

/// Whether something in a function reads names by other ways than their spelling.
pub(super) fn has_hidden_names(body: &Node) -> bool {
    body.any(&mut |node| match node.kind {
        Kind::Name => matches!(node.text.as_str(), "locals" | "eval" | "exec"),
        Kind::Call => {
            node.children.len() == 1 && matches!(node.children[0].text.as_str(), "vars" | "dir")
        }
        _ => false,
    })
}

/// Names that are declared `global` or `nonlocal`, here or in a nested definition: something else
/// reads and binds them, too.
pub(super) fn declared(body: &Node) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    body.visit(&mut |node| {
        if node.kind == Kind::Declare {
            names.extend(occurrences(node).into_keys());
        }
    });
    names
}

/// How often a name occurs in a tree.
pub(super) fn count(node: &Node, name: &str) -> usize {
    let mut times = 0;
    node.visit(&mut |part| times += usize::from(part.kind == Kind::Name && part.text == name));
    times
}
