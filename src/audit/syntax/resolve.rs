//! Follows names through one file: which of them hold loggers, log functions, or something else.

use std::collections::{BTreeSet, HashMap};

use super::names::{LoggingNames, any_matches, matches};
use super::tree::{Kind, Node};

/// What an expression stands for, as far as logging goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    /// Certainly a logger.
    Logger,
    /// A logger by its spelling only.
    Maybe,
    /// Something whose call only logs.
    LogCall,
    /// Something whose call gives a logger.
    Factory,
    /// Something from elsewhere, by its full dotted path.
    From(String),
    /// A function or class of this file, by its qualified name.
    Defined(String),
    /// A method or attribute of `self`, by its name.
    Member(String),
    /// None of these.
    Other,
}

/// Functions known to only log, or to have no effect, as `module:qualified.name`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) log_only: BTreeSet<String>,
    pub(super) pure: BTreeSet<String>,
}

/// The names of one file.
pub(super) struct Index<'n> {
    names: &'n LoggingNames,
    known: &'n Known,
    module: String,
    bound: HashMap<String, HashMap<String, What>>,
    members: HashMap<String, What>,
    methods: HashMap<String, Vec<String>>,
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
            next_bound: HashMap::new(),
            next_members: HashMap::new(),
        };
        // A name may be used above its assignment: a few rounds settle chains of them.
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
                // `import a.b` binds `a`; the path below it is spelled where it is used.
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
        // `log = None` says nothing yet of what the name will hold.
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

    /// What a full dotted path stands for.
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

    fn lookup(&self, name: &str, scope: &[String]) -> Option<&What> {
        (0..=scope.len())
            .rev()
            .find_map(|end| self.bound.get(&scope[..end].join("."))?.get(name))
    }

    /// What an expression stands for.
    pub(super) fn resolve(&self, node: &Node, scope: &[String]) -> What {
        match node.kind {
            Kind::Name => match self.lookup(&node.text, scope) {
                Some(what) => what.clone(),
                None => self.classify(&node.text),
            },
            Kind::Attribute => self.attribute(node, scope),
            Kind::Call => self.call(node, scope),
            Kind::Boolean | Kind::Other => {
                let logger = node
                    .children
                    .iter()
                    .any(|child| self.resolve(child, scope) == What::Logger);
                if logger { What::Logger } else { What::Other }
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

    /// Whether a callee is a function that is known to only log.
    pub(super) fn only_logs(&self, what: &What) -> bool {
        self.is_known(&self.known.log_only, what)
    }

    /// Whether a callee is a function of the audited code that is known to have no effect.
    pub(super) fn is_pure(&self, what: &What) -> bool {
        self.is_known(&self.known.pure, what)
    }

    fn is_known(&self, set: &BTreeSet<String>, what: &What) -> bool {
        match what {
            What::Defined(name) => set.contains(&format!("{}:{name}", self.module)),
            // Every method of this name in the file must be one: which it is, only a run tells.
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

    /// Whether calls of this path have no effect of their own. What is imported must be named by
    /// its full path: `text.replace` reads, `os.replace` does not.
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

fn ends_with(module: &str, tail: &str) -> bool {
    module
        .strip_suffix(tail)
        .is_some_and(|head| head.is_empty() || head.ends_with('.'))
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
