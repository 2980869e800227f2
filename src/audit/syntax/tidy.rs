//! Removes what has no effect once logging is gone: empty branches, handlers that only raise again,
//! values that nothing reads.

use std::collections::{BTreeMap, BTreeSet};

use super::tree::{Kind, Node};
use super::uses::{count, has_hidden_names, occurrences};

/// Decides whether evaluating an expression has no effect.
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

/// Removes from a function's body what has no effect; returns what it removed.
pub(super) fn body(body: &mut Node, parameters: &BTreeSet<String>, pure: &Pure<'_>) -> Vec<Node> {
    let mut dead = Vec::new();
    loop {
        let own = Own::of(body, parameters);
        let unread = unread(body, &own, pure);
        let before = dead.len();
        if !unread.is_empty() {
            drop_assignments(body, &unread, &own, pure, &mut dead);
        }
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
fn unread(body: &Node, own: &Own, pure: &Pure<'_>) -> BTreeSet<String> {
    let mut assigned: BTreeMap<String, usize> = BTreeMap::new();
    if has_hidden_names(body) {
        return BTreeSet::new();
    }
    visit_locals(body, &mut |node| {
        for name in written(node, own, pure) {
            *assigned.entry(name.to_owned()).or_default() += count(node, name);
        }
    });
    let seen = occurrences(body);
    assigned
        .into_iter()
        .filter(|(name, times)| seen.get(name) == Some(times))
        .map(|(name, _)| name)
        .collect()
}

/// Visits what binds local names: all but the bodies of classes, which bind attributes.
pub(super) fn visit_locals<'t>(node: &'t Node, see: &mut impl FnMut(&'t Node)) {
    if node.kind == Kind::Class {
        return;
    }
    see(node);
    for child in &node.children {
        visit_locals(child, see);
    }
}

/// Local names that only hold objects created by the function itself.
struct Own {
    /// Containers.
    containers: BTreeSet<String>,
    /// Values for which `+=` changes nothing for other holders.
    values: BTreeSet<String>,
}

impl Own {
    fn of(body: &Node, parameters: &BTreeSet<String>) -> Self {
        let (mut containers, mut values) = (BTreeSet::new(), BTreeSet::new());
        let mut shared = parameters.clone();
        let mut other = parameters.clone();
        visit_locals(body, &mut |node| {
            if let (Kind::Assign, "=", [target, value]) =
                (node.kind, node.text.as_str(), node.children.as_slice())
                && target.kind == Kind::Name
            {
                let makes = matches!(value.kind, Kind::Collection | Kind::Comprehension);
                let set = if makes { &mut containers } else { &mut other };
                set.insert(target.text.clone());
                let set = if is_new(value) {
                    &mut values
                } else {
                    &mut shared
                };
                set.insert(target.text.clone());
            }
        });
        containers.retain(|name| !other.contains(name));
        values.retain(|name| !shared.contains(name));
        Self { containers, values }
    }
}

/// Whether an expression creates an object that nothing else holds.
fn is_new(value: &Node) -> bool {
    const MAKES: [&str; 12] = [
        "len", "int", "float", "str", "bool", "list", "dict", "set", "sorted", "round", "abs",
        "tuple",
    ];
    match value.kind {
        Kind::Number
        | Kind::Text
        | Kind::Format
        | Kind::Constant
        | Kind::Collection
        | Kind::Comprehension
        | Kind::Operator
        | Kind::Compare => true,
        Kind::Call => value.children[0]
            .dotted()
            .is_some_and(|callee| MAKES.contains(&callee.as_str()) || callee.starts_with("time.")),
        _ => false,
    }
}

/// The local names a statement writes, if it does nothing else: `x = …`, `x, y = …`, `x += …`, `del
/// x`, and for a container created here `x[…] = …` and `x.append(…)`.
fn written<'n>(node: &'n Node, own: &Own, pure: &Pure<'_>) -> Vec<&'n str> {
    match (node.kind, node.children.as_slice()) {
        (Kind::Assign, [target, value]) if pure(value) => assigned(node, target, own, pure),
        (Kind::Expression, [call]) if call.kind == Kind::Call => {
            filled(call, own, pure).into_iter().collect()
        }
        (Kind::Other, [.., names]) if node.text == "delete_statement" => names_of(names),
        _ => Vec::new(),
    }
}

fn assigned<'n>(node: &Node, target: &'n Node, own: &Own, pure: &Pure<'_>) -> Vec<&'n str> {
    let updates = node.text != "=";
    match target.kind {
        Kind::Name if updates && !own.values.contains(&target.text) => Vec::new(),
        Kind::Index => {
            let object = &target.children[0];
            let made_here = object.kind == Kind::Name && own.containers.contains(&object.text);
            let writes = made_here && target.children[1..].iter().all(pure);
            writes.then_some(object.text.as_str()).into_iter().collect()
        }
        _ => names_of(target),
    }
}

/// The names that make up a target; none if it contains anything else.
fn names_of(target: &Node) -> Vec<&str> {
    match target.kind {
        Kind::Name => vec![&target.text],
        Kind::Collection if target.children.iter().all(|part| part.kind == Kind::Name) => target
            .children
            .iter()
            .map(|part| part.text.as_str())
            .collect(),
        _ => Vec::new(),
    }
}

fn filled<'n>(call: &'n Node, own: &Own, pure: &Pure<'_>) -> Option<&'n str> {
    const WRITES: [&str; 5] = ["append", "extend", "add", "update", "insert"];
    let (callee, arguments) = call.children.split_first()?;
    let object = callee
        .children
        .first()
        .filter(|_| callee.kind == Kind::Attribute)?;
    let writes = WRITES.contains(&callee.text.as_str())
        && object.kind == Kind::Name
        && own.containers.contains(&object.text)
        && arguments.iter().all(pure);
    writes.then_some(object.text.as_str())
}

fn drop_assignments(
    node: &mut Node,
    names: &BTreeSet<String>,
    own: &Own,
    pure: &Pure<'_>,
    dead: &mut Vec<Node>,
) {
    if node.kind == Kind::Class {
        return;
    }
    if node.kind == Kind::Block {
        let mut kept = Vec::new();
        for mut child in std::mem::take(&mut node.children) {
            let written = written(&child, own, pure);
            if !written.is_empty() && written.iter().all(|name| names.contains(*name)) {
                dead.push(child);
                continue;
            }
            drop_assignments(&mut child, names, own, pure, dead);
            kept.extend(statement(child, pure));
        }
        node.children = kept;
        return;
    }
    for child in &mut node.children {
        drop_assignments(child, names, own, pure, dead);
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
