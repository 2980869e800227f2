//! Lowers Python's expressions to the neutral tree, without quotes, parentheses and number
//! spellings.

use tree_sitter::Node as Syntax;

use super::super::grammar::{line_of, number};
use super::super::tree::{Aside, Kind, Node};
use super::super::walk::{Walk, children, parts};

/// Lowers every named child that is an expression.
pub(super) fn expressions(walk: &mut Walk<'_>, at: Syntax<'_>) -> Vec<Node> {
    let mut all = Vec::new();
    for child in children(at) {
        if child.kind() == "comment" {
            walk.note(Aside::Comment, child);
        } else if child.is_named() {
            all.extend(expression(walk, child));
        }
    }
    all
}

/// Lowers one expression; none if it is only an annotation or a comment.
pub(super) fn expression(walk: &mut Walk<'_>, at: Syntax<'_>) -> Option<Node> {
    walk.deeper(|walk| lower(walk, at))
}

fn lower(walk: &mut Walk<'_>, at: Syntax<'_>) -> Option<Node> {
    let line = line_of(at);
    let node = match at.kind() {
        "comment" => {
            walk.note(Aside::Comment, at);
            return None;
        }
        "type" => {
            walk.note(Aside::Annotation, at);
            return None;
        }
        "line_continuation" => return None,
        "identifier" => Node::leaf(Kind::Name, walk.text(at), line),
        "integer" | "float" => Node::leaf(Kind::Number, number(walk.text(at)), line),
        "true" | "false" | "none" | "ellipsis" => Node::leaf(Kind::Constant, at.kind(), line),
        "string" | "concatenated_string" => string(walk, at),
        "parenthesized_expression" => return expressions(walk, at).into_iter().next(),
        "as_pattern_target" | "case_pattern" if is_wrapper(at) => {
            return expressions(walk, at).into_iter().next();
        }
        "expression_list" | "tuple" | "pattern_list" | "tuple_pattern" => {
            Node::new(Kind::Collection, "tuple", line, expressions(walk, at))
        }
        "list" | "list_pattern" => Node::new(Kind::Collection, "list", line, expressions(walk, at)),
        "dictionary" => Node::new(Kind::Collection, "dict", line, expressions(walk, at)),
        "set" => Node::new(Kind::Collection, "set", line, expressions(walk, at)),
        "list_comprehension"
        | "set_comprehension"
        | "dictionary_comprehension"
        | "generator_expression" => {
            Node::new(Kind::Comprehension, at.kind(), line, expressions(walk, at))
        }
        "attribute" => {
            let object = field(walk, at, "object");
            Node::new(Kind::Attribute, walk.field(at, "attribute"), line, object)
        }
        "subscript" => Node::new(Kind::Index, "", line, expressions(walk, at)),
        "call" => return Some(call(walk, at)),
        "keyword_argument" => {
            let value = field(walk, at, "value");
            Node::new(Kind::Keyword, walk.field(at, "name"), line, value)
        }
        "assignment" | "augmented_assignment" => assignment(walk, at),
        "named_expression" => Node::new(Kind::Walrus, "", line, expressions(walk, at)),
        "await" => Node::new(Kind::Await, "", line, expressions(walk, at)),
        "yield" => Node::new(Kind::Yield, from(at), line, expressions(walk, at)),
        "lambda" => lambda(walk, at),
        "comparison_operator" => Node::new(Kind::Compare, "", line, with_tokens(walk, at)),
        "boolean_operator" | "not_operator" => {
            Node::new(Kind::Boolean, "", line, with_tokens(walk, at))
        }
        "binary_operator" | "unary_operator" => operator(walk, at),
        "global_statement" => Node::new(Kind::Declare, "", line, expressions(walk, at)),
        _ => Node::new(Kind::Other, at.kind(), line, with_tokens(walk, at)),
    };
    Some(node)
}

/// Whether a node only wraps its child; `-1` in a pattern is more than `1`.
fn is_wrapper(at: Syntax<'_>) -> bool {
    parts(at).len() == 1 && children(at).iter().all(Syntax::is_named)
}

fn field(walk: &mut Walk<'_>, at: Syntax<'_>, name: &str) -> Vec<Node> {
    at.child_by_field_name(name)
        .and_then(|child| expression(walk, child))
        .into_iter()
        .collect()
}

