//! Where two versions of one definition differ, and the kind of the difference.

use serde::{Deserialize, Serialize};

use super::tree::{Kind, Node};
use super::waits::{Step, is_wait, names_a_wait};
use crate::model::alignment::{self, Gap};

/// The kind of behaviour that changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeKind {
    /// A branch, loop, handler, return or raise.
    Branch,
    /// A condition.
    Condition,
    /// A call or its arguments.
    Call,
    /// A literal.
    Constant,
    /// An assignment or other data.
    Data,
    /// Parameters, decorators, bases.
    Signature,
    /// A definition that is new.
    Added,
    /// A removed definition.
    Removed,
    /// A logging call that also does something else.
    LoggingEffect,
}

/// One difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Difference {
    pub(super) kind: ChangeKind,
    pub(super) before: Option<u32>,
    pub(super) after: Option<u32>,
    /// Whether only the length of a wait differs.
    pub(super) numeric: bool,
}

/// All differences between two sealed trees of one definition.
pub(super) fn differences(before: &Node, after: &Node, unit: &str) -> Vec<Difference> {
    let mut all = Vec::new();
    let path = &mut Path {
        unit,
        steps: Vec::new(),
    };
    walk((before, after), Around::Data, path, &mut all);
    all.sort();
    all.dedup();
    all
}

/// The context of a difference.
#[derive(Clone, Copy)]
enum Around {
    Data,
    Condition,
    Call,
    Signature,
}

impl Around {
    fn inside(self, parent: &Node, index: usize) -> Self {
        match parent.kind {
            Kind::Signature => Self::Signature,
            Kind::If if index == 0 => Self::Condition,
            Kind::Compare | Kind::Boolean => Self::Condition,
            Kind::Loop if index == 0 && parent.text == "while" => Self::Condition,
            Kind::Call if !matches!(self, Self::Signature | Self::Condition) => Self::Call,
            Kind::Block => Self::Data,
            _ => self,
        }
    }
}

/// The way from a definition to what differs in it.
struct Path<'n> {
    unit: &'n str,
    steps: Vec<Step<'n>>,
}

fn walk<'n>(
    (before, after): (&'n Node, &'n Node),
    around: Around,
    path: &mut Path<'n>,
    to: &mut Vec<Difference>,
) {
    if before.digest == after.digest {
        return;
    }
    let alike = before.kind == after.kind
        && before.text == after.text
        && !(before.children.is_empty() || after.children.is_empty());
    let blocks = before.kind == Kind::Block && after.kind == Kind::Block;
    if !alike && !blocks {
        to.push(difference(Some(before), Some(after), around, path));
        return;
    }
    for gap in gaps(&before.children, &after.children) {
        pair(gap, (before, after), around, path, to);
    }
}

/// Pairs the nodes in one gap by kind and order; a node without a partner was added or removed.
fn pair<'n>(
    gap: Gap,
    (before, after): (&'n Node, &'n Node),
    around: Around,
    path: &mut Path<'n>,
    to: &mut Vec<Difference>,
) {
    let mut rest: Vec<usize> = gap.after.collect();
    for old in gap.before {
        let node = &before.children[old];
        let around = around.inside(before, old);
        let same_kind = rest
            .iter()
            .position(|new| after.children[*new].kind == node.kind);
        if let Some(at) = same_kind {
            let new = rest.remove(at);
            path.steps.push((after, new));
            walk((node, &after.children[new]), around, path, to);
            path.steps.pop();
            continue;
        }
        let new = position_for(before, after, old, &rest).map(|at| rest.remove(at));
        let new = new.map(|new| &after.children[new]);
        to.push(difference(Some(node), new, around, path));
    }
    for new in rest {
        let around = around.inside(after, new);
        to.push(difference(None, Some(&after.children[new]), around, path));
    }
}

/// In expressions a child of another kind at the same place is the same operand, changed.
fn position_for(before: &Node, after: &Node, old: usize, rest: &[usize]) -> Option<usize> {
    let operands = before.kind != Kind::Block && before.children.len() == after.children.len();
    operands
        .then(|| rest.iter().position(|new| *new == old))
        .flatten()
}

/// Aligns equal children by their longest common subsequence.
fn gaps(before: &[Node], after: &[Node]) -> Vec<Gap> {
    let key = |nodes: &[Node]| nodes.iter().map(|node| node.digest).collect::<Vec<_>>();
    alignment::gaps(&key(before), &key(after))
}

fn difference(
    before: Option<&Node>,
    after: Option<&Node>,
    around: Around,
    path: &Path<'_>,
) -> Difference {
    let line = |node: Option<&Node>| node.and_then(first_line);
    Difference {
        kind: kind_of(before, after, around),
        before: line(before),
        after: line(after),
        numeric: is_wait_only(before, after, path),
    }
}

/// A node's line; none for an empty block that the grammar inserted.
fn first_line(node: &Node) -> Option<u32> {
    (node.line > 0).then_some(node.line)
}

fn kind_of(before: Option<&Node>, after: Option<&Node>, around: Around) -> ChangeKind {
    let any = |is: fn(&Node) -> bool| [before, after].into_iter().flatten().any(is);
    if any(|node| node.holds(Kind::Effect)) {
        return ChangeKind::LoggingEffect;
    }
    let branches = |node: &Node| {
        matches!(
            node.kind,
            Kind::If
                | Kind::Loop
                | Kind::Try
                | Kind::Handler
                | Kind::Match
                | Kind::Case
                | Kind::Return
                | Kind::Raise
                | Kind::Jump
                | Kind::With
                | Kind::Block
        ) || (node.kind == Kind::Other && node.text == "conditional_expression")
    };
    if any(branches) {
        return ChangeKind::Branch;
    }
    match around {
        Around::Signature => return ChangeKind::Signature,
        Around::Condition => return ChangeKind::Condition,
        Around::Data | Around::Call => {}
    }
    let literal = |node: &Node| matches!(node.kind, Kind::Number | Kind::Text | Kind::Constant);
    if [before, after].into_iter().flatten().all(literal) {
        return ChangeKind::Constant;
    }
    if matches!(around, Around::Call) || any(|node| node.holds(Kind::Call)) {
        return ChangeKind::Call;
    }
    ChangeKind::Data
}

/// Whether only a wait changed its length, or a constant number was added or removed: its uses
/// contain its value, and count by themselves.
fn is_wait_only(before: Option<&Node>, after: Option<&Node>, path: &Path<'_>) -> bool {
    let number = |node: &Node| match node.kind {
        Kind::Number => true,
        Kind::Text => node.text.trim().parse::<f64>().is_ok(),
        _ => false,
    };
    let constant = |node: &Node| {
        node.kind == Kind::Assign
            && node.children.len() == 2
            && node.children[0].kind == Kind::Name
            && node.children[0]
                .text
                .chars()
                .all(|letter| !letter.is_lowercase())
            && number(&node.children[1])
    };
    match (before, after) {
        (Some(before), Some(after)) if number(before) && number(after) => {
            before.kind == after.kind && is_wait(&path.steps, path.unit, before, after)
        }
        (Some(before), Some(after)) if constant(before) && constant(after) => {
            let waits = |node: &Node| names_a_wait(&node.children[0].text);
            before.children[1].digest == after.children[1].digest || (waits(before) && waits(after))
        }
        (Some(one), None) | (None, Some(one)) => constant(one),
        _ => false,
    }
}
