//! The sources of the tests: finds a test by its name in a report, and what it uses.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::change::is_test;
use super::syntax::{Kind, Lowered, Node, grammar_for, read};

/// Sources of the tests, by path.
pub(super) struct TestSources {
    files: BTreeMap<String, Arc<Lowered>>,
}

/// A function of a test file, with its position.
#[derive(Clone, Copy)]
pub(super) struct Function<'s> {
    pub(super) path: &'s str,
    pub(super) node: &'s Node,
}

impl TestSources {
    /// Parses what can be parsed.
    pub(super) fn new(texts: &BTreeMap<String, String>) -> Self {
        let files = texts
            .iter()
            .filter_map(|(path, text)| {
                let lowered = read(grammar_for(path)?, text).ok()?;
                Some((path.clone(), lowered))
            })
            .collect();
        Self { files }
    }

    /// Finds a test by the class name and name a JUnit report gives it.
    pub(super) fn find(&self, id: &str) -> Option<Function<'_>> {
        // A class name never contains `::`; what follows may, as a parameter.
        let (class, name) = id.split_once("::").unwrap_or(("", id));
        let name = name.split('[').next().unwrap_or(name);
        // xdist appends a group to the test's name.
        let name = name.split('@').next().unwrap_or(name);
        let mut best: Option<(usize, Function<'_>)> = None;
        let mut in_class = false;
        for (path, file) in &self.files {
            let module = &file.module;
            let dotted = path
                .rsplit_once('.')
                .map_or(path.as_str(), |(stem, _)| stem);
            let dotted = dotted.replace('/', ".");
            let parts: Vec<&str> = class.split('.').collect();
            for end in (1..=parts.len()).rev() {
                let prefix = parts[..end].join(".");
                if dotted != prefix && !dotted.ends_with(&format!(".{prefix}")) {
                    continue;
                }
                let node = parts[end..]
                    .iter()
                    .try_fold(module, |at, class| definition(at, class)?.body())
                    .and_then(|at| definition(at, name))
                    .or_else(|| any_function(module, name))
                    .or_else(|| constant(module, name));
                in_class |= end < parts.len();
                if let Some(node) = node.filter(|_| best.is_none_or(|(length, _)| end > length)) {
                    best = Some((end, Function { path, node }));
                }
                break;
            }
        }
        // A method may be inherited from a class of another file.
        best.map(|(_, function)| function)
            .or_else(|| self.named(name, "").filter(|_| in_class))
    }

    /// Functions of a name, those of the same file first.
    pub(super) fn named<'s>(&'s self, name: &str, near: &str) -> Option<Function<'s>> {
        let here = self.files.get_key_value(near);
        here.into_iter()
            .chain(self.files.iter().filter(|(path, _)| *path != near))
            .find_map(|(path, file)| {
                any_function(&file.module, name).map(|node| Function { path, node })
            })
    }

    /// Module of a path.
    pub(super) fn module(&self, path: &str) -> Option<&Node> {
        self.files.get(path).map(|file| &file.module)
    }

    /// The test and everything it uses of the test files: helpers, fixtures, constants.
    pub(super) fn slice<'s>(&'s self, test: Function<'s>) -> Vec<Function<'s>> {
        let mut all = vec![test];
        all.extend(self.unnamed(test));
        let mut seen: BTreeSet<String> = BTreeSet::from([test.node.text.clone()]);
        let mut at = 0;
        while at < all.len() {
            let from = all[at];
            at += 1;
            for name in mentioned(from.node) {
                if !seen.insert(name.clone()) {
                    continue;
                }
                if let Some(function) = self.named(&name, from.path) {
                    all.push(function);
                } else if let Some(node) = self
                    .module(from.path)
                    .and_then(|module| constant(module, &name))
                {
                    all.push(Function {
                        path: from.path,
                        node,
                    });
                }
            }
        }
        all
    }

    /// What runs before a test without being named by it: autouse fixtures of its file and class,
    /// and its class's set-up.
    fn unnamed<'s>(&'s self, test: Function<'s>) -> Vec<Function<'s>> {
        let module = self.module(test.path).into_iter();
        let classes = module.clone().flat_map(|module| &module.children);
        let around = classes.filter_map(|node| {
            let holds =
                node.kind == Kind::Class && node.any(&mut |part| std::ptr::eq(part, test.node));
            node.body().filter(|_| holds)
        });
        module
            .chain(around)
            .flat_map(|block| &block.children)
            .filter(|node| node.kind == Kind::Function && runs_unnamed(node))
            .map(|node| Function {
                path: test.path,
                node,
            })
            .collect()
    }
}

fn runs_unnamed(function: &Node) -> bool {
    matches!(
        function.text.as_str(),
        "setUp"
            | "setUpClass"
            | "setUpModule"
            | "asyncSetUp"
            | "setup_method"
            | "setup_function"
            | "setup_class"
            | "setup_module"
    ) || function.children[0].any(&mut |part| part.kind == Kind::Keyword && part.text == "autouse")
}

/// A definition of a name directly in a block.
fn definition<'n>(block: &'n Node, name: &str) -> Option<&'n Node> {
    block
        .children
        .iter()
        // Of two definitions the later one counts.
        .rfind(|node| matches!(node.kind, Kind::Function | Kind::Class) && node.text == name)
}

fn any_function<'n>(node: &'n Node, name: &str) -> Option<&'n Node> {
    if node.kind == Kind::Function && node.text == name {
        return Some(node);
    }
    node.children
        .iter()
        .find_map(|child| any_function(child, name))
}

fn constant<'n>(module: &'n Node, name: &str) -> Option<&'n Node> {
    module.children.iter().find(|node| {
        node.kind == Kind::Assign
            && node
                .children
                .first()
                .is_some_and(|target| target.text == name)
    })
}

/// Names a function uses: functions it calls, its fixtures, names in its decorators.
fn mentioned(node: &Node) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    node.visit(&mut |part| match part.kind {
        Kind::Name | Kind::Attribute | Kind::Parameter => {
            names.insert(part.text.clone());
        }
        Kind::Decorator => part.visit(&mut |inner| {
            if inner.kind == Kind::Text {
                names.insert(inner.text.clone());
            }
        }),
        _ => {}
    });
    names
}

/// Paths of test files that a test file may import, by its `import` statements.
pub(super) fn imported_helpers(path: &str, text: &str) -> Vec<String> {
    let Some(lowered) = grammar_for(path).and_then(|grammar| read(grammar, text).ok()) else {
        return Vec::new();
    };
    let near = path.rsplit_once('/').map_or("", |(directory, _)| directory);
    let mut all = Vec::new();
    lowered.module.visit(&mut |node| {
        let Some(from) = node.children.first().filter(|_| node.kind == Kind::Import) else {
            return;
        };
        let dotted = from.text.trim_start_matches('.');
        let module = dotted.rsplit_once('.').map_or(dotted, |(module, _)| module);
        for name in [dotted, module] {
            let file = format!("{}.py", name.replace('.', "/"));
            all.push(format!("{near}/{file}"));
            all.push(file);
        }
    });
    all.retain(|path| is_test(path));
    all
}
