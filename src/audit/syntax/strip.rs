//! Removes logging from a file's tree. If a logging call also does something else, that effect is
//! kept.

use std::collections::BTreeSet;

use super::known::Known;
use super::normal;
use super::resolve::{Index, What, is_self, qualified};
use super::tidy;
use super::tree::{Aside, Kind, MODULE, Node, Note, one_line, spell};
use super::uses::Asks;
use super::wrappers;

/// One file without its logging.
pub(super) struct Stripped {
    pub(super) module: Node,
    pub(super) notes: Vec<Note>,
    /// Names that the removed code used.
    pub(super) mentioned: BTreeSet<String>,
    /// Functions found to only log, and without effect, for the next round.
    pub(super) found: Known,
    /// Names of the module whose values have an effect.
    pub(super) acting: BTreeSet<String>,
}

/// Removes logging.
pub(super) fn strip(
    module: &Node,
    module_name: &str,
    index: &Index<'_>,
    has_normal_form: bool,
) -> Stripped {
    let mut strip = Strip {
        index,
        module_name,
        scope: Vec::new(),
        with_bases: Vec::new(),
        notes: Vec::new(),
        mentioned: BTreeSet::new(),
        found: Known::default(),
        acting: BTreeSet::new(),
        has_normal_form,
    };
    let mut module = strip.block(module.clone());
    if has_normal_form {
        normal::module(&mut module);
    }
    let acting = strip.acting_names(&module);
    Stripped {
        acting,
        module,
        notes: strip.notes,
        mentioned: strip.mentioned,
        found: strip.found,
    }
}

pub(super) struct Strip<'a> {
    pub(super) index: &'a Index<'a>,
    module_name: &'a str,
    pub(super) scope: Vec<String>,
    /// For each scope, whether it is a class with bases: its methods may override others.
    with_bases: Vec<bool>,
    notes: Vec<Note>,
    mentioned: BTreeSet<String>,
    pub(super) found: Known,
    /// Lambdas with a name that have an effect.
    pub(super) acting: BTreeSet<String>,
    has_normal_form: bool,
}

