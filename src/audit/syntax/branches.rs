//! A normal form for branches: no `else` after a branch that leaves, nothing evaluated for an empty
//! branch, no bare `return` at the end of a function.

use super::tidy;
use super::tree::{Kind, Node};
use super::uses::Asks;

/// Gives branches one form, innermost first.
pub(super) fn branches(node: &mut Node, asks: &Asks<'_>) {
    if matches!(node.kind, Kind::Function | Kind::Class | Kind::Lambda) {
        return;
    }
    for child in &mut node.children {
        branches(child, asks);
    }
    if node.kind == Kind::Return {
        node.children.retain(|value| !is_none(value));
    }
    if node.kind != Kind::Block {
        return;
    }
    let mut all = Vec::new();
    for child in std::mem::take(&mut node.children) {
        match child.kind {
            Kind::If => branch(child, asks, &mut all),
            Kind::With if is_idle_with(&child, asks) => {}
            Kind::Expression => all.push(expression(child, asks)),
            Kind::Try | Kind::Match | Kind::Loop => {
                all.extend(tidy::statement(child, asks.pure));
            }
            _ => all.push(child),
        }
    }
    node.children = all;
}

/// `if not …` where only the `else` does something, and no `else` behind what leaves.
fn branch(mut node: Node, asks: &Asks<'_>, to: &mut Vec<Node>) {
    if node.children.len() != 3 {
        to.push(node);
        return;
    }
    let (then, otherwise) = (&node.children[1], &node.children[2]);
    match (then.is_empty_block(), otherwise.is_empty_block()) {
        (true, true) => {
            let line = node.line;
            let condition = node.children.swap_remove(0);
            if !(asks.pure)(&condition) {
                let acts = Node::new(Kind::Expression, "", line, vec![condition]);
                to.push(expression(acts, asks));
            }
        }
        (true, false) => {
            node.children.swap(1, 2);
            negate(&mut node.children[0]);
            to.push(node);
        }
        (false, false) if leaves(then) => {
            let rest = std::mem::take(&mut node.children[2].children);
            to.push(node);
            to.extend(rest);
        }
        (false, false) if leaves(otherwise) => {
            node.children.swap(1, 2);
            let rest = std::mem::take(&mut node.children[2].children);
            negate(&mut node.children[0]);
            to.push(node);
            to.extend(rest);
        }
        _ => to.push(node),
    }
}

fn negate(condition: &mut Node) {
    let line = condition.line;
    let is_not = condition.kind == Kind::Boolean
        && condition.children.len() == 2
        && condition.children[0].text == "not";
    if is_not {
        *condition = condition.children.swap_remove(1);
        return;
    }
    let inner = std::mem::replace(condition, Node::leaf(Kind::Constant, "none", line));
    let not = Node::leaf(Kind::Token, "not", line);
    *condition = Node::new(Kind::Boolean, "", line, vec![not, inner]);
}

/// Whether code after a block is never reached through it.
fn leaves(block: &Node) -> bool {
    block.children.last().is_some_and(|last| match last.kind {
        Kind::Return | Kind::Jump => true,
        Kind::Raise => last.text == "raise",
        Kind::If => last.children[1..].iter().all(leaves),
        _ => false,
    })
}

/// `with suppress(…)` around nothing.
fn is_idle_with(node: &Node, asks: &Asks<'_>) -> bool {
    let Some((body, items)) = node.children.split_last() else {
        return false;
    };
    let idle = |item: &Node| {
        let call = if item.kind == Kind::Call {
            Some(item)
        } else {
            item.children.first()
        };
        call.is_some_and(|call| {
            let callee = call
                .children
                .first()
                .and_then(Node::dotted)
                .unwrap_or_default();
            call.kind == Kind::Call
                && matches!(
                    callee.as_str(),
                    "suppress" | "contextlib.suppress" | "nullcontext" | "contextlib.nullcontext"
                )
                && call.children[1..]
                    .iter()
                    .all(|argument| (asks.pure)(argument))
        })
    };
    body.is_empty_block() && items.iter().all(idle)
}

/// A statement's expression without unused parts: `f() or None` is `f()`.
fn expression(mut node: Node, asks: &Asks<'_>) -> Node {
    while let [value] = node.children.as_mut_slice() {
        let pure = |part: &Node| (asks.pure)(part);
        let parts = value.children.as_slice();
        let at = match (value.kind, parts) {
            (Kind::Boolean, [_, _]) => 1,
            (Kind::Boolean, [first, _, second]) if !pure(first) && pure(second) => 0,
            (Kind::Compare, [first, _, second]) if !pure(first) && pure(second) => 0,
            (Kind::Other, [then, _, condition, _, otherwise])
                if value.text == "conditional_expression"
                    && !pure(condition)
                    && pure(then)
                    && pure(otherwise) =>
            {
                2
            }
            _ => break,
        };
        if pure(&value.children[at]) {
            break;
        }
        *value = value.children.swap_remove(at);
    }
    node
}

/// Removes a bare `return` at the end of a function.
pub(super) fn trailing_returns(block: &mut Node) {
    while let Some(last) = block.children.last_mut() {
        match last.kind {
            Kind::Return if last.children.iter().all(is_none) => {
                block.children.pop();
                continue;
            }
            Kind::If => {
                for branch in last.children.iter_mut().skip(1) {
                    trailing_returns(branch);
                }
            }
            _ => {}
        }
        return;
    }
}

fn is_none(value: &Node) -> bool {
    value.kind == Kind::Constant && value.text == "none"
}
