//! Which names of a test hold captured logs: fixtures, handlers, mocks that replace a logger, and
//! whatever gets its value from them.

use std::collections::BTreeSet;

use super::sources::{Function, TestSources};
use super::syntax::{Kind, Node};

/// Fixtures that capture logs.
const CAPTURING: [&str; 4] = ["caplog", "recwarn", "log_capture", "caplog_records"];

/// Names that hold logs in a function whose parameters of the given names do.
pub(super) fn holding_logs(
    sources: &TestSources,
    function: Function<'_>,
    given: &BTreeSet<String>,
    depth: usize,
) -> BTreeSet<String> {
    let mut logs = given.clone();
    // pytest's own fixtures, also where an inner function uses those of the outer.
    logs.extend(CAPTURING.map(str::to_owned));
    let [signature, body] = function.node.children.as_slice() else {
        return logs;
    };
    captured_by_name(signature, &mut logs);
    for parameter in parameters(signature) {
        let fixture = sources.named(&parameter.text, function.path);
        if let Some(fixture) = fixture.filter(|_| depth < 4)
            && gives_logs(sources, fixture, depth + 1)
        {
            logs.insert(parameter.text.clone());
        }
    }
    if let Some(module) = sources.module(function.path) {
        handlers(module, function.node, &mut logs);
    }
    for _ in 0..4 {
        let before = logs.len();
        spread(body, &mut logs);
        in_a_loggers_place(body, &mut logs);
        if logs.len() == before {
            break;
        }
    }
    logs
}

/// Names that hold the source text of the code under test: a check of that text is not a check of
/// behaviour.
pub(super) fn holding_source(body: &Node) -> BTreeSet<String> {
    let mut held = BTreeSet::new();
    for _ in 0..4 {
        let before = held.len();
        body.visit(&mut |node| {
            let (target, value) = match (node.kind, node.children.as_slice()) {
                (Kind::Assign | Kind::Walrus, [target, value]) => (target, value),
                (Kind::Other, [value, target]) if node.text == "as_pattern" => (target, value),
                _ => return,
            };
            if reads_source(value, &held) {
                let mut found = Vec::new();
                names(target, &mut found);
                held.extend(found);
            }
        });
        if held.len() == before {
            break;
        }
    }
    held
}

/// Whether an expression reads the code under test itself: its text, its docstring, its bytes.
pub(super) fn reads_source(node: &Node, held: &BTreeSet<String>) -> bool {
    const READS: [&str; 6] = [
        "getsource",
        "getsourcelines",
        "getdoc",
        "__doc__",
        "__code__",
        "__file__",
    ];
    node.any(&mut |part| match part.kind {
        Kind::Name if held.contains(&part.text) => true,
        // `__file__` alone is the test's own location.
        Kind::Name => part.text != "__file__" && READS.contains(&part.text.as_str()),
        Kind::Attribute => READS.contains(&part.text.as_str()),
        _ => false,
    })
}

/// Whether a fixture returns or yields logs, directly or through a function.
fn gives_logs(sources: &TestSources, fixture: Function<'_>, depth: usize) -> bool {
    let is_fixture = fixture.node.children[0]
        .children
        .iter()
        .any(|part| part.kind == Kind::Decorator && part.any(&mut |name| name.text == "fixture"));
    if !is_fixture {
        return false;
    }
    let mut logs = holding_logs(sources, fixture, &BTreeSet::new(), depth);
    let Some(body) = fixture.node.body() else {
        return false;
    };
    let mut inner = Vec::new();
    body.visit(&mut |node| {
        if node.kind == Kind::Function && mentions(node, &logs) {
            inner.push(node.text.clone());
        }
    });
    logs.extend(inner);
    body.any(&mut |node| {
        matches!(node.kind, Kind::Return | Kind::Yield)
            && (mentions(node, &logs) || node.any(&mut patches_a_logger))
    })
}

fn parameters(signature: &Node) -> impl Iterator<Item = &Node> {
    let all = signature.children.iter();
    all.filter(|part| part.kind == Kind::Parameter)
}

/// Whether an expression uses a name that holds logs; `capsys.readouterr().out` is output, not
/// logs.
pub(super) fn mentions(node: &Node, logs: &BTreeSet<String>) -> bool {
    node.any(&mut |part| match part.kind {
        Kind::Name => logs.contains(&part.text),
        // `self._caplog`, which an autouse fixture put there.
        Kind::Attribute if part.text.contains("caplog") => true,
        Kind::Attribute => part.dotted().is_some_and(|path| logs.contains(&path)),
        _ => false,
    })
}

