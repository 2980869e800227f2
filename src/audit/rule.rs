//! Reads a test: what it is about, and whether it asserts on anything but captured logs.
//!
//! A test's words are those of its body, its decorators, and the helpers, fixtures and
//! constants it uses. Its name, docstrings, comments, assertion messages and the names of its
//! cases are claims, not words.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::asserts::{Assertion, Subject, assertions};
use super::syntax::{Kind, Lowered, Node, grammar_for, read};

/// What a test turned out to be about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// Configured words that are nowhere in it.
    pub missing_words: Vec<String>,
    /// What its assertions look at.
    pub asserts_on: AssertsOn,
}

/// What a test's assertions look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AssertsOn {
    /// What the code did.
    Behaviour,
    /// Captured logs only.
    Logs,
    /// Both, and the one that failed without the fix looks at logs.
    LogsFirst,
    /// The text of the code under test, or that too, and there it failed.
    Source,
    /// Nothing: it fails by an error of the code itself.
    Nothing,
    /// Its source was not found.
    Unknown,
}

/// Sources of the tests, by path.
pub(super) struct TestSources {
    files: BTreeMap<String, Arc<Lowered>>,
}

/// A function of a test file, with where it stands.
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
    fn find(&self, id: &str) -> Option<Function<'_>> {
        let (class, name) = id.rsplit_once("::").unwrap_or(("", id));
        let name = name.split('[').next().unwrap_or(name);
        let mut best: Option<(usize, Function<'_>)> = None;
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
                    .or_else(|| any_function(module, name));
                if let Some(node) = node.filter(|_| best.is_none_or(|(length, _)| end > length)) {
                    best = Some((end, Function { path, node }));
                }
                break;
            }
        }
        best.map(|(_, function)| function)
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
    fn slice<'s>(&'s self, test: Function<'s>) -> Vec<Function<'s>> {
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

    /// Reads one test. `failed_at` is where it failed without the fix.
    pub(super) fn read(&self, id: &str, about: &[String], failed_at: &[(String, u32)]) -> Reading {
        let Some(test) = self.find(id) else {
            return Reading {
                missing_words: about.to_vec(),
                asserts_on: AssertsOn::Unknown,
            };
        };
        let slice = self.slice(test);
        let missing_words = about
            .iter()
            .filter(|word| !slice.iter().any(|part| holds_word(part.node, &plain(word))))
            .cloned()
            .collect();
        let all = assertions(self, test);
        Reading {
            missing_words,
            asserts_on: judge(&all, failed_at),
        }
    }

    /// Places of the assertions on logs in one test, for taking them out.
    pub(super) fn log_assertions(&self, id: &str) -> Vec<(String, u32)> {
        let test = self.find(id);
        let all = test.map(|test| assertions(self, test)).unwrap_or_default();
        all.into_iter()
            .filter(|assertion| assertion.subject == Subject::Logs)
            .map(|assertion| (assertion.path, assertion.line))
            .collect()
    }
}

fn judge(all: &[Assertion], failed_at: &[(String, u32)]) -> AssertsOn {
    let on = |subject| all.iter().any(|assertion| assertion.subject == subject);
    let others = (on(Subject::Logs), on(Subject::Source));
    match (on(Subject::Behaviour), others) {
        (false, (true, _)) => AssertsOn::Logs,
        (false, (false, true)) => AssertsOn::Source,
        (false, (false, false)) => AssertsOn::Nothing,
        (true, (false, false)) => AssertsOn::Behaviour,
        (true, (logs, _)) => match failing(all, failed_at) {
            Some(Subject::Behaviour) => AssertsOn::Behaviour,
            Some(Subject::Source) => AssertsOn::Source,
            _ if logs => AssertsOn::LogsFirst,
            _ => AssertsOn::Source,
        },
    }
}

/// What the assertion that failed looks at: the last one at or above the deepest line of the
/// traceback that lies in a test file.
fn failing(all: &[Assertion], failed_at: &[(String, u32)]) -> Option<Subject> {
    let same = |path: &str, other: &str| {
        path == other
            || path.ends_with(&format!("/{other}"))
            || other.ends_with(&format!("/{path}"))
    };
    let (path, line) = failed_at
        .iter()
        .rev()
        .find(|(path, _)| all.iter().any(|assertion| same(path, &assertion.path)))?;
    let nearest = all
        .iter()
        .filter(|assertion| same(path, &assertion.path) && assertion.line <= *line)
        .map(|assertion| assertion.line)
        .max()?;
    let here = || {
        all.iter()
            .filter(|assertion| assertion.line == nearest && same(path, &assertion.path))
    };
    // `assert behaves and logs` fails by either: only a failure that cannot be about logs counts.
    if here().any(|assertion| assertion.subject == Subject::Logs) {
        Some(Subject::Logs)
    } else {
        here().map(|assertion| assertion.subject).next()
    }
}

fn runs_unnamed(function: &Node) -> bool {
    matches!(
        function.text.as_str(),
        "setUp" | "asyncSetUp" | "setup_method" | "setup_function"
    ) || function.children[0].any(&mut |part| part.kind == Kind::Keyword && part.text == "autouse")
}

/// A definition of a name directly in a block.
fn definition<'n>(block: &'n Node, name: &str) -> Option<&'n Node> {
    block
        .children
        .iter()
        .find(|node| matches!(node.kind, Kind::Function | Kind::Class) && node.text == name)
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

/// Names a function uses: what it calls, its fixtures, those its decorators name.
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

/// A word without case and separators: `in_review`, `IN_REVIEW` and `in-review` are one.
fn plain(word: &str) -> String {
    word.chars()
        .filter(|letter| letter.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

fn holds_word(node: &Node, word: &str) -> bool {
    let here = matches!(
        node.kind,
        Kind::Name | Kind::Attribute | Kind::Text | Kind::Keyword | Kind::Parameter
    ) && plain(&node.text).contains(word);
    // The message of an assertion is a claim, and so are names of cases and reasons.
    let children = match node.kind {
        Kind::Keyword if matches!(node.text.as_str(), "id" | "ids" | "reason") => return false,
        Kind::Raise if node.text == "assert" => &node.children[..node.children.len().min(1)],
        _ => &node.children[..],
    };
    here || children.iter().any(|child| holds_word(child, word))
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
    all.retain(|path| super::is_test(path));
    all
}