impl Strip<'_> {
    fn block(&mut self, mut block: Node) -> Node {
        let statements = std::mem::take(&mut block.children);
        for statement in statements {
            let kept = self.statement(statement);
            block.children.extend(kept);
        }
        block
    }

    /// How a definition in this scope is known.
    pub(super) fn key(&self, name: &str) -> String {
        format!("{}:{}", self.module_name, qualified(&self.scope, name))
    }

    fn statement(&mut self, node: Node) -> Vec<Node> {
        match node.kind {
            Kind::Function => self.function(node),
            Kind::Class => vec![self.class(node)],
            Kind::Expression => self.expression_statement(node),
            Kind::Assign => self.assignment(node),
            Kind::Import => vec![node],
            Kind::With if self.with_only_logs(&node) => {
                self.set_aside(&node.children[0]);
                node.children
                    .into_iter()
                    .rfind(|child| child.kind == Kind::Block)
                    .map_or_else(Vec::new, |body| self.block(body).children)
            }
            // A loop without a body still exhausts its iterator.
            Kind::Loop if node.children[1].is_empty_block() => {
                let mut node = self.inside(node);
                node.text.push_str(", draining");
                vec![node]
            }
            _ => {
                let node = self.inside(node);
                tidy::statement(node, &|node| self.is_pure(node))
            }
        }
    }

    /// Statements in blocks, expressions elsewhere.
    fn inside(&mut self, mut node: Node) -> Node {
        let children = std::mem::take(&mut node.children);
        for child in children {
            let kept = match child.kind {
                Kind::Block => self.block(child),
                Kind::Handler | Kind::Case => self.inside(child),
                _ => self.expression(child),
            };
            node.children.push(kept);
        }
        node
    }

    fn function(&mut self, mut node: Node) -> Vec<Node> {
        let name = qualified(&self.scope, &node.text);
        let before = self.notes.len();
        let is_method_of_derived = self.with_bases.last().copied().unwrap_or(false);
        self.scope.push(node.text.clone());
        self.with_bases.push(false);
        let mut signature = node.children.remove(0);
        let is_async = signature
            .children
            .iter()
            .any(|part| part.kind == Kind::Token && part.text == "async");
        for part in std::mem::take(&mut signature.children) {
            if part.kind == Kind::Parameter && self.is_logger(&part) && self.is_pure(&part) {
                continue;
            }
            if self.is_idle_decorator(&part, is_async) {
                self.set_aside(&part);
                continue;
            }
            let part = self.expression(part);
            signature.children.push(part);
        }
        let body = node
            .children
            .pop()
            .unwrap_or_else(|| Node::leaf(Kind::Block, "", 0));
        let body = self.body(body, &signature);
        let logged = self.notes.len() > before;
        self.scope.pop();
        self.with_bases.pop();

        let key = self.key(&node.text);
        let plain = !signature.holds(Kind::Decorator);
        // In a class with bases an empty method may replace one that does something.
        let helper = plain
            && (!is_method_of_derived || node.text.starts_with('_'))
            && !is_looked_up_by_python(&node.text);
        let is_known = self.index.only_logs(&What::Defined(name));
        if body.is_empty_block() && logged && helper {
            self.found.log_only.insert(key);
            if is_known {
                self.mention(&body);
                self.set_aside_text(&format!("def {}(…), which only logs", node.text), node.line);
                return Vec::new();
            }
        } else if plain && tidy::is_pure_body(&body, &|node| self.is_pure(node)) {
            self.found.pure.insert(key);
        } else {
            self.wrapper(&key, &signature, &body);
        }
        node.children = vec![signature, body];
        vec![node]
    }

    /// A function's body without logging, in its normal form.
    fn body(&mut self, body: Node, signature: &Node) -> Node {
        let parameters: BTreeSet<String> = signature
            .children
            .iter()
            .filter(|part| part.kind == Kind::Parameter)
            .map(|part| part.text.trim_start_matches('*').to_owned())
            .collect();
        let mut body = self.block(body);
        let asks = Asks {
            pure: &|node| self.is_pure(node),
            stable_callee: &|node| self.is_stable_callee(node),
        };
        let dead = if self.has_normal_form {
            normal::body(&mut body, &parameters, &asks)
        } else {
            tidy::body(&mut body, &parameters, asks.pure)
        };
        for node in &dead {
            self.set_aside(node);
        }
        body
    }

    fn class(&mut self, mut node: Node) -> Node {
        let has_bases = node.children.first().is_some_and(|signature| {
            signature
                .children
                .iter()
                .any(|base| base.kind != Kind::Decorator && base.text != "object")
        });
        let key = self.key(&node.text);
        self.scope.push(node.text.clone());
        self.with_bases.push(has_bases);
        node = self.inside(node);
        if wrappers::context_class(&node, &|value| self.is_pure(value)) {
            self.found.contexts.insert(key);
        }
        self.scope.pop();
        self.with_bases.pop();
        node
    }

    fn expression_statement(&mut self, mut node: Node) -> Vec<Node> {
        let logs = node.any(&mut |part| self.is_logging(part));
        let original = node.clone();
        node.children = node
            .children
            .into_iter()
            .map(|child| self.expression(child))
            .collect();
        let value = node.children.first();
        if logs && value.is_none_or(|value| self.is_pure(value)) {
            self.set_aside(&original);
            return Vec::new();
        }
        vec![node]
    }

    /// An assignment that only gives a logger a name is logging.
    fn assignment(&mut self, mut node: Node) -> Vec<Node> {
        if let [target, value] = node.children.as_slice()
            && matches!(target.kind, Kind::Name | Kind::Attribute)
            && matches!(
                self.index.resolve(value, &self.scope),
                What::Logger | What::LogCall | What::Factory
            )
            && self.effects(value).is_empty()
        {
            self.set_aside(&node);
            return Vec::new();
        }
        if let [target, value] = node.children.as_slice()
            && is_self(target)
            && self.is_logger(target)
            && self.is_logger(value)
        {
            self.set_aside(&node);
            return Vec::new();
        }
        node.children = node
            .children
            .into_iter()
            .map(|child| self.expression(child))
            .collect();
        self.lambda(&node);
        vec![node]
    }

    /// Replaces logging calls inside an expression by what they give: nothing.
    fn expression(&mut self, mut node: Node) -> Node {
        if node.kind == Kind::Block {
            return self.block(node);
        }
        if self.is_logging(&node) {
            let effects = self.effects(&node);
            self.mention(&node);
            if effects.is_empty() {
                return Node::leaf(Kind::Constant, "none", node.line);
            }
            return Node::new(Kind::Effect, "", node.line, effects);
        }
        let is_call = node.kind == Kind::Call;
        let children = std::mem::take(&mut node.children);
        for (at, child) in children.into_iter().enumerate() {
            if is_call && at > 0 && self.is_logger(&child) {
                continue;
            }
            let child = self.expression(child);
            node.children.push(child);
        }
        if node.kind == Kind::Await
            && node
                .children
                .first()
                .is_some_and(|inner| inner.kind == Kind::Constant)
        {
            return node.children.swap_remove(0);
        }
        node
    }

    /// Whether a parameter, argument or name is a logger that is handed on.
    fn is_logger(&self, node: &Node) -> bool {
        match node.kind {
            Kind::Name | Kind::Attribute => matches!(
                self.index.resolve(node, &self.scope),
                What::Logger | What::Maybe
            ),
            Kind::Keyword => node
                .children
                .first()
                .is_some_and(|value| self.is_logger(value)),
            Kind::Parameter => {
                let name = Node::leaf(Kind::Name, node.text.clone(), node.line);
                self.is_logger(&name)
            }
            _ => false,
        }
    }

    pub(super) fn is_logging(&self, node: &Node) -> bool {
        if node.kind != Kind::Call {
            return false;
        }
        let Some((callee, arguments)) = node.children.split_first() else {
            return false;
        };
        let what = self.index.resolve(callee, &self.scope);
        match what {
            What::LogCall => !writes_elsewhere(arguments),
            What::Factory => true,
            what => self.index.only_logs(&what),
        }
    }

    fn set_aside(&mut self, node: &Node) {
        self.mention(node);
        self.set_aside_text(&spell(node), node.line);
    }

    fn set_aside_text(&mut self, text: &str, line: u32) {
        let function = if self.scope.is_empty() {
            MODULE.to_owned()
        } else {
            self.scope.join(".")
        };
        self.notes.push(Note {
            aside: Aside::Logging,
            function,
            text: one_line(text),
            line,
        });
    }

    fn mention(&mut self, node: &Node) {
        node.visit(&mut |part| {
            if matches!(part.kind, Kind::Name | Kind::Attribute) {
                self.mentioned.insert(part.text.clone());
            }
        });
    }
}

/// Names whose definition is behaviour by itself, such as `__exit__`; except those that run only
/// when an object is created or destroyed.
fn is_looked_up_by_python(name: &str) -> bool {
    name.starts_with("__")
        && name.ends_with("__")
        && !matches!(name, "__init__" | "__post_init__" | "__del__")
}

/// `print(…, file=handle)` writes a file, unless that is a standard stream.
fn writes_elsewhere(arguments: &[Node]) -> bool {
    arguments.iter().any(|argument| {
        argument.kind == Kind::Keyword
            && argument.text == "file"
            && !argument
                .children
                .first()
                .and_then(Node::dotted)
                .is_some_and(|to| {
                    matches!(
                        to.as_str(),
                        "sys.stderr" | "sys.stdout" | "stderr" | "stdout"
                    )
                })
    })
}
