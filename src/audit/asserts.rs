//! What each assertion of a test looks at: captured logs, or something else.

use std::collections::BTreeSet;

use super::rule::{Function, TestSources};
use super::syntax::{Kind, Node};

/// What an assertion looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subject {
    Logs,
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

impl Reader<'_> {
    /// Reads a function whose parameters of these names hold logs.
    fn function(&mut self, function: Function<'_>, given: &BTreeSet<String>) {
        let mut logs = given.clone();
        let [signature, body] = function.node.children.as_slice() else {
            return;
        };
        captured_by_name(signature, &mut logs);
        if let Some(module) = self.sources.module(function.path) {
            handlers(module, function.node, &mut logs);
        }
        for _ in 0..4 {
            let before = logs.len();
            spread(body, &mut logs);
            if logs.len() == before {
                break;
            }
        }
        self.statements(function.path, body, &logs);
    }

    fn statements(&mut self, path: &str, node: &Node, logs: &BTreeSet<String>) {
        match node.kind {
            Kind::Raise if node.text == "assert" => {
                if let Some(condition) = node.children.first() {
                    self.condition(path, condition, node.line, logs);
                }
                return;
            }
            Kind::With => self.context(path, node, logs),
            Kind::Expression => self.call(path, node, logs),
            // `if not ok: pytest.fail(…)`
            Kind::If if fails(&node.children[1]) => {
                self.condition(path, &node.children[0], node.line, logs);
            }
            // Definitions inside a test run when they are called, if at all.
            Kind::Function | Kind::Class => return,
            _ => {}
        }
        for child in &node.children {
            if matches!(child.kind, Kind::Block | Kind::Handler | Kind::Case)
                || node.kind == Kind::Block
            {
                self.statements(path, child, logs);
            }
        }
    }

    /// Each part of an `and` is an assertion of its own.
    fn condition(&mut self, path: &str, node: &Node, line: u32, logs: &BTreeSet<String>) {
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
                self.condition(path, child, line, logs);
            }
            return;
        }
        if let Some(subject) = subject(node, logs) {
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
    fn context(&mut self, path: &str, node: &Node, logs: &BTreeSet<String>) {
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
        let _ = logs;
    }

    /// `self.assertEqual(…)`, `mock.assert_called()`, or a helper that asserts.
    fn call(&mut self, path: &str, node: &Node, logs: &BTreeSet<String>) {
        let Some(call) = node.children.first().filter(|call| call.kind == Kind::Call) else {
            return;
        };
        let (callee, arguments) = (&call.children[0], &call.children[1..]);
        let helper = self
            .sources
            .named(&callee.text, path)
            .filter(|_| self.depth < 4);
        if let Some(helper) = helper {
            let given = given(helper.node, arguments, logs);
            self.depth += 1;
            self.function(helper, &given);
            self.depth -= 1;
        } else if callee.text.to_lowercase().starts_with("assert") {
            // What is asserted on is the receiver of a mock, and the arguments.
            let on = Node::new(Kind::Other, "", call.line, call.children.clone());
            if let Some(subject) = subject(&on, logs) {
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
fn subject(node: &Node, logs: &BTreeSet<String>) -> Option<Subject> {
    if mentions(node, logs) {
        Some(Subject::Logs)
    } else if node.any(&mut |part| part.kind == Kind::Name && part.text != "self") {
        Some(Subject::Behaviour)
    } else {
        None
    }
}

/// Whether an expression uses a name that holds logs; `capsys.readouterr().out` is output.
fn mentions(node: &Node, logs: &BTreeSet<String>) -> bool {
    node.any(&mut |part| match part.kind {
        Kind::Name => logs.contains(&part.text),
        Kind::Attribute => part.dotted().is_some_and(|path| logs.contains(&path)),
        _ => false,
    })
}

/// Parameters that hold logs when a helper is called with these arguments.
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

/// Fixtures that capture logs, and mocks that a decorator puts in a logger's place.
fn captured_by_name(signature: &Node, logs: &mut BTreeSet<String>) {
    let patches_logger = signature
        .children
        .iter()
        .any(|part| part.kind == Kind::Decorator && part.any(&mut names_a_logger));
    for parameter in signature
        .children
        .iter()
        .filter(|part| part.kind == Kind::Parameter)
    {
        let name = parameter.text.as_str();
        if matches!(
            name,
            "caplog" | "recwarn" | "log_capture" | "logs" | "caplog_records"
        ) || (patches_logger && name.contains("log"))
        {
            logs.insert(name.to_owned());
        }
    }
}

/// A text such as `app.queue.logger.info`, as `patch` takes it.
fn names_a_logger(node: &Node) -> bool {
    node.kind == Kind::Text
        && node.text.split('.').any(|part| {
            matches!(
                part,
                "logger" | "log" | "logging" | "LOGGER" | "LOG" | "_logger" | "_log"
            )
        })
}

/// Logging handlers made by the test: what they collect are logs.
fn handlers(module: &Node, function: &Node, logs: &mut BTreeSet<String>) {
    let mut classes = BTreeSet::new();
    for place in [module, function] {
        place.visit(&mut |node| {
            let of_handler = node.kind == Kind::Class
                && node.children[0].any(&mut |base| base.text.ends_with("Handler"));
            if !of_handler {
                return;
            }
            classes.insert(node.text.clone());
            node.visit(&mut |part| {
                if part.kind == Kind::Call
                    && part.children[0].text == "append"
                    && let Some(object) = part.children[0].children.first()
                    && object.kind == Kind::Name
                {
                    logs.insert(object.text.clone());
                }
            });
        });
    }
    function.visit(&mut |node| {
        let makes_handler = node.kind == Kind::Call
            && (node.children[0].text.ends_with("Handler")
                || classes.contains(&node.children[0].text));
        if makes_handler {
            for argument in &node.children[1..] {
                if argument.kind == Kind::Name {
                    logs.insert(argument.text.clone());
                }
            }
        }
        if node.kind == Kind::Assign
            && let [target, value] = node.children.as_slice()
            && value.any(&mut |part| {
                part.kind == Kind::Call
                    && (part.children[0].text.ends_with("Handler")
                        || classes.contains(&part.children[0].text))
            })
        {
            logs.insert(target.text.clone());
        }
    });
}

/// Names that get their value from logs hold logs too.
fn spread(body: &Node, logs: &mut BTreeSet<String>) {
    let mut found: Vec<String> = Vec::new();
    body.visit(&mut |node| match node.kind {
        Kind::Assign | Kind::Walrus => {
            if let [target, value] = node.children.as_slice()
                && (mentions(value, logs) || reads_errors_of_logging(value, body))
            {
                names(target, &mut found);
            }
        }
        Kind::Loop => {
            if let [target, over] = node.children[0].children.as_slice()
                && mentions(over, logs)
            {
                names(target, &mut found);
            }
        }
        Kind::Comprehension => {
            for clause in node
                .children
                .iter()
                .filter(|part| part.text == "for_in_clause")
            {
                if mentions(clause, logs)
                    && let Some(target) =
                        clause.children.iter().find(|part| part.kind != Kind::Token)
                {
                    names(target, &mut found);
                }
            }
        }
        Kind::With => {
            for item in &node.children[..node.children.len() - 1] {
                let captures = item.any(&mut |part| {
                    part.kind == Kind::Call
                        && matches!(
                            part.children[0].text.as_str(),
                            "assertLogs" | "warns" | "catch_warnings" | "assertWarns"
                        )
                }) || item.any(&mut names_a_logger);
                if captures {
                    item.visit(&mut |part| {
                        if part.text == "as_pattern"
                            && let Some(alias) = part.children.last()
                        {
                            names(alias, &mut found);
                        }
                    });
                }
            }
        }
        _ => {}
    });
    // `mocker.patch("app.queue.logger")` gives a logger's mock.
    body.visit(&mut |node| {
        if node.kind == Kind::Assign
            && let [target, value] = node.children.as_slice()
            && value.kind == Kind::Call
            && value.children[0].text.starts_with("patch")
            && value.any(&mut names_a_logger)
        {
            names(target, &mut found);
        }
    });
    logs.extend(found);
}

/// `capsys.readouterr().err` of a test that sets up logging: that is where logs go.
fn reads_errors_of_logging(value: &Node, body: &Node) -> bool {
    let err = value.any(&mut |part| part.kind == Kind::Attribute && part.text == "err")
        && value.any(&mut |part| part.text == "readouterr");
    err && body.any(&mut |part| part.kind == Kind::Name && part.text == "logging")
}

fn names(target: &Node, to: &mut Vec<String>) {
    match target.kind {
        Kind::Name => to.push(target.text.clone()),
        Kind::Attribute => to.extend(target.dotted()),
        Kind::Collection => {
            for child in &target.children {
                names(child, to);
            }
        }
        _ => {}
    }
}
