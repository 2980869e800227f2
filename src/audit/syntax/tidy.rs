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
                .retain(|part| !part.is_empty_block() || part.text.is_empty());
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
    let fresh = fresh(body);
    body.visit(&mut |node| match node.kind {
        Kind::Assign | Kind::Expression => {
            if let Some(name) = written(node, &fresh, pure) {
                let uses = count(node, name);
                // `x = x + 1` reads what another statement wrote; `x += 1` reads only itself.
                let reads_itself = node.text == "=" && node.kind == Kind::Assign && uses > 1;
                *assigned.entry(name.to_owned()).or_default() +=
                    if reads_itself { 1 } else { uses };
            }
        }
        Kind::Name => {
            *seen.entry(node.text.clone()).or_default() += 1;
            // These read any local name there is.
            declared |= matches!(node.text.as_str(), "locals" | "vars" | "eval" | "exec");
        }
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

/// Local names that only ever hold a container the function made itself.
fn fresh(body: &Node) -> BTreeSet<String> {
    let mut made = BTreeSet::new();
    let mut other = BTreeSet::new();
    body.visit(&mut |node| {
        if let (Kind::Assign, [target, value]) = (node.kind, node.children.as_slice())
            && target.kind == Kind::Name
        {
            let makes = matches!(value.kind, Kind::Collection | Kind::Comprehension);
            let set = if makes { &mut made } else { &mut other };
            set.insert(target.text.clone());
        }
    });
    made.difference(&other).cloned().collect()
}

/// The local name a statement writes, where that is all it does: `x = …`, `x += …`, and for a
/// container made here `x[…] = …` and `x.append(…)`.
fn written<'n>(node: &'n Node, fresh: &BTreeSet<String>, pure: &Pure<'_>) -> Option<&'n str> {
    const WRITES: [&str; 5] = ["append", "extend", "add", "update", "insert"];
    let made_here = |node: &Node| node.kind == Kind::Name && fresh.contains(&node.text);
    match (node.kind, node.children.as_slice()) {
        (Kind::Assign, [target, value]) if pure(value) => {
            let inside = target
                .children
                .first()
                .filter(|_| target.kind == Kind::Index);
            match inside {
                None => (target.kind == Kind::Name).then_some(target.text.as_str()),
                Some(object) => (made_here(object) && target.children[1..].iter().all(pure))
                    .then_some(object.text.as_str()),
            }
        }
        (Kind::Expression, [call]) if call.kind == Kind::Call => {
            let (callee, arguments) = call.children.split_first()?;
            let object = callee
                .children
                .first()
                .filter(|_| callee.kind == Kind::Attribute)?;
            let writes = WRITES.contains(&callee.text.as_str())
                && made_here(object)
                && arguments.iter().all(pure);
            writes.then_some(object.text.as_str())
        }
        _ => None,
    }
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
            let is_dead = written(&child, names, pure).is_some_and(|name| names.contains(name));
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
