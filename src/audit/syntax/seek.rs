//! Decides whether the value of a name may be moved to where the name is read: what is evaluated
//! before it, and whether it is evaluated exactly once.

use std::collections::BTreeSet;

use super::tree::{Kind, Node};
use super::uses::{Asks, count};

/// How freely a value may be evaluated later than it was.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Moves {
    /// Literals and local names: may move anywhere.
    Freely,
    /// It reads what others may change, and may raise: may move past expressions without effect.
    PastReads,
    /// It has an effect: may move only past names.
    PastNames,
}

impl Moves {
    fn of(value: &Node, locals: &BTreeSet<String>, asks: &Asks<'_>) -> Self {
        let inert = !value.any(&mut |part| match part.kind {
            Kind::Name => !locals.contains(&part.text),
            Kind::Number
            | Kind::Text
            | Kind::Constant
            | Kind::Token
            | Kind::Keyword
            | Kind::Collection
            | Kind::Boolean => false,
            _ => true,
        });
        if inert {
            Self::Freely
        } else if (asks.pure)(value) {
            Self::PastReads
        } else {
            Self::PastNames
        }
    }
}

/// Where a walk in the order of evaluation has come to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Sought {
    /// The name is here, and its value may be moved here.
    Found,
    /// The name has not occurred yet, and the value may be moved further.
    Passed,
    /// The value may not be moved there.
    Blocked,
}

pub(super) struct Seek<'a> {
    name: &'a str,
    value: &'a Node,
    moves: Moves,
    locals: &'a BTreeSet<String>,
    asks: &'a Asks<'a>,
}

impl<'a> Seek<'a> {
    /// Looks for a name, to put its value there.
    pub(super) fn new(
        name: &'a str,
        value: &'a Node,
        locals: &'a BTreeSet<String>,
        asks: &'a Asks<'a>,
    ) -> Self {
        Self {
            name,
            value,
            moves: Moves::of(value, locals, asks),
            locals,
            asks,
        }
    }
    /// Looks at what a statement evaluates first, once and always.
    pub(super) fn statement(&self, node: &Node) -> Sought {
        let parts = node.children.as_slice();
        match (node.kind, parts) {
            (Kind::Return | Kind::Expression, _) => self.in_order(parts),
            (Kind::Raise, _) if node.text == "raise" => self.in_order(parts),
            (Kind::Assign, _) => self.assignment(node),
            (Kind::If | Kind::Match | Kind::With, [first, ..]) => self.expression(first),
            (Kind::Loop, [header, ..]) if node.text != "while" => header
                .children
                .get(1)
                .map_or(Sought::Blocked, |over| self.expression(over)),
            _ => Sought::Blocked,
        }
    }

    /// A value is evaluated before its target, but for `+=`.
    fn assignment(&self, node: &Node) -> Sought {
        let [target, value] = node.children.as_slice() else {
            return Sought::Blocked;
        };
        let updates = !matches!(node.text.as_str(), "=" | "field =");
        let local = target.kind == Kind::Name && self.locals.contains(&target.text);
        if updates && !local && self.moves == Moves::PastNames {
            return Sought::Blocked;
        }
        self.first_only(Some(value))
    }

    fn in_order(&self, parts: &[Node]) -> Sought {
        for part in parts {
            match self.expression(part) {
                Sought::Passed => {}
                other => return other,
            }
        }
        Sought::Passed
    }

    fn expression(&self, node: &Node) -> Sought {
        let parts = node.children.as_slice();
        match node.kind {
            Kind::Name => self.name(node),
            Kind::Number | Kind::Text | Kind::Constant | Kind::Token => Sought::Passed,
            Kind::Collection | Kind::Keyword | Kind::Format => self.in_order(parts),
            Kind::Attribute
            | Kind::Index
            | Kind::Operator
            | Kind::Await
            | Kind::Yield
            | Kind::Effect => self.then(node, self.in_order(parts)),
            Kind::Compare => {
                let (always, maybe) = parts.split_at(parts.len().min(3));
                self.some_of(node, always, maybe)
            }
            Kind::Boolean => {
                let is_not = parts.first().is_some_and(|part| part.kind == Kind::Token);
                let (always, maybe) = parts.split_at(parts.len().min(1 + usize::from(is_not)));
                self.some_of(node, always, maybe)
            }
            Kind::Call => self.call(node),
            Kind::Walrus => self.first_only(parts.get(1)),
            Kind::Assign => self.assignment(node),
            Kind::Comprehension => self.comprehension(node),
            Kind::Lambda if count(node, self.name) == 0 => Sought::Passed,
            Kind::Other => self.other(node),
            _ => Sought::Blocked,
        }
    }

