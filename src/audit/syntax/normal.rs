//! A normal form for functions that do the same. Code that only served logging leaves traces, such
//! as a name for a value, an `except … as`, a walrus, an `else` after a return.
//!
//! Every step preserves what the function does; each is applied to both versions in the same way.

use std::collections::{BTreeMap, BTreeSet};

use super::branches::{branches, trailing_returns};
use super::inline::inline;
use super::tidy;
use super::tree::{Kind, Node};
use super::uses::{Asks, declared, has_hidden_names, occurrences};

/// Brings a function's body to its normal form; gives back what had no use.
pub(super) fn body(body: &mut Node, parameters: &BTreeSet<String>, asks: &Asks<'_>) -> Vec<Node> {
    const ROUNDS: usize = 40;
    let mut dead = tidy::body(body, parameters, asks.pure);
    let hidden = has_hidden_names(body);
    for _ in 0..ROUNDS {
        let before = dead.len();
        let mut changed = false;
        if !hidden {
            changed |= unread_names(body, asks, &mut dead);
            let locals = local_names(body, parameters);
            changed |= inline(body, &locals, asks);
        }
        trailing_returns(body);
        branches(body, asks);
        dead.extend(tidy::body(body, parameters, asks.pure));
        if !changed && dead.len() == before {
            break;
        }
    }
    dead
}

/// Removes names that a module gives to handled errors and never reads.
pub(super) fn module(module: &mut Node) {
    let counts = occurrences(module);
    let mut bound: BTreeMap<String, usize> = BTreeMap::new();
    module.visit(&mut |node| {
        if node.kind == Kind::Handler {
            for name in aliases(node) {
                *bound.entry(name.to_owned()).or_default() += 1;
            }
        }
    });
    bound.retain(|name, times| counts.get(name) == Some(times));
    let unread: BTreeSet<String> = bound.into_keys().collect();
    handlers(module, &unread);
}

fn handlers(node: &mut Node, unread: &BTreeSet<String>) {
    for child in &mut node.children {
        handlers(child, unread);
    }
    if node.kind == Kind::Handler {
        drop_aliases(&mut node.children[0], unread, &mut false);
    }
}

/// Names that a function binds, its parameters among them.
fn local_names(body: &Node, parameters: &BTreeSet<String>) -> BTreeSet<String> {
    let mut names = parameters.clone();
    body.visit(&mut |node| {
        let target = match node.kind {
            Kind::Assign | Kind::Walrus => node.children.first(),
            Kind::Loop => node.children[0].children.first(),
            Kind::Other if node.text == "as_pattern" => node.children.last(),
            _ => None,
        };
        if let Some(target) = target {
            bound_by(target, &mut names);
        }
    });
    let declared = declared(body);
    names.retain(|name| !declared.contains(name));
    names
}

fn bound_by(target: &Node, to: &mut BTreeSet<String>) {
    match target.kind {
        Kind::Name => {
            to.insert(target.text.clone());
        }
        Kind::Collection => target.children.iter().for_each(|part| bound_by(part, to)),
        _ => {}
    }
}

/// Removes names that nothing reads.
fn unread_names(body: &mut Node, asks: &Asks<'_>, dead: &mut Vec<Node>) -> bool {
    let counts = occurrences(body);
    let mut bound: BTreeMap<String, usize> = BTreeMap::new();
    tidy::visit_locals(body, &mut |node| {
        for name in bare_names(node) {
            *bound.entry(name.to_owned()).or_default() += 1;
        }
    });
    let unread: BTreeSet<String> = bound
        .into_iter()
        .filter(|(name, times)| counts.get(name) == Some(times))
        .map(|(name, _)| name)
        .collect();
    let mut changed = false;
    drop_names(body, &unread, asks, &mut changed);
    changed | drop_functions(body, &counts, asks, dead)
}

