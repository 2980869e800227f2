//! What is known of a callee: whether its calls only log, only read, or only forward their
//! arguments.

use std::collections::BTreeSet;

use super::names::{any_matches, matches};
use super::resolve::{Index, What, is_self};
use super::tree::{Kind, Node};

impl Index<'_> {
    /// Whether a callee is a function that is known to only log.
    pub(super) fn only_logs(&self, what: &What) -> bool {
        self.is_known(&self.known.log_only, what)
    }

    /// Whether a callee is a function of the audited code that is known to have no effect.
    pub(super) fn is_pure(&self, what: &What) -> bool {
        self.is_known(&self.known.pure, what)
    }

    /// Whether a callee is a context manager of the audited code that only logs.
    pub(super) fn is_context(&self, what: &What) -> bool {
        self.is_known(&self.known.contexts, what)
    }

    /// Whether a decorator, or with `()` a decorator factory, only forwards.
    pub(super) fn hands_on(&self, what: &What, suffix: &str, is_async: bool) -> bool {
        let with = |more: &str| match what {
            What::Defined(name) => What::Defined(format!("{name}{suffix}{more}")),
            What::From(path) => What::From(format!("{path}{suffix}{more}")),
            _ => What::Other,
        };
        self.is_known(&self.known.decorators, &with(""))
            || (is_async && self.is_known(&self.known.decorators, &with(" async")))
    }

    /// Whether a class of this file defines a method of this name, and nothing else binds it.
    pub(super) fn has_method(&self, name: &str) -> bool {
        self.methods.contains_key(name) && !self.members.contains_key(name)
    }

    /// Whether an attribute is one of `self` that only `__init__` sets, judging by this file.
    pub(super) fn is_fixed(&self, node: &Node) -> bool {
        node.kind == Kind::Attribute
            && is_self(node)
            && self.set_at_first.contains(&node.text)
            && !self.set_later.contains(&node.text)
    }

    fn is_known(&self, set: &BTreeSet<String>, what: &What) -> bool {
        match what {
            What::Defined(name) => set.contains(&format!("{}:{name}", self.module)),
            // Every method with this name in the file must qualify: which one is called is known
            // only at run time.
            What::Member(name) => self.methods.get(name).is_some_and(|all| {
                all.iter()
                    .all(|name| set.contains(&format!("{}:{name}", self.module)))
            }),
            What::From(path) => {
                let path = path.trim_start_matches('.');
                let (module, name) = path.rsplit_once('.').unwrap_or(("", path));
                set.iter().any(|entry| {
                    entry.split_once(':').is_some_and(|(its, function)| {
                        function == name && !module.is_empty() && ends_with(its, module)
                    })
                })
            }
            _ => false,
        }
    }

    /// Whether calls of this path have no effect of their own. Imported functions must be named by
    /// their full path: `text.replace` reads, `os.replace` does not.
    pub(super) fn is_reader(&self, node: &Node, what: &What, scope: &[String]) -> bool {
        let path = match what {
            What::From(path) => Some(path.clone()),
            _ => node.dotted(),
        };
        if self.is_imported(node, scope) {
            return path.is_some_and(|path| {
                self.names
                    .readers
                    .iter()
                    .any(|pattern| !pattern.starts_with('*') && matches(pattern, &path))
            });
        }
        path.is_some_and(|path| any_matches(&self.names.readers, &path))
            || (node.kind == Kind::Attribute
                && any_matches(&self.names.readers, &format!("x.{}", node.text)))
    }

    /// Whether a dotted path begins with a name that is imported here.
    fn is_imported(&self, node: &Node, scope: &[String]) -> bool {
        match (node.kind, node.children.first()) {
            (Kind::Attribute, Some(object)) => self.is_imported(object, scope),
            (Kind::Name, _) => matches!(self.lookup(&node.text, scope), Some(What::From(_))),
            _ => false,
        }
    }
}

fn ends_with(module: &str, tail: &str) -> bool {
    module
        .strip_suffix(tail)
        .is_some_and(|head| head.is_empty() || head.ends_with('.'))
}