    fn name(&self, node: &Node) -> Sought {
        if node.text == self.name {
            Sought::Found
        } else if self.moves != Moves::PastNames || self.locals.contains(&node.text) {
            Sought::Passed
        } else {
            // An expression with effects may change the value of a global name.
            Sought::Blocked
        }
    }

    /// A value that is bound to another name then: nothing may pass that.
    fn first_only(&self, value: Option<&Node>) -> Sought {
        match value.map(|value| self.expression(value)) {
            Some(Sought::Found) => Sought::Found,
            _ => Sought::Blocked,
        }
    }

    /// What a node does once its parts are evaluated.
    fn then(&self, node: &Node, parts: Sought) -> Sought {
        match parts {
            Sought::Passed if !self.may_pass(node) => Sought::Blocked,
            other => other,
        }
    }

    fn may_pass(&self, node: &Node) -> bool {
        match self.moves {
            Moves::Freely => true,
            Moves::PastReads => (self.asks.pure)(node),
            Moves::PastNames => false,
        }
    }

    /// Parts that are always evaluated, then parts that are evaluated by what those give.
    fn some_of(&self, node: &Node, always: &[Node], maybe: &[Node]) -> Sought {
        let first = self.in_order(always);
        if first != Sought::Passed {
            return first;
        }
        if maybe.iter().all(|part| count(part, self.name) == 0) {
            return self.then(node, Sought::Passed);
        }
        match self.moves {
            Moves::Freely => self.in_order(maybe),
            _ => Sought::Blocked,
        }
    }

    fn call(&self, node: &Node) -> Sought {
        let Some((callee, arguments)) = node.children.split_first() else {
            return Sought::Blocked;
        };
        let of_callee = match callee.kind {
            Kind::Name if callee.text != self.name => Sought::Passed,
            Kind::Attribute if self.is_stable_method(callee) => Sought::Passed,
            // The method is looked up on the value itself.
            Kind::Attribute => match self.in_order(&callee.children) {
                Sought::Passed => self.then(callee, Sought::Passed),
                other => other,
            },
            _ => self.expression(callee),
        };
        match of_callee {
            Sought::Passed => self.then(node, self.in_order(arguments)),
            other => other,
        }
    }

    /// Whether the value cannot replace a method that is looked up before it: a method of a module,
    /// of a class, or of a local object that the value does not use.
    fn is_stable_method(&self, callee: &Node) -> bool {
        let object = &callee.children[0];
        let apart = object.kind == Kind::Name
            && object.text != "self"
            && self.locals.contains(&object.text)
            && count(self.value, &object.text) == 0;
        count(callee, self.name) == 0 && (apart || (self.asks.stable_callee)(callee))
    }

    /// Only the outermost iterable is evaluated once.
    fn comprehension(&self, node: &Node) -> Sought {
        let over = node
            .children
            .iter()
            .find(|part| part.kind == Kind::Other && part.text == "for_in_clause")
            .and_then(|clause| clause.children.last());
        match over {
            Some(over) if count(over, self.name) == 1 => self.expression(over),
            _ if count(node, self.name) == 0 => self.then(node, Sought::Passed),
            _ => Sought::Blocked,
        }
    }

    fn other(&self, node: &Node) -> Sought {
        let parts = node.children.as_slice();
        match (node.text.as_str(), parts) {
            (
                "pair" | "list_splat" | "dictionary_splat" | "interpolation" | "with_item"
                | "slice",
                _,
            ) => self.in_order(parts),
            ("as_pattern", [value, ..]) => self.first_only(Some(value)),
            ("conditional_expression", [then, _, condition, _, otherwise]) => {
                let rest = [then.clone(), otherwise.clone()];
                self.some_of(node, std::slice::from_ref(condition), &rest)
            }
            _ => Sought::Blocked,
        }
    }
}
