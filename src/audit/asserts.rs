//! What each assertion of a test checks: captured logs, or something else.

use std::collections::BTreeSet;

use super::captured::{holding_logs, holding_source, mentions, reads_source};
use super::sources::{Function, TestSources};
use super::syntax::{Kind, Node};

/// What an assertion looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subject {
    Logs,
    Source,
    Behaviour,
}

/// One assertion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Assertion {
    pub(super) path: String,
    pub(super) line: u32,
    pub(super) subject: Subject,
}

/// All assertions of a test and of the helpers it calls.
pub(super) fn assertions(sources: &TestSources, test: Function<'_>) -> Vec<Assertion> {
    let mut reader = Reader {
        sources,
        all: Vec::new(),
        depth: 0,
    };
    reader.function(test, &BTreeSet::new());
    reader.all
}

struct Reader<'s> {
    sources: &'s TestSources,
    all: Vec<Assertion>,
    depth: usize,
}

/// Names that hold something other than the result of the code under test.
struct Held {
    logs: BTreeSet<String>,
    source: BTreeSet<String>,
}

impl Reader<'_> {
    /// Reads a function whose parameters of these names hold logs.
    fn function(&mut self, function: Function<'_>, given: &BTreeSet<String>) {
        if let [_, body] = function.node.children.as_slice() {
            let held = Held {
                logs: holding_logs(self.sources, function, given, 0),
                source: holding_source(body),
            };
            self.statements(function.path, body, &held);
        }
    }

    fn statements(&mut self, path: &str, node: &Node, held: &Held) {
        match node.kind {
            Kind::Raise if node.text == "assert" => {
                if let Some(condition) = node.children.first() {
                    self.condition(path, condition, node.line, held);
                }
                return;
            }
            Kind::With => self.context(path, node),
            Kind::Expression => self.call(path, node, held),
            // `if not ok: pytest.fail(…)`
            Kind::If if fails(&node.children[1]) => {
                self.condition(path, &node.children[0], node.line, held);
            }
            // Definitions inside a test run only if they are called.
            Kind::Function | Kind::Class => return,
            _ => {}
        }
        for child in &node.children {
            if matches!(child.kind, Kind::Block | Kind::Handler | Kind::Case)
                || node.kind == Kind::Block
            {
                self.statements(path, child, held);
            }
        }
    }

    /// Each part of an `and` is an assertion of its own.
    fn condition(&mut self, path: &str, node: &Node, line: u32, held: &Held) {
        let and = node.kind == Kind::Boolean
            && node
                .children
                .iter()
                .any(|child| child.kind == Kind::Token && child.text == "and");
        if and {
            for child in node
                .children
                .iter()
                .filter(|child| child.kind != Kind::Token)
            {
                self.condition(path, child, line, held);
            }
            return;
        }
        if let Some(subject) = subject(node, held) {
            self.push(path, line, subject);
        }
    }

    fn push(&mut self, path: &str, line: u32, subject: Subject) {
        self.all.push(Assertion {
            path: path.to_owned(),
            line,
            subject,
        });
    }

    /// `with pytest.raises(…)`, `with self.assertLogs(…)`.
    fn context(&mut self, path: &str, node: &Node) {
        for item in &node.children[..node.children.len() - 1] {
            item.visit(&mut |part| {
                if part.kind != Kind::Call {
                    return;
                }
                let name = part.children[0].text.as_str();
                let subject = match name {
                    "assertLogs" | "assertNoLogs" | "warns" | "deprecated_call" | "assertWarns" => {
                        Subject::Logs
                    }
                    "raises" | "assertRaises" | "assertRaisesRegex" => Subject::Behaviour,
                    _ => return,
                };
                self.all.push(Assertion {
                    path: path.to_owned(),
                    line: item.line,
                    subject,
                });
            });
        }
    }

    /// `self.assertEqual(…)`, `mock.assert_called()`, or a helper that asserts.
    fn call(&mut self, path: &str, node: &Node, held: &Held) {
        let Some(call) = node.children.first().filter(|call| call.kind == Kind::Call) else {
            return;
        };
        let (callee, arguments) = (&call.children[0], &call.children[1..]);
        if callee.kind == Kind::Name && held.logs.contains(&callee.text) {
            // A fixture returned the function that looks at logs.
            self.push(path, node.line, Subject::Logs);
            return;
        }
        let helper = self
            .sources
            .named(&callee.text, path)
            .filter(|_| self.depth < 4);
        if let Some(helper) = helper {
            let given = given(helper.node, arguments, &held.logs);
            self.depth += 1;
            self.function(helper, &given);
            self.depth -= 1;
        } else if callee.text.to_lowercase().starts_with("assert") {
            // The assertion is on the receiver of a mock, and on the arguments.
            let on = callee.children.iter().chain(arguments).cloned().collect();
            let on = Node::new(Kind::Other, "", call.line, on);
            if let Some(subject) = subject(&on, held) {
                self.push(path, node.line, subject);
            }
        }
    }
}

/// Whether a block calls `pytest.fail` or raises.
fn fails(block: &Node) -> bool {
    block.children.iter().any(|statement| {
        statement.kind == Kind::Raise
            || statement.any(&mut |part| part.kind == Kind::Call && part.children[0].text == "fail")
    })
}

/// What an expression looks at; nothing for one of constants alone.
fn subject(node: &Node, held: &Held) -> Option<Subject> {
    let looks = |part: &Node| match part.kind {
        Kind::Name => part.text != "self",
        Kind::Attribute => part.children.first().is_some_and(|of| of.text == "self"),
        _ => false,
    };
    if mentions(node, &held.logs) {
        Some(Subject::Logs)
    } else if reads_source(node, &held.source) {
        Some(Subject::Source)
    } else {
        node.any(&mut |part| looks(part))
            .then_some(Subject::Behaviour)
    }
}

/// Parameters that hold logs if a helper is called with these arguments.
fn given(helper: &Node, arguments: &[Node], logs: &BTreeSet<String>) -> BTreeSet<String> {
    let parameters: Vec<&Node> = helper.children[0]
        .children
        .iter()
        .filter(|part| part.kind == Kind::Parameter && part.text != "self")
        .collect();
    let mut given = BTreeSet::new();
    for (at, argument) in arguments.iter().enumerate() {
        if !mentions(argument, logs) {
            continue;
        }
        if argument.kind == Kind::Keyword {
            given.insert(argument.text.clone());
        } else if let Some(parameter) = parameters.get(at) {
            given.insert(parameter.text.clone());
        }
    }
    given
}
