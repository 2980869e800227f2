//! Decorators and context managers that do nothing once logging is removed: they only forward.

use super::tree::{Kind, Node};

/// What a function without its logging turns out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wraps {
    /// A decorator whose wrapper only calls the wrapped function.
    Plainly,
    /// The same for coroutines.
    Coroutines,
}

/// Whether a function is a decorator that only forwards: it returns a wrapper that calls the single
/// parameter with the wrapper's own arguments.
pub(super) fn decorator(signature: &Node, body: &Node) -> Option<Wraps> {
    let [parameter] = signature.children.as_slice() else {
        return None;
    };
    let [wrapper, given] = body.children.as_slice() else {
        return None;
    };
    let is_the_result = given.kind == Kind::Return
        && matches!(given.children.as_slice(), [name] if is_name(name, &wrapper.text));
    if parameter.kind != Kind::Parameter || wrapper.kind != Kind::Function || !is_the_result {
        return None;
    }
    let (head, inner) = (&wrapper.children[0], wrapper.body()?);
    let is_async = head
        .children
        .iter()
        .any(|part| part.kind == Kind::Token && part.text == "async");
    let [only] = inner.children.as_slice() else {
        return None;
    };
    let value = only
        .children
        .first()
        .filter(|_| only.kind == Kind::Return)?;
    let (call, wraps) = match (value.kind, is_async) {
        (Kind::Await, true) => (value.children.first()?, Wraps::Coroutines),
        (_, false) => (value, Wraps::Plainly),
        _ => return None,
    };
    hands_on(head, call, &parameter.text).then_some(wraps)
}

/// Whether a call has a wrapper's parameters as its arguments, each once and in order.
fn hands_on(head: &Node, call: &Node, wrapped: &str) -> bool {
    let parameters = head
        .children
        .iter()
        .filter(|part| part.kind == Kind::Parameter);
    let parameters: Vec<&str> = parameters.map(|part| part.text.as_str()).collect();
    let takes_all = parameters
        .iter()
        .any(|name| name.starts_with('*') && !name.starts_with("**"))
        && parameters.iter().any(|name| name.starts_with("**"));
    let plain = head.children.iter().all(|part| match part.kind {
        Kind::Parameter => part.children.is_empty(),
        Kind::Decorator => keeps_the_name(part, wrapped),
        Kind::Token => true,
        _ => false,
    });
    let Some((callee, arguments)) = call.children.split_first() else {
        return false;
    };
    let arguments: Option<Vec<String>> = arguments.iter().map(spelled).collect();
    call.kind == Kind::Call
        && plain
        && takes_all
        && is_name(callee, wrapped)
        && arguments.is_some_and(|arguments| arguments == parameters)
}

fn spelled(argument: &Node) -> Option<String> {
    match (argument.kind, argument.children.as_slice()) {
        (Kind::Name, _) => Some(argument.text.clone()),
        (Kind::Other, [stars, name])
            if matches!(argument.text.as_str(), "list_splat" | "dictionary_splat")
                && name.kind == Kind::Name =>
        {
            Some(format!("{}{}", stars.text, name.text))
        }
        _ => None,
    }
}

/// `@functools.wraps(wrapped)`
fn keeps_the_name(decorator: &Node, wrapped: &str) -> bool {
    let Some(call) = decorator.children.first() else {
        return false;
    };
    match call.children.as_slice() {
        [callee, argument] => {
            let callee = callee.dotted().unwrap_or_default();
            matches!(callee.as_str(), "wraps" | "functools.wraps") && is_name(argument, wrapped)
        }
        _ => false,
    }
}

/// The definition inside a function that returns such a decorator.
pub(super) fn factory(body: &Node) -> Option<Wraps> {
    match body.children.as_slice() {
        [inner, given]
            if inner.kind == Kind::Function
                && given.kind == Kind::Return
                && matches!(given.children.as_slice(), [name] if is_name(name, &inner.text)) =>
        {
            decorator(&inner.children[0], inner.body()?)
        }
        _ => None,
    }
}

/// Whether a function is a context manager that only runs its body.
pub(super) fn context(signature: &Node, body: &Node) -> bool {
    let mut decorators = signature
        .children
        .iter()
        .filter(|part| part.kind == Kind::Decorator);
    let manages = match (decorators.next(), decorators.next()) {
        (Some(one), None) => one
            .children
            .first()
            .and_then(Node::dotted)
            .is_some_and(|name| {
                let name = name.rsplit('.').next().unwrap_or_default();
                matches!(name, "contextmanager" | "asynccontextmanager")
            }),
        _ => false,
    };
    let yields = match body.children.as_slice() {
        [only] if only.kind == Kind::Expression => matches!(
            only.children.as_slice(),
            [node] if node.kind == Kind::Yield && node.text.is_empty()
                && node.children.iter().all(|value| value.kind == Kind::Constant && value.text == "none")
        ),
        _ => false,
    };
    manages && yields
}

/// Whether a class is a context manager that only runs its body: it has no other methods, or only
/// ones that store values of its own.
pub(super) fn context_class(class: &Node, pure: &dyn Fn(&Node) -> bool) -> bool {
    const METHODS: [&str; 5] = [
        "__init__",
        "__enter__",
        "__exit__",
        "__aenter__",
        "__aexit__",
    ];
    let [signature, body] = class.children.as_slice() else {
        return false;
    };
    let has = |name: &str| body.children.iter().any(|method| method.text == name);
    signature.children.is_empty()
        && (has("__enter__") && has("__exit__") || has("__aenter__") && has("__aexit__"))
        && body.children.iter().all(|method| {
            method.kind == Kind::Function
                && METHODS.contains(&method.text.as_str())
                && !method.children[0].holds(Kind::Decorator)
                && method.body().is_some_and(|body| {
                    body.children
                        .iter()
                        .all(|statement| keeps_its_own(statement, method, pure))
                })
        })
}

/// `self.name = value`, or a `return` that decides nothing.
fn keeps_its_own(statement: &Node, method: &Node, pure: &dyn Fn(&Node) -> bool) -> bool {
    let is_self = |node: &Node| is_name(node, "self");
    match (statement.kind, statement.children.as_slice()) {
        (Kind::Assign, [target, value]) => {
            target.kind == Kind::Attribute && target.children.iter().all(is_self) && pure(value)
        }
        (Kind::Return, []) => true,
        (Kind::Return, [value]) if method.text.ends_with("exit__") => {
            value.kind == Kind::Constant && value.text != "true"
        }
        (Kind::Return, [value]) => pure(value),
        _ => false,
    }
}

fn is_name(node: &Node, name: &str) -> bool {
    node.kind == Kind::Name && node.text == name
}
