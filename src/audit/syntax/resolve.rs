//! Resolves names within one file: which of them hold loggers, log functions, or something else.

use std::collections::{BTreeSet, HashMap};

use super::known::Known;
use super::names::{LoggingNames, any_matches};
use super::tree::{Kind, Node};

/// The meaning of an expression with regard to logging.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    /// Certainly a logger.
    Logger,
    /// A logger, judging only by its spelling.
    Maybe,
    /// Something whose call only logs.
    LogCall,
    /// Something whose call returns a logger.
    Factory,
    /// Something imported, by its full dotted path.
    From(String),
    /// A function or class of this file, by its qualified name.
    Defined(String),
    /// A method or attribute of `self`, by its name.
    Member(String),
    /// None of these.
    Other,
}

/// The names of one file.
pub(super) struct Index<'n> {
    pub(super) names: &'n LoggingNames,
    pub(super) known: &'n Known,
    pub(super) module: String,
    bound: HashMap<String, HashMap<String, What>>,
    pub(super) members: HashMap<String, What>,
    pub(super) methods: HashMap<String, Vec<String>>,
    /// Attributes that an `__init__` sets, and those that anything else sets.
    pub(super) set_at_first: BTreeSet<String>,
    pub(super) set_later: BTreeSet<String>,
    /// What the round under way finds; it resolves names with what the last one found.
    next_bound: HashMap<String, HashMap<String, What>>,
    next_members: HashMap<String, What>,
}

/// Dotted module path of a file, such as `src.specify_cli.sync.queue`.
pub(super) fn module_of(path: &str) -> String {
    let stem = path.rsplit_once('.').map_or(path, |(stem, _)| stem);
    stem.trim_end_matches("/__init__").replace('/', ".")
}

impl<'n> Index<'n> {
    pub(super) fn new(
        path: &str,
        module: &Node,
        names: &'n LoggingNames,
        known: &'n Known,
    ) -> Self {
        let mut index = Self {
            names,
            known,
            module: module_of(path),
            bound: HashMap::new(),
            members: HashMap::new(),
            methods: HashMap::new(),
            set_at_first: BTreeSet::new(),
            set_later: BTreeSet::new(),
            next_bound: HashMap::new(),
            next_members: HashMap::new(),
        };
        // A name may be used above its assignment: a few rounds resolve chains of them.
        for _ in 0..4 {
            index.gather(module, &mut Vec::new());
            let bound = std::mem::take(&mut index.next_bound);
            let members = std::mem::take(&mut index.next_members);
            if bound == index.bound && members == index.members {
                break;
            }
            index.bound = bound;
            index.members = members;
        }
        index
    }

    fn gather(&mut self, node: &Node, scope: &mut Vec<String>) {
        match node.kind {
            Kind::Function | Kind::Class => {
                let qualified = qualified(scope, &node.text);
                self.bind(scope, &node.text, What::Defined(qualified.clone()));
                let methods = self.methods.entry(node.text.clone()).or_default();
                if !methods.contains(&qualified) {
                    methods.push(qualified);
                }
                scope.push(node.text.clone());
                for child in &node.children {
                    self.gather(child, scope);
                }
                scope.pop();
                return;
            }
            Kind::Import => {
                let from = node.children.first().map_or("", |from| from.text.as_str());
                // `import a.b` binds `a`; the rest of the path is spelled where it is used.
                let from = if from.starts_with(&format!("{}.", node.text)) {
                    node.text.clone()
                } else {
                    from.to_owned()
                };
                let what = self.classify(&from);
                self.bind(scope, &node.text, what);
            }
            Kind::Assign | Kind::Walrus => self.assignment(node, scope),
            Kind::Parameter => {
                let what = self.by_spelling(&node.text);
                self.bind(scope, &node.text, what);
            }
            _ => {}
        }
        for child in &node.children {
            self.gather(child, scope);
        }
    }

    fn assignment(&mut self, node: &Node, scope: &[String]) {
        let [target, value] = node.children.as_slice() else {
            return;
        };
        let at_first = scope.last().is_some_and(|last| last == "__init__");
        target.visit(&mut |part| {
            if part.kind == Kind::Attribute {
                let set = if at_first {
                    &mut self.set_at_first
                } else {
                    &mut self.set_later
                };
                set.insert(part.text.clone());
            }
        });
        if value.kind == Kind::Lambda && target.kind == Kind::Name {
            let name = qualified(scope, &target.text);
            self.bind(scope, &target.text, What::Defined(name));
            return;
        }
        // `log = None` does not show yet what the name will hold.
        if value.kind == Kind::Constant {
            return;
        }
        let what = match self.resolve(value, scope) {
            What::From(_) | What::Member(_) | What::Defined(_) => What::Other,
            what => what,
        };
        match target.kind {
            Kind::Name => self.bind(scope, &target.text, what),
            Kind::Attribute if is_self(target) => self.member(&target.text, what),
            _ => {}
        }
    }

    fn bind(&mut self, scope: &[String], name: &str, what: What) {
        let in_class = scope
            .last()
            .is_some_and(|last| last.chars().next().is_some_and(char::is_uppercase));
        if in_class && !matches!(what, What::Defined(_)) {
            self.member(name, what.clone());
        }
        settle(
            self.next_bound.entry(scope.join(".")).or_default(),
            name,
            what,
        );
    }