/// `from` for `yield from`, else nothing.
fn from(at: Syntax<'_>) -> &'static str {
    if children(at).iter().any(|child| child.kind() == "from") {
        "from"
    } else {
        ""
    }
}

/// Children with the operators and keywords among them; punctuation is formatting.
fn with_tokens(walk: &mut Walk<'_>, at: Syntax<'_>) -> Vec<Node> {
    const PUNCTUATION: [&str; 9] = ["(", ")", "[", "]", "{", "}", ",", ";", "."];
    let mut all = Vec::new();
    for child in children(at) {
        if child.is_named() {
            all.extend(expression(walk, child));
        } else if !PUNCTUATION.contains(&child.kind()) {
            all.push(Node::leaf(Kind::Token, child.kind(), line_of(child)));
        }
    }
    // A leaf of a kind the audit has no name for still differs by its text.
    if all.is_empty() {
        all.push(Node::leaf(Kind::Token, walk.text(at), line_of(at)));
    }
    all
}

/// Arithmetic on numbers alone is worked out, so that `2 * 30` and `60` are one constant.
fn operator(walk: &mut Walk<'_>, at: Syntax<'_>) -> Node {
    let all = with_tokens(walk, at);
    let line = line_of(at);
    let folded = match all.as_slice() {
        [sign, only] => worked_out("0", &sign.text, number_text(only)),
        [left, sign, right] => {
            number_text(left).and_then(|left| worked_out(left, &sign.text, number_text(right)))
        }
        _ => None,
    };
    match folded {
        Some(value) => Node::leaf(Kind::Number, value, line),
        None => Node::new(Kind::Operator, "", line, all),
    }
}

fn number_text(node: &Node) -> Option<&str> {
    (node.kind == Kind::Number).then_some(node.text.as_str())
}

/// The value of an operation on two numbers, whole ones exactly and only while they stay small.
fn worked_out(left: &str, sign: &str, right: Option<&str>) -> Option<String> {
    let right = right?;
    if let (Ok(left), Ok(right)) = (left.parse::<i64>(), right.parse::<i64>())
        && sign != "/"
    {
        let whole = match sign {
            "+" => left.checked_add(right),
            "-" => left.checked_sub(right),
            "*" => left.checked_mul(right),
            "**" => left.checked_pow(u32::try_from(right).ok()?),
            _ => None,
        };
        return whole.map(|value| value.to_string());
    }
    let (left, right) = (left.parse::<f64>().ok()?, right.parse::<f64>().ok()?);
    let value = match sign {
        "+" => left + right,
        "-" => left - right,
        "*" => left * right,
        "/" if right != 0.0 => left / right,
        "**" => left.powf(right),
        _ => return None,
    };
    value.is_finite().then(|| format!("{value:?}"))
}

fn call(walk: &mut Walk<'_>, at: Syntax<'_>) -> Node {
    let line = line_of(at);
    let mut all = field(walk, at, "function");
    if let Some(arguments) = at.child_by_field_name("arguments") {
        if arguments.kind() == "argument_list" {
            all.extend(expressions(walk, arguments));
        } else {
            all.extend(expression(walk, arguments));
        }
    }
    let callee = all.first().and_then(Node::dotted).unwrap_or_default();
    if matches!(callee.as_str(), "cast" | "typing.cast") && all.len() == 3 {
        walk.note(Aside::Annotation, at);
        return all.swap_remove(2);
    }
    if matches!(callee.as_str(), "timedelta" | "datetime.timedelta")
        && let Some(seconds) = duration(&all[1..])
    {
        all.truncate(1);
        all.push(Node::leaf(Kind::Number, format!("{seconds:?}"), line));
    }
    Node::new(Kind::Call, "", line, all)
}

/// Seconds of a `timedelta` whose units are all plain numbers: its units are one constant.
fn duration(arguments: &[Node]) -> Option<f64> {
    arguments.iter().try_fold(0.0, |sum, argument| {
        let unit = match argument.text.as_str() {
            "milliseconds" => 0.001,
            "seconds" => 1.0,
            "minutes" => 60.0,
            "hours" => 3600.0,
            "days" => 86_400.0,
            "weeks" => 604_800.0,
            _ => return None,
        };
        let value = argument.children.first()?;
        match value.kind {
            Kind::Number => Some(sum + unit * value.text.parse::<f64>().ok()?),
            _ => None,
        }
    })
}

fn assignment(walk: &mut Walk<'_>, at: Syntax<'_>) -> Node {
    let line = line_of(at);
    if let Some(annotation) = at.child_by_field_name("type") {
        walk.note(Aside::Annotation, annotation);
    }
    let operator = at
        .child_by_field_name("operator")
        .map_or("=", |operator| walk.text(operator))
        .to_owned();
    let mut all = field(walk, at, "left");
    all.extend(field(walk, at, "right"));
    Node::new(Kind::Assign, operator, line, all)
}

fn lambda(walk: &mut Walk<'_>, at: Syntax<'_>) -> Node {
    let line = line_of(at);
    let signature = at
        .child_by_field_name("parameters")
        .map(|list| parameters(walk, list))
        .unwrap_or_default();
    let mut all = vec![Node::new(Kind::Signature, "", line, signature)];
    all.extend(field(walk, at, "body"));
    Node::new(Kind::Lambda, "", line, all)
}

/// Parameters without their annotations.
pub(super) fn parameters(walk: &mut Walk<'_>, at: Syntax<'_>) -> Vec<Node> {
    let mut all = Vec::new();
    for part in children(at).into_iter().filter(Syntax::is_named) {
        let line = line_of(part);
        match part.kind() {
            "default_parameter" | "typed_default_parameter" => {
                if let Some(annotation) = part.child_by_field_name("type") {
                    walk.note(Aside::Annotation, annotation);
                }
                let value = field(walk, part, "value");
                all.push(Node::new(
                    Kind::Parameter,
                    walk.field(part, "name"),
                    line,
                    value,
                ));
            }
            "typed_parameter" => {
                if let Some(annotation) = part.child_by_field_name("type") {
                    walk.note(Aside::Annotation, annotation);
                }
                let name = parts(part).into_iter().next().map(|name| walk.text(name));
                all.push(Node::leaf(Kind::Parameter, name.unwrap_or_default(), line));
            }
            "comment" => walk.note(Aside::Comment, part),
            _ => all.push(Node::leaf(Kind::Parameter, walk.text(part), line)),
        }
    }
    all
}

/// A text without quotes; adjacent texts are one.
fn string(walk: &mut Walk<'_>, at: Syntax<'_>) -> Node {
    let line = line_of(at);
    let mut pieces = Vec::new();
    collect(walk, at, &mut pieces);
    match pieces.as_slice() {
        [] => Node::leaf(Kind::Text, "", line),
        [one] if one.kind == Kind::Text => pieces.swap_remove(0),
        _ => Node::new(Kind::Format, "", line, pieces),
    }
}

fn collect(walk: &mut Walk<'_>, at: Syntax<'_>, to: &mut Vec<Node>) {
    for part in parts(at) {
        match part.kind() {
            "string" => collect(walk, part, to),
            "string_start" => {
                let kind: String = walk
                    .text(part)
                    .chars()
                    .filter(|letter| "bBrRtT".contains(*letter))
                    .flat_map(char::to_lowercase)
                    .collect();
                if !kind.is_empty() {
                    push(to, Node::leaf(Kind::Token, kind, line_of(part)));
                }
            }
            "string_content" => {
                let raw = to
                    .iter()
                    .any(|piece| piece.kind == Kind::Token && piece.text.contains('r'));
                let text = if raw {
                    walk.text(part).to_owned()
                } else {
                    unescaped(walk.text(part))
                };
                push(to, Node::leaf(Kind::Text, text, line_of(part)));
            }
            "interpolation" => {
                let inner = interpolation(walk, part);
                push(
                    to,
                    Node::new(Kind::Other, "interpolation", line_of(part), inner),
                );
            }
            _ => {}
        }
    }
}

/// A text without the backslashes that only its quotes need.
fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match (letter, letters.clone().next()) {
            ('\\', Some(next @ ('\'' | '"'))) => {
                plain.push(next);
                letters.next();
            }
            ('\\', Some(next)) => {
                plain.push(letter);
                plain.push(next);
                letters.next();
            }
            _ => plain.push(letter),
        }
    }
    plain
}

/// The content of braces, with its format; `{name=}` also prints the name.
fn interpolation(walk: &mut Walk<'_>, at: Syntax<'_>) -> Vec<Node> {
    let mut all = expressions(walk, at);
    for part in children(at) {
        match part.kind() {
            "=" => {
                let to_here = walk.between(at, part);
                all.push(Node::leaf(Kind::Token, to_here, line_of(part)));
            }
            "format_specifier" => {
                all.push(Node::leaf(Kind::Token, walk.text(part), line_of(part)));
            }
            _ => {}
        }
    }
    all
}

fn push(to: &mut Vec<Node>, piece: Node) {
    match to.last_mut() {
        Some(last) if last.kind == Kind::Text && piece.kind == Kind::Text => {
            last.text.push_str(&piece.text);
        }
        _ => to.push(piece),
    }
}
