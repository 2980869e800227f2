//! What remains when logging is gone and does nothing: empty branches, handlers that only raise
//! again, values that nothing reads.

use std::collections::{BTreeMap, BTreeSet};

use super::tree::{Kind, Node};

/// Tells whether evaluating an expression has no effect.
type Pure<'p> = dyn Fn(&Node) -> bool + 'p;

/// A compound statement without the parts that do nothing.
pub(super) fn statement(mut node: Node, pure: &Pure<'_>) -> Vec<Node> {
    match node.kind {
        Kind::If | Kind::Match => {
            let does = blocks(&node).any(|block| !block.is_empty_block());
            if does || !headers(&node).all(pure) {
                vec![node]
            } else {
                Vec::new()
            }
        }
        Kind::Loop if node.text == "for" => {
            let does = blocks(&node).any(|block| !block.is_empty_block());
            let over = node.children[0].children.iter().all(pure);
            if does || !over {
                vec![node]
            } else {
                Vec::new()
            }
        }
        Kind::Try => {
            handlers_that_only_raise_again(&mut node);
            let body_is_empty = node.children[0].is_empty_block();
            if body_is_empty {
                node.children.retain(|part| part.kind != Kind::Handler);
            }
            node.children
                .retain(|part| !(part.is_empty_block() && !part.text.is_empty()));
            let plain = node
                .children
                .iter()
                .all(|part| part.kind == Kind::Block && (part.text != "finally" || body_is_empty));
            if plain {
                node.children
                    .into_iter()
                    .flat_map(|block| block.children)
                    .collect()
            } else {
                vec![node]
            }
        }
        _ => vec![node],
    }
}

/// All blocks of a statement, its cases' included.
fn blocks(node: &Node) -> impl Iterator<Item = &Node> {
    node.children.iter().filter_map(|child| match child.kind {
        Kind::Block => Some(child),
        Kind::Case => child.body(),
        _ => None,
    })
}

/// Conditions, subjects and guards.
fn headers(node: &Node) -> impl Iterator<Item = &Node> {
    node.children
        .iter()
        .filter(|child| child.kind != Kind::Block)
        .flat_map(|child| match child.kind {
            Kind::Case => &child.children[..child.children.len() - 1],
            _ => std::slice::from_ref(child),
        })
}

/// A last handler that raises the same error again is as good as none.
fn handlers_that_only_raise_again(node: &mut Node) {
    loop {
        let Some(at) = node
            .children
            .iter()
            .rposition(|part| part.kind == Kind::Handler)
        else {
            return;
        };
        if !raises_again(&node.children[at]) {
            return;
        }
        node.children.remove(at);
    }
}

fn raises_again(handler: &Node) -> bool {
    let [header, body] = handler.children.as_slice() else {
        return false;
    };
    let [raise] = body.children.as_slice() else {
        return false;
    };
    raise.kind == Kind::Raise
        && raise.text == "raise"
        && match raise.children.as_slice() {
            [] => true,
            // `except E as error: raise error`
            [one] if one.kind == Kind::Name => header.any(&mut |part| {
                part.kind == Kind::Other
                    && part.text == "as_pattern"
                    && part
                        .children
                        .last()
                        .is_some_and(|last| last.text == one.text)
            }),
            _ => false,
        }
}

/// Takes out of a function's body what has no effect; gives back what it took.
pub(super) fn body(body: &mut Node, pure: &Pure<'_>) -> Vec<Node> {
    let mut dead = Vec::new();
    loop {
        let unread = unread(body, pure);
        if unread.is_empty() {
            break;
        }
        let before = dead.len();
        drop_assignments(body, &unread, pure, &mut dead);
        if dead.len() == before {
            break;
        }
    }
    last_return(body);
    dead
}

/// A bare `return` at the end of a function.
fn last_return(body: &mut Node) {
    while body.children.last().is_some_and(|last| {
        last.kind == Kind::Return
            && last
                .children
                .iter()
                .all(|value| value.kind == Kind::Constant && value.text == "none")
    }) {
        body.children.pop();
    }
}

/// Local names that are assigned from values without effect and never read.
fn unread(body: &Node, pure: &Pure<'_>) -> BTreeSet<String> {
    let mut assigned: BTreeMap<String, usize> = BTreeMap::new();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut declared = false;
    body.visit(&mut |node| match node.kind {
        Kind::Assign => {
            if let [target, value] = node.children.as_slice()
                && target.kind == Kind::Name
                && pure(value)
            {
                let own = count(value, &target.text);
                // `count += 1` reads only itself.
                let own = if node.text == "=" && own > 0 { 0 } else { own };
                *assigned.entry(target.text.clone()).or_default() += 1 + own;
            }
        }
        Kind::Name => *seen.entry(node.text.clone()).or_default() += 1,
        Kind::Declare => declared = true,
        _ => {}
    });
    if declared {
        return BTreeSet::new();
    }
    assigned
        .into_iter()
        .filter(|(name, times)| seen.get(name) == Some(times))
        .map(|(name, _)| name)
        .collect()
}

fn count(node: &Node, name: &str) -> usize {
    let mut times = 0;
    node.visit(&mut |part| times += usize::from(part.kind == Kind::Name && part.text == name));
    times
}

fn drop_assignments(
    node: &mut Node,
    names: &BTreeSet<String>,
    pure: &Pure<'_>,
    dead: &mut Vec<Node>,
) {
    if node.kind == Kind::Block {
        let mut kept = Vec::new();
        for mut child in std::mem::take(&mut node.children) {
            let is_dead = child.kind == Kind::Assign
                && child.children[0].kind == Kind::Name
                && names.contains(&child.children[0].text);
            if is_dead {
                dead.push(child);
                continue;
            }
            drop_assignments(&mut child, names, pure, dead);
            kept.extend(statement(child, pure));
        }
        node.children = kept;
        return;
    }
    for child in &mut node.children {
        drop_assignments(child, names, pure, dead);
    }
}

/// Whether a function's body has no effect beyond the value it gives.
pub(super) fn is_pure_body(body: &Node, pure: &Pure<'_>) -> bool {
    !body.children.is_empty()
        && body.children.iter().all(|statement| match statement.kind {
            Kind::Return | Kind::Expression => statement.children.iter().all(pure),
            Kind::Assign => {
                statement.children[0].kind == Kind::Name && pure(&statement.children[1])
            }
            Kind::If => {
                headers(statement).all(pure)
                    && blocks(statement)
                        .all(|block| block.is_empty_block() || is_pure_body(block, pure))
            }
            Kind::Import => true,
            _ => false,
        })
}
