//! Inlines a name that is bound once and read once directly afterwards.
//!
//! Never moves a value past anything that could change it or that it could change, nor to a place
//! where it is evaluated later, more than once or not always.

use std::collections::{BTreeMap, BTreeSet};

use super::seek::{Seek, Sought};
use super::tree::{Kind, Node};
use super::uses::{Asks, count, declared, occurrences};

/// Inlines values that are read once, directly after they are bound. Returns whether anything
/// changed.
pub(super) fn inline(body: &mut Node, locals: &BTreeSet<String>, asks: &Asks<'_>) -> bool {
    let counts = occurrences(body);
    let mut captured = captured(body);
    captured.extend(declared(body));
    let mut pairs: BTreeMap<String, usize> = BTreeMap::new();
    each_block(body, false, &mut |block, _| {
        for two in block.children.windows(2) {
            if let Some(name) = bound_then_read(&two[0], &two[1], locals, asks) {
                *pairs.entry(name).or_default() += 1;
            }
        }
    });
    let always: BTreeSet<&String> = pairs
        .iter()
        .filter(|(name, pairs)| counts.get(*name) == Some(&(*pairs * 2)))
        .map(|(name, _)| name)
        .collect();
    let mut changed = false;
    each_block_mut(body, false, &mut |block, in_try| {
        let mut at = block.children.len().saturating_sub(1);
        while at > 0 {
            at -= 1;
            let (bound, next) = (&block.children[at], &block.children[at + 1]);
            let Some(name) = bound_then_read(bound, next, locals, asks) else {
                continue;
            };
            // After a return nothing of this call reads the name again.
            let leaves = matches!(next.kind, Kind::Return | Kind::Raise);
            let last_read = leaves && !in_try && !captured.contains(&name);
            if always.contains(&name) || last_read {
                let mut bound = block.children.remove(at);
                let value = bound.children.swap_remove(1);
                put(&mut block.children[at], &name, &value);
                changed = true;
            }
        }
    });
    changed
}

/// Names in nested definitions, lambdas and generators, which read them later.
fn captured(body: &Node) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    body.visit(&mut |node| {
        let is_generator = node.kind == Kind::Comprehension && node.text == "generator_expression";
        if is_nested(node.kind) || is_generator {
            names.extend(occurrences(node).into_keys());
        }
    });
    names
}

fn is_nested(kind: Kind) -> bool {
    matches!(kind, Kind::Function | Kind::Class | Kind::Lambda)
}

/// Visits each block of a function, with whether an enclosing statement may continue after an
/// error: a `try`, or a `with`.
fn each_block(node: &Node, in_try: bool, see: &mut impl FnMut(&Node, bool)) {
    if is_nested(node.kind) {
        return;
    }
    if node.kind == Kind::Block {
        see(node, in_try);
    }
    for child in &node.children {
        each_block(child, in_try || goes_on(node.kind), see);
    }
}

fn goes_on(kind: Kind) -> bool {
    matches!(kind, Kind::Try | Kind::With)
}

fn each_block_mut(node: &mut Node, in_try: bool, see: &mut impl FnMut(&mut Node, bool)) {
    if is_nested(node.kind) {
        return;
    }
    let within = in_try || goes_on(node.kind);
    for child in &mut node.children {
        each_block_mut(child, within, see);
    }
    if node.kind == Kind::Block {
        see(node, in_try);
    }
}

/// The name that one statement binds and the next reads once, if its value may be moved there.
fn bound_then_read(
    bound: &Node,
    next: &Node,
    locals: &BTreeSet<String>,
    asks: &Asks<'_>,
) -> Option<String> {
    let [target, value] = bound.children.as_slice() else {
        return None;
    };
    let plain = bound.kind == Kind::Assign
        && bound.text == "="
        && target.kind == Kind::Name
        && value.kind != Kind::Assign;
    if !plain || count(next, &target.text) != 1 {
        return None;
    }
    let seek = Seek::new(&target.text, value, locals, asks);
    (seek.statement(next) == Sought::Found).then(|| target.text.clone())
}

fn put(node: &mut Node, name: &str, value: &Node) {
    if node.kind == Kind::Name && node.text == name {
        *node = value.clone();
        return;
    }
    for child in &mut node.children {
        put(child, name, value);
    }
}