    fn member(&mut self, name: &str, what: What) {
        settle(&mut self.next_members, name, what);
    }

    fn by_spelling(&self, name: &str) -> What {
        if self.names.loggers.iter().any(|logger| logger == name) {
            What::Maybe
        } else {
            What::Other
        }
    }

    /// The meaning of a full dotted path.
    fn classify(&self, path: &str) -> What {
        let last = path.rsplit('.').next().unwrap_or(path);
        if any_matches(&self.names.factories, path) {
            What::Factory
        } else if any_matches(&self.names.calls, path) {
            What::LogCall
        } else if path.contains('.') && self.names.loggers.iter().any(|name| name == path) {
            What::Logger
        } else if self.names.loggers.iter().any(|name| name == last) {
            What::Maybe
        } else {
            What::From(path.to_owned())
        }
    }

    pub(super) fn lookup(&self, name: &str, scope: &[String]) -> Option<&What> {
        (0..=scope.len())
            .rev()
            .find_map(|end| self.bound.get(&scope[..end].join("."))?.get(name))
    }

    /// The meaning of an expression.
    pub(super) fn resolve(&self, node: &Node, scope: &[String]) -> What {
        match node.kind {
            Kind::Name => match self.lookup(&node.text, scope) {
                Some(what) => what.clone(),
                None => self.classify(&node.text),
            },
            Kind::Attribute => self.attribute(node, scope),
            Kind::Call => self.call(node, scope),
            Kind::Boolean | Kind::Other => {
                let parts = || node.children.iter().map(|child| self.resolve(child, scope));
                if parts().any(|what| what == What::Logger) {
                    What::Logger
                } else if node.text == "conditional_expression"
                    && parts().step_by(4).all(|what| what == What::LogCall)
                {
                    What::LogCall
                } else {
                    What::Other
                }
            }
            _ => What::Other,
        }
    }

    fn attribute(&self, node: &Node, scope: &[String]) -> What {
        let Some(object) = node.children.first() else {
            return What::Other;
        };
        if is_self(node) {
            if let Some(what) = self.members.get(&node.text) {
                return what.clone();
            }
            return match self.by_spelling(&node.text) {
                What::Maybe => What::Maybe,
                _ => What::Member(node.text.clone()),
            };
        }
        let what = match self.resolve(object, scope) {
            // loguru's `catch` swallows what is raised inside.
            What::Logger | What::LogCall if node.text == "catch" => What::Other,
            What::Logger | What::LogCall => What::LogCall,
            What::Maybe if self.names.methods.contains(&node.text) => What::LogCall,
            What::From(path) => self.classify(&format!("{path}.{}", node.text)),
            What::Defined(class) => What::Defined(format!("{class}.{}", node.text)),
            What::Maybe => What::Other,
            _ => self.by_spelling(&node.text),
        };
        match (&what, node.dotted()) {
            (What::Other | What::From(_), Some(path)) if any_matches(&self.names.calls, &path) => {
                What::LogCall
            }
            _ => what,
        }
    }

    fn call(&self, node: &Node, scope: &[String]) -> What {
        const CHILDREN: [&str; 7] = [
            "getChild",
            "bind",
            "new",
            "opt",
            "patch",
            "with_fields",
            "unbind",
        ];
        let Some((callee, arguments)) = node.children.split_first() else {
            return What::Other;
        };
        // `getattr(logger, "info")`
        if callee.kind == Kind::Name && callee.text == "getattr" && arguments.len() >= 2 {
            return match self.resolve(&arguments[0], scope) {
                What::Logger => What::LogCall,
                _ => What::Other,
            };
        }
        match self.resolve(callee, scope) {
            What::Factory => What::Logger,
            What::LogCall if CHILDREN.contains(&callee.text.as_str()) => What::Logger,
            What::From(path) if path == "functools.partial" || path == "partial" => {
                match arguments.first().map(|first| self.resolve(first, scope)) {
                    Some(What::LogCall) => What::LogCall,
                    _ => What::Other,
                }
            }
            _ => What::Other,
        }
    }
}

/// Binds a name; one that is bound twice to different things is not certainly a logger.
fn settle(names: &mut HashMap<String, What>, name: &str, what: What) {
    let what = match names.get(name) {
        Some(What::Maybe) if what == What::Logger => what,
        Some(What::Logger) if what == What::Maybe => What::Logger,
        Some(known) if *known != what => What::Other,
        _ => what,
    };
    names.insert(name.to_owned(), what);
}

/// Whether an attribute is one of `self` or `cls`.
pub(super) fn is_self(node: &Node) -> bool {
    node.children.first().is_some_and(|object| {
        object.kind == Kind::Name && matches!(object.text.as_str(), "self" | "cls")
    })
}

/// Qualified name of something in a scope.
pub(super) fn qualified(scope: &[String], name: &str) -> String {
    if scope.is_empty() {
        name.to_owned()
    } else {
        format!("{}.{name}", scope.join("."))
    }
}
