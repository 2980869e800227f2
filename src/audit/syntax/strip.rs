//! Takes logging out of a file's tree. A logging call that does something else besides stays,
//! as the effect it has.

use std::collections::BTreeSet;

use super::resolve::{Index, Known, What, is_self, qualified};
use super::tidy;
use super::tree::{Aside, Kind, Node, Note, one_line, spell};
use super::walk::MODULE;

/// One file without its logging.
pub(super) struct Stripped {
    pub(super) module: Node,
    pub(super) notes: Vec<Note>,
    /// Names that what was taken out made use of.
    pub(super) mentioned: BTreeSet<String>,
    /// Functions found to only log, and without effect, for the next round.
    pub(super) found: Known,
}

/// Takes logging out.
pub(super) fn strip(module: &Node, module_name: &str, index: &Index<'_>) -> Stripped {
    let mut strip = Strip {
        index,
        module_name,
        scope: Vec::new(),
        with_bases: Vec::new(),
        notes: Vec::new(),
        mentioned: BTreeSet::new(),
        found: Known::default(),
    };
    let module = strip.block(module.clone());
    Stripped {
        module,
        notes: strip.notes,
        mentioned: strip.mentioned,
        found: strip.found,
    }
}

struct Strip<'a> {
    index: &'a Index<'a>,
    module_name: &'a str,
    scope: Vec<String>,
    /// For each scope, whether it is a class with bases: its methods may override others.
    with_bases: Vec<bool>,
    notes: Vec<Note>,
    mentioned: BTreeSet<String>,
    found: Known,
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
            // A loop without a body drains what it goes over.
            Kind::Loop if node.children[1].is_empty_block() => vec![self.inside(node)],
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

    fn with_only_logs(&self, node: &Node) -> bool {
        let items = &node.children[..node.children.len() - 1];
        !items.is_empty()
            && items.iter().all(|item| {
                let call = if item.kind == Kind::Call {
                    Some(item)
                } else {
                    item.children.first()
                };
                call.is_some_and(|call| self.is_logging(call) && self.effects(call).is_empty())
            })
    }

    fn function(&mut self, mut node: Node) -> Vec<Node> {
        let name = qualified(&self.scope, &node.text);
        let before = self.notes.len();
        let is_method_of_derived = self.with_bases.last().copied().unwrap_or(false);
        self.scope.push(node.text.clone());
        self.with_bases.push(false);
        let mut signature = node.children.remove(0);
        for part in std::mem::take(&mut signature.children) {
            if part.kind == Kind::Parameter && self.is_logger(&part) && self.is_pure(&part) {
                continue;
            }
            let part = self.expression(part);
            signature.children.push(part);
        }
        let body = node
            .children
            .pop()
            .unwrap_or_else(|| Node::leaf(Kind::Block, "", 0));
        let mut body = self.block(body);
        let dead = tidy::body(&mut body, &|node| self.is_pure(node));
        for node in &dead {
            self.set_aside(node);
        }
        let logged = self.notes.len() > before;
        self.scope.pop();
        self.with_bases.pop();

        let key = format!("{}:{name}", self.module_name);
        let plain = !signature.holds(Kind::Decorator);
        // In a class with bases an empty method may replace one that does something.
        let helper = plain && (!is_method_of_derived || node.text.starts_with('_'));
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
        }
        node.children = vec![signature, body];
        vec![node]
    }

    fn class(&mut self, mut node: Node) -> Node {
        let has_bases = node.children.first().is_some_and(|signature| {
            signature
                .children
                .iter()
                .any(|base| base.kind != Kind::Decorator && base.text != "object")
        });
        self.scope.push(node.text.clone());
        self.with_bases.push(has_bases);
        node = self.inside(node);
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

    fn is_logging(&self, node: &Node) -> bool {
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

    /// The parts of an expression that may have an effect, outermost first.
    fn effects(&self, node: &Node) -> Vec<Node> {
        if self.is_pure(node) {
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

    /// Whether evaluating an expression has no effect, as far as its spelling tells.
    fn is_pure(&self, node: &Node) -> bool {
        match node.kind {
            Kind::Walrus | Kind::Await | Kind::Yield | Kind::Effect | Kind::Assign => false,
            Kind::Call => {
                let (callee, arguments) = (&node.children[0], &node.children[1..]);
                let what = self.index.resolve(callee, &self.scope);
                let reads = self.is_logging(node)
                    || self.index.is_pure(&what)
                    || (self.index.is_reader(callee, &what, &self.scope)
                        && !acts(callee, arguments));
                reads
                    && callee.children.iter().all(|part| self.is_pure(part))
                    && arguments.iter().all(|part| self.is_pure(part))
            }
            _ => node.children.iter().all(|child| self.is_pure(child)),
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

/// Whether a method that mostly reads does something when called like this: `queue.get()`,
/// `path.replace(target)` and `thread.join()` do, `mapping.get(key)`, `text.replace(old, new)`
/// and `", ".join(words)` do not.
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