/// Names that a node binds to what would be evaluated without them, too.
fn bare_names(node: &Node) -> Vec<&str> {
    match node.kind {
        Kind::Assign if node.text != "=" => Vec::new(),
        Kind::Walrus | Kind::Assign => node
            .children
            .first()
            .filter(|target| target.kind == Kind::Name)
            .map(|target| target.text.as_str())
            .into_iter()
            .collect(),
        Kind::Handler | Kind::With => aliases(node).collect(),
        Kind::Loop => counter(node).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// Names behind `as` in a handler or the items of a `with`.
fn aliases(node: &Node) -> impl Iterator<Item = &str> {
    node.children
        .iter()
        .filter(|part| part.kind == Kind::Other)
        .flat_map(|part| {
            let own = std::iter::once(part);
            own.chain(part.children.iter())
        })
        .filter(|part| part.kind == Kind::Other && part.text == "as_pattern")
        .filter_map(|pattern| pattern.children.last())
        .filter(|name| name.kind == Kind::Name)
        .map(|name| name.text.as_str())
}

/// The name of a loop's counter in `for count, item in enumerate(items)`.
fn counter(node: &Node) -> Option<&str> {
    let [target, over] = node.children.first()?.children.as_slice() else {
        return None;
    };
    let counts = over.kind == Kind::Call
        && over.children.len() >= 2
        && over.children[0].kind == Kind::Name
        && over.children[0].text == "enumerate";
    match target.children.as_slice() {
        [count, _] if counts && target.kind == Kind::Collection && count.kind == Kind::Name => {
            Some(&count.text)
        }
        _ => None,
    }
}

fn drop_names(node: &mut Node, unread: &BTreeSet<String>, asks: &Asks<'_>, changed: &mut bool) {
    // What a class binds are its attributes.
    if node.kind == Kind::Class {
        return;
    }
    for child in &mut node.children {
        drop_names(child, unread, asks, changed);
    }
    match node.kind {
        Kind::Walrus if bare_names(node).iter().any(|name| unread.contains(*name)) => {
            *node = node.children.swap_remove(1);
            *changed = true;
        }
        Kind::Assign
            if bare_names(node).iter().any(|name| unread.contains(*name))
                && !(asks.pure)(&node.children[1])
                && is_done_without_a_name(&node.children[1]) =>
        {
            let value = node.children.swap_remove(1);
            *node = Node::new(Kind::Expression, "", node.line, vec![value]);
            *changed = true;
        }
        Kind::Handler | Kind::With => {
            for part in node
                .children
                .iter_mut()
                .filter(|part| part.kind == Kind::Other)
            {
                drop_aliases(part, unread, changed);
            }
        }
        Kind::Loop if counter(node).is_some_and(|name| unread.contains(name)) => {
            let header = &mut node.children[0];
            header.children[0] = header.children[0].children.swap_remove(1);
            header.children[1] = header.children[1].children.swap_remove(1);
            *changed = true;
        }
        _ => {}
    }
}

fn drop_aliases(node: &mut Node, unread: &BTreeSet<String>, changed: &mut bool) {
    if node.kind == Kind::Other && node.text == "as_pattern" {
        let name = node.children.last();
        if name.is_some_and(|name| name.kind == Kind::Name && unread.contains(&name.text)) {
            *node = node.children.swap_remove(0);
            *changed = true;
        }
        return;
    }
    for child in &mut node.children {
        drop_aliases(child, unread, changed);
    }
}

/// Whether an effect is the same if its result is discarded: not for an object that lives as long
/// as its name, such as a lock, a temporary directory or a task.
fn is_done_without_a_name(value: &Node) -> bool {
    const HELD: [&str; 10] = [
        "create_task",
        "ensure_future",
        "open",
        "connect",
        "socket",
        "ref",
        "finalize",
        "acquire",
        "lock",
        "enter_context",
    ];
    match value.kind {
        Kind::Await | Kind::Yield => true,
        Kind::Call => {
            let callee = &value.children[0];
            let named = matches!(callee.kind, Kind::Name | Kind::Attribute);
            let name = callee.text.trim_start_matches('_');
            named && !name.starts_with(char::is_uppercase) && !HELD.contains(&name)
        }
        _ => false,
    }
}

/// Removes definitions inside a function that nothing in it mentions.
fn drop_functions(
    node: &mut Node,
    counts: &BTreeMap<String, usize>,
    asks: &Asks<'_>,
    dead: &mut Vec<Node>,
) -> bool {
    let before = dead.len();
    if node.kind == Kind::Block {
        let (gone, kept) = std::mem::take(&mut node.children)
            .into_iter()
            .partition(|child| {
                child.kind == Kind::Function
                    && !counts.contains_key(&child.text)
                    && child.children[0]
                        .children
                        .iter()
                        .all(|part| match part.kind {
                            Kind::Parameter => part.children.iter().all(|value| (asks.pure)(value)),
                            part => part == Kind::Token,
                        })
            });
        node.children = kept;
        dead.extend::<Vec<Node>>(gone);
    }
    for child in &mut node.children {
        if !matches!(child.kind, Kind::Function | Kind::Class) {
            drop_functions(child, counts, asks, dead);
        }
    }
    dead.len() > before
}
