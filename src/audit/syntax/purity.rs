//! Which expressions have an effect, as far as their syntax shows.

use super::resolve::What;
use super::strip::Strip;
use super::tree::{Kind, Node};

/// Whether a lambda in an expression may be called by what gets it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lambdas {
    Run,
    Wait,
}

impl Strip<'_> {
    /// The parts of an expression that may have an effect, outermost first.
    pub(super) fn effects(&self, node: &Node) -> Vec<Node> {
        if self.runs_without_effect(node, Lambdas::Run) {
            return Vec::new();
        }
        if self.is_logging(node) {
            let receiver = node.children[0].children.iter();
            let arguments = node.children[1..].iter();
            return receiver
                .chain(arguments)
                .flat_map(|part| self.effects(part))
                .collect();
        }
        match node.kind {
            Kind::Call | Kind::Walrus | Kind::Await | Kind::Yield | Kind::Effect => {
                vec![node.clone()]
            }
            _ => node
                .children
                .iter()
                .flat_map(|child| self.effects(child))
                .collect(),
        }
    }

    /// Whether evaluating an expression has no effect, judging by its syntax.
    pub(super) fn is_pure(&self, node: &Node) -> bool {
        self.runs_without_effect(node, Lambdas::Wait)
    }

    fn runs_without_effect(&self, node: &Node, lambdas: Lambdas) -> bool {
        let parts = |lambdas| {
            let mut parts = node.children.iter();
            parts.all(|part| self.runs_without_effect(part, lambdas))
        };
        match node.kind {
            Kind::Walrus | Kind::Await | Kind::Yield | Kind::Effect | Kind::Assign => false,
            // Only its defaults are evaluated at this point.
            Kind::Lambda if lambdas == Lambdas::Wait => {
                let mut defaults = node.children[0].children.iter();
                defaults.all(|part| self.runs_without_effect(part, lambdas))
            }
            Kind::Call => {
                let (callee, arguments) = (&node.children[0], &node.children[1..]);
                let what = self.index.resolve(callee, &self.scope);
                let reads = self.is_logging(node)
                    || self.index.is_pure(&what)
                    || (self.index.is_reader(callee, &what, &self.scope)
                        && !acts(callee, arguments));
                // The callee may call its arguments.
                reads
                    && callee.children.iter().all(|part| self.is_pure(part))
                    && arguments
                        .iter()
                        .all(|part| self.runs_without_effect(part, Lambdas::Run))
            }
            _ => parts(lambdas),
        }
    }

    /// Whether a callee cannot be replaced between its look-up and the call: a function of a
    /// module, or a method that a class of this file defines.
    pub(super) fn is_stable_callee(&self, callee: &Node) -> bool {
        if callee
            .children
            .first()
            .is_some_and(|object| self.index.is_fixed(object))
        {
            return true;
        }
        match self.index.resolve(callee, &self.scope) {
            What::From(_) | What::Defined(_) => true,
            What::Member(name) => self.index.has_method(&name),
            _ => false,
        }
    }
}

/// Whether a method that usually only reads has an effect when called like this: `queue.get()`,
/// `path.replace(target)` and `thread.join()` do, `mapping.get(key)`, `text.replace(old, new)` and
/// `", ".join(words)` do not.
fn acts(callee: &Node, arguments: &[Node]) -> bool {
    if callee.kind != Kind::Attribute {
        return false;
    }
    let value = |argument: &Node| !matches!(argument.kind, Kind::Keyword | Kind::Constant);
    match callee.text.as_str() {
        "get" => !arguments.first().is_some_and(value),
        "replace" => arguments.len() < 2,
        "copy" => !arguments.is_empty(),
        "join" => {
            let of_paths = callee
                .dotted()
                .is_some_and(|path| path.ends_with("path.join"));
            let words = |argument: &Node| value(argument) && argument.kind != Kind::Number;
            !(of_paths || (arguments.len() == 1 && words(&arguments[0])))
        }
        _ => false,
    }
}
