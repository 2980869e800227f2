//! Named definitions that do nothing except log: context managers, decorators, lambdas.

use std::collections::BTreeSet;

use super::strip::Strip;
use super::tree::{Kind, Node};
use super::wrappers::{self, Wraps};

impl Strip<'_> {
    /// A `with` whose items all do nothing but log.
    pub(super) fn with_only_logs(&self, node: &Node) -> bool {
        let items = &node.children[..node.children.len() - 1];
        !items.is_empty()
            && items.iter().all(|item| {
                let call = if item.kind == Kind::Call {
                    Some(item)
                } else {
                    item.children.first()
                };
                call.is_some_and(|call| {
                    let idle = self.is_logging(call) && self.effects(call).is_empty();
                    idle || self.is_idle_context(call)
                })
            })
    }

    /// A call of a context manager that does nothing but log.
    fn is_idle_context(&self, call: &Node) -> bool {
        call.kind == Kind::Call
            && self
                .index
                .is_context(&self.index.resolve(&call.children[0], &self.scope))
            && call.children[1..].iter().all(|part| self.is_pure(part))
    }

    /// Whether a decorator of a definition does nothing but log.
    pub(super) fn is_idle_decorator(&self, part: &Node, is_async: bool) -> bool {
        let Some(inner) = part
            .children
            .first()
            .filter(|_| part.kind == Kind::Decorator)
        else {
            return false;
        };
        let (named, suffix) = match inner.kind {
            Kind::Call if inner.children[1..].iter().all(|part| self.is_pure(part)) => {
                (&inner.children[0], "()")
            }
            Kind::Call => return false,
            _ => (inner, ""),
        };
        let what = self.index.resolve(named, &self.scope);
        self.index.hands_on(&what, suffix, is_async)
    }

    /// Remembers a decorator or context manager that does nothing any more.
    pub(super) fn wrapper(&mut self, key: &str, signature: &Node, body: &Node) {
        let found = match wrappers::decorator(signature, body) {
            Some(wraps) => Some((wraps, "")),
            None => wrappers::factory(body).map(|wraps| (wraps, "()")),
        };
        match found {
            Some((Wraps::Plainly, suffix)) => {
                self.found.decorators.insert(format!("{key}{suffix}"));
            }
            Some((Wraps::Coroutines, suffix)) => {
                self.found.decorators.insert(format!("{key}{suffix} async"));
            }
            None if wrappers::context(signature, body) => {
                self.found.contexts.insert(key.to_owned());
            }
            None => {}
        }
    }

    /// Remembers a lambda that has a name, as a function is.
    pub(super) fn lambda(&mut self, node: &Node) {
        let [target, value] = node.children.as_slice() else {
            return;
        };
        let Some(result) = value.children.get(1).filter(|_| value.kind == Kind::Lambda) else {
            return;
        };
        let key = self.key(&target.text);
        if self.acting.contains(&key) || !self.is_pure(result) {
            self.found.pure.remove(&key);
            self.found.log_only.remove(&key);
            self.acting.insert(key);
        } else if result.kind == Kind::Constant && result.text == "none" {
            self.found.log_only.insert(key);
        } else {
            self.found.pure.insert(key);
        }
    }

    /// Names whose values do something besides: to bind them is behaviour.
    pub(super) fn acting_names(&self, module: &Node) -> BTreeSet<String> {
        module
            .children
            .iter()
            .filter(|node| node.kind == Kind::Assign)
            .filter_map(|node| match node.children.as_slice() {
                [target, value] if !self.is_pure(value) => Some(target.text.clone()),
                _ => None,
            })
            .collect()
    }
}