/// Fixtures that capture logs, and mocks that a decorator puts in a logger's place.
fn captured_by_name(signature: &Node, logs: &mut BTreeSet<String>) {
    let patches_logger = signature
        .children
        .iter()
        .any(|part| part.kind == Kind::Decorator && part.any(&mut names_a_logger));
    for parameter in parameters(signature) {
        let name = parameter.text.as_str();
        if matches!(name, "log" | "logs") || (patches_logger && name.contains("log")) {
            logs.insert(name.to_owned());
        }
    }
}

/// `engine.logger`, or a text such as `app.queue.logger.info`, as `patch` accepts it.
fn names_a_logger(node: &Node) -> bool {
    matches!(node.kind, Kind::Text | Kind::Name | Kind::Attribute)
        && node.text.split('.').any(|part| {
            matches!(
                part,
                "logger" | "log" | "logging" | "LOGGER" | "LOG" | "_logger" | "_log"
            )
        })
}

/// `mocker.patch("app.queue.logger")` gives a logger's mock.
fn patches_a_logger(node: &Node) -> bool {
    node.kind == Kind::Call
        && (node.children[0].text.starts_with("patch") || is_of_patch(&node.children[0]))
        && node.children[1..]
            .iter()
            .any(|argument| argument.any(&mut names_a_logger))
}

/// `patch.object`, `patch.multiple`.
fn is_of_patch(callee: &Node) -> bool {
    let object = callee.children.first();
    object.is_some_and(|object| object.text == "patch")
}

/// Logging handlers created by the test: what they collect are logs.
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

/// Adds names that get their value from logs.
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
        Kind::With => captured_by_context(node, &mut found),
        _ => {}
    });
    body.visit(&mut |node| {
        if node.kind == Kind::Assign
            && let [target, value] = node.children.as_slice()
            && patches_a_logger(value)
        {
            names(target, &mut found);
        }
    });
    logs.extend(found);
}

/// `with self.assertLogs(…) as seen`, `with patch("app.queue.logger") as fake`.
fn captured_by_context(node: &Node, found: &mut Vec<String>) {
    for item in &node.children[..node.children.len() - 1] {
        let captures = item.any(&mut |part| {
            part.kind == Kind::Call
                && matches!(
                    part.children[0].text.as_str(),
                    "assertLogs" | "warns" | "catch_warnings" | "assertWarns"
                )
        }) || item.any(&mut patches_a_logger);
        if captures {
            item.visit(&mut |part| {
                if part.text == "as_pattern"
                    && let Some(alias) = part.children.last()
                {
                    names(alias, found);
                }
            });
        }
    }
}

/// Replacements of a logger in a test: `monkeypatch.setattr(engine, "logger", fake)`,
/// `setattr(engine.logger, "info", seen.append)`, `logger.addFilter(seen.append)`.
fn in_a_loggers_place(body: &Node, logs: &mut BTreeSet<String>) {
    body.visit(&mut |node| {
        let put = match (node.kind, node.children.as_slice()) {
            (Kind::Call, [callee, arguments @ .., last]) => {
                let sets = callee.text == "setattr"
                    || callee.text.starts_with("patch")
                    || is_of_patch(callee);
                let place = arguments.iter().any(|part| part.any(&mut names_a_logger));
                ((sets && place) || callee.text == "addFilter").then_some(last)
            }
            (Kind::Assign, [target, value]) => {
                (target.kind == Kind::Attribute && target.any(&mut names_a_logger)).then_some(value)
            }
            _ => None,
        };
        if let Some(put) = put {
            handed_over(put, logs);
        }
    });
}

/// Names in a value, but not of the functions that make it.
fn handed_over(value: &Node, to: &mut BTreeSet<String>) {
    match (value.kind, value.children.first()) {
        (Kind::Name, _) => {
            to.insert(value.text.clone());
        }
        (Kind::Call, Some(callee)) if callee.kind == Kind::Name => {
            for argument in &value.children[1..] {
                handed_over(argument, to);
            }
        }
        _ => {
            for child in &value.children {
                handed_over(child, to);
            }
        }
    }
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
