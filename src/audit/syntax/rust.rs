//! Rust: shows that a language is one file. Lowers its statements, definitions and macros to the
//! neutral tree. Types are annotations; attributes and signatures are not.

use tree_sitter::Node as Syntax;

use super::grammar::{Grammar, Unreadable, line_of, number};
use super::names::LoggingNames;
use super::tree::{Aside, Kind, Lowered, Node};
use super::walk::{Walk, children, parts};

/// The Rust grammar.
pub(super) struct Rust;

impl Grammar for Rust {
    fn name(&self) -> &'static str {
        "Rust"
    }

    fn language(&self) -> tree_sitter::Language {
        tree_sitter_rust::LANGUAGE.into()
    }

    fn reads(&self, path: &str) -> bool {
        std::path::Path::new(path)
            .extension()
            .is_some_and(|extension| extension == "rs")
    }

    fn lower(&self, root: Syntax<'_>, source: &str) -> Result<Lowered, Unreadable> {
        let mut walk = Walk::new(source);
        let statements = statements(&mut walk, root);
        walk.finish(statements)
    }

    fn logging(&self) -> LoggingNames {
        LoggingNames::rust()
    }

    fn imports_have_effects(&self) -> bool {
        false
    }

    fn has_normal_form(&self) -> bool {
        false
    }
}

/// The statements of a file, a block or a list of declarations, each with its attributes.
fn statements(walk: &mut Walk<'_>, at: Syntax<'_>) -> Vec<Node> {
    let mut attributes: Vec<Node> = Vec::new();
    let mut all = Vec::new();
    for child in children(at) {
        if child.kind() == "attribute_item" {
            if !walk.text(child).contains("expect(") && !walk.text(child).contains("allow(") {
                let text = walk.text(child).split_whitespace().collect::<String>();
                attributes.push(Node::leaf(Kind::Decorator, text, line_of(child)));
            }
            continue;
        }
        let of_tests = attributes
            .iter()
            .any(|attribute| attribute.text.contains("cfg(test)") || attribute.text == "#[test]");
        if of_tests && child.is_named() && !child.is_extra() {
            walk.note(Aside::Test, child);
            attributes.clear();
            continue;
        }
        let mut lowered = walk.deeper(|walk| statement(walk, child));
        if let Some(first) = lowered.first_mut()
            && let Some(signature) = first.children.first_mut()
            && signature.kind == Kind::Signature
        {
            signature.children.append(&mut attributes);
        }
        all.append(&mut lowered);
    }
    all
}

fn statement(walk: &mut Walk<'_>, at: Syntax<'_>) -> Vec<Node> {
    let line = line_of(at);
    match at.kind() {
        "line_comment" | "block_comment" => {
            walk.note(Aside::Comment, at);
            Vec::new()
        }
        "use_declaration" => imports(walk, at),
        "function_item" => vec![definition(walk, at, Kind::Function, "name", "parameters")],
        "impl_item" => vec![definition(walk, at, Kind::Class, "type", "trait")],
        "mod_item" | "trait_item" => vec![definition(walk, at, Kind::Class, "name", "bounds")],
        "let_declaration" | "const_item" | "static_item" => {
            let target = at
                .child_by_field_name("pattern")
                .or(at.child_by_field_name("name"));
            let mut all: Vec<Node> = target
                .and_then(|part| expression(walk, part))
                .into_iter()
                .collect();
            all.extend(field(walk, at, "value"));
            if let Some(otherwise) = at.child_by_field_name("alternative") {
                all.push(block(walk, Some(otherwise)));
            }
            vec![Node::new(Kind::Assign, "=", line, all)]
        }
        "expression_statement" => parts(at)
            .into_iter()
            .filter_map(|part| expression(walk, part))
            .map(as_statement)
            .collect(),
        _ if !at.is_named() => Vec::new(),
        _ => expression(walk, at).map(as_statement).into_iter().collect(),
    }
}

/// Turns control flow into a statement, wherever it occurs.
fn as_statement(node: Node) -> Node {
    match node.kind {
        Kind::If
        | Kind::Loop
        | Kind::Match
        | Kind::Return
        | Kind::Jump
        | Kind::Assign
        | Kind::Block => node,
        _ => {
            let line = node.line;
            Node::new(Kind::Expression, "", line, vec![node])
        }
    }
}

fn imports(walk: &mut Walk<'_>, at: Syntax<'_>) -> Vec<Node> {
    let path = walk.field(at, "argument");
    let flat: String = path.split_whitespace().collect();
    let (prefix, names) = match flat.split_once('{') {
        Some((prefix, names)) => (prefix.to_owned(), names.trim_end_matches('}').to_owned()),
        None => (String::new(), flat),
    };
    names
        .split(',')
        .filter(|name| !name.is_empty())
        .map(|name| {
            let bound = name.rsplit("as").next().unwrap_or(name);
            let bound = bound.rsplit("::").next().unwrap_or(bound);
            let from = Node::leaf(Kind::Text, format!("{prefix}{name}"), line_of(at));
            Node::new(Kind::Import, bound, line_of(at), vec![from])
        })
        .collect()
}

fn definition(
    walk: &mut Walk<'_>,
    at: Syntax<'_>,
    kind: Kind,
    name: &str,
    signature: &str,
) -> Node {
    let line = line_of(at);
    let mut name = walk.field(at, name).to_owned();
    if at.kind() == "impl_item" && at.child_by_field_name("trait").is_some() {
        name = format!("{name} as {}", walk.field(at, "trait"));
    }
    walk.inside(&name.clone(), |walk| {
        let mut head = Vec::new();
        for part in children(at) {
            match part.kind() {
                "function_modifiers" | "where_clause" | "type_parameters" => {
                    head.push(Node::leaf(Kind::Token, walk.text(part), line));
                }
                _ => {}
            }
        }
        if let Some(list) = at.child_by_field_name(signature) {
            for part in parts(list) {
                head.push(Node::leaf(Kind::Parameter, walk.text(part), line));
            }
        }
        if let Some(result) = at.child_by_field_name("return_type") {
            head.push(Node::leaf(Kind::Token, walk.text(result), line));
        }
        let head = Node::new(Kind::Signature, "", line, head);
        let body = block(walk, at.child_by_field_name("body"));
        Node::new(kind, name, line, vec![head, body])
    })
}

fn block(walk: &mut Walk<'_>, at: Option<Syntax<'_>>) -> Node {
    match at {
        None => Node::leaf(Kind::Block, "", 0),
        Some(at) if matches!(at.kind(), "block" | "declaration_list") => {
            let all = statements(walk, at);
            Node::new(Kind::Block, "", line_of(at), all)
        }
        Some(at) => {
            let all = walk.deeper(|walk| statement(walk, at));
            Node::new(Kind::Block, "", line_of(at), all)
        }
    }
}

fn field(walk: &mut Walk<'_>, at: Syntax<'_>, name: &str) -> Vec<Node> {
    at.child_by_field_name(name)
        .and_then(|child| expression(walk, child))
        .into_iter()
        .collect()
}

fn expression(walk: &mut Walk<'_>, at: Syntax<'_>) -> Option<Node> {
    walk.deeper(|walk| lower(walk, at))
}

fn lower(walk: &mut Walk<'_>, at: Syntax<'_>) -> Option<Node> {
    match at.kind() {
        "line_comment" | "block_comment" => {
            walk.note(Aside::Comment, at);
            None
        }
        "parenthesized_expression" => parts(at).first().and_then(|part| expression(walk, *part)),
        _ => Some(
            literal(walk, at)
                .or_else(|| control_flow(walk, at))
                .unwrap_or_else(|| operation(walk, at)),
        ),
    }
}

/// Names and literals, each in one spelling.
fn literal(walk: &mut Walk<'_>, at: Syntax<'_>) -> Option<Node> {
    let line = line_of(at);
    let text = walk.text(at);
    Some(match at.kind() {
        "identifier" | "scoped_identifier" | "self" | "type_identifier" => {
            Node::leaf(Kind::Name, text, line)
        }
        "integer_literal" | "float_literal" => Node::leaf(Kind::Number, number(text), line),
        "boolean_literal" => Node::leaf(Kind::Constant, text, line),
        "string_literal" | "raw_string_literal" | "char_literal" => {
            let text = text.trim_matches(|letter| "r#\"".contains(letter));
            Node::leaf(Kind::Text, text, line)
        }
        _ => return None,
    })
}

/// What decides which code runs next.
fn control_flow(walk: &mut Walk<'_>, at: Syntax<'_>) -> Option<Node> {
    let line = line_of(at);
    Some(match at.kind() {
        "if_expression" => {
            let mut all = field(walk, at, "condition");
            all.push(block(walk, at.child_by_field_name("consequence")));
            let otherwise = at.child_by_field_name("alternative");
            all.push(block(
                walk,
                otherwise.and_then(|clause| parts(clause).into_iter().next()),
            ));
            Node::new(Kind::If, "", line, all)
        }
        "for_expression" | "while_expression" | "loop_expression" => {
            let mut header = field(walk, at, "pattern");
            header.extend(field(walk, at, "value"));
            header.extend(field(walk, at, "condition"));
            let text = if at.kind() == "for_expression" {
                "for"
            } else {
                "while"
            };
            let header = Node::new(Kind::Other, at.kind(), line, header);
            let body = block(walk, at.child_by_field_name("body"));
            let none = Node::leaf(Kind::Block, "", 0);
            Node::new(Kind::Loop, text, line, vec![header, body, none])
        }
        "match_expression" => match_expression(walk, at),
        "block" | "unsafe_block" | "else_clause" => block(walk, Some(at)),
        "return_expression" => Node::new(Kind::Return, "", line, all_parts(walk, at)),
        "break_expression" | "continue_expression" => Node::leaf(Kind::Jump, walk.text(at), line),
        _ => return None,
    })
}

/// Accesses, calls, assignments and operators; what has no name here keeps its tokens.
fn operation(walk: &mut Walk<'_>, at: Syntax<'_>) -> Node {
    let line = line_of(at);
    match at.kind() {
        "field_expression" => {
            let object = field(walk, at, "value");
            Node::new(Kind::Attribute, walk.field(at, "field"), line, object)
        }
        "call_expression" => {
            let mut all = field(walk, at, "function");
            let list = at.child_by_field_name("arguments");
            all.extend(list.map(|list| all_parts(walk, list)).unwrap_or_default());
            Node::new(Kind::Call, "", line, all)
        }
        "macro_invocation" => {
            let name = format!("{}!", walk.field(at, "macro"));
            let mut all = vec![Node::leaf(Kind::Name, name, line)];
            for part in parts(at)
                .into_iter()
                .filter(|part| part.kind() == "token_tree")
            {
                all.extend(walk.deeper(|walk| tokens(walk, part)));
            }
            Node::new(Kind::Call, "", line, all)
        }
        "await_expression" => Node::new(Kind::Await, "", line, all_parts(walk, at)),
        "assignment_expression" => Node::new(Kind::Assign, "=", line, all_parts(walk, at)),
        "compound_assignment_expr" => {
            let operator = walk.field(at, "operator");
            Node::new(Kind::Assign, operator, line, all_parts(walk, at))
        }
        "binary_expression" | "unary_expression" => {
            Node::new(Kind::Compare, "", line, with_tokens(walk, at))
        }
        _ => Node::new(Kind::Other, at.kind(), line, with_tokens(walk, at)),
    }
}

fn match_expression(walk: &mut Walk<'_>, at: Syntax<'_>) -> Node {
    let mut all = field(walk, at, "value");
    for arm in at
        .child_by_field_name("body")
        .map(parts)
        .unwrap_or_default()
    {
        if arm.kind() != "match_arm" {
            continue;
        }
        let mut case = field(walk, arm, "pattern");
        case.push(block(walk, arm.child_by_field_name("value")));
        all.push(Node::new(Kind::Case, "", line_of(arm), case));
    }
    Node::new(Kind::Match, "", line_of(at), all)
}

fn all_parts(walk: &mut Walk<'_>, at: Syntax<'_>) -> Vec<Node> {
    parts(at)
        .into_iter()
        .filter_map(|part| expression(walk, part))
        .collect()
}

fn with_tokens(walk: &mut Walk<'_>, at: Syntax<'_>) -> Vec<Node> {
    let mut all = Vec::new();
    for child in children(at) {
        if child.is_named() {
            all.extend(expression(walk, child));
        } else if !"(){}[],;".contains(child.kind()) {
            all.push(Node::leaf(Kind::Token, child.kind(), line_of(child)));
        }
    }
    if all.is_empty() {
        all.push(Node::leaf(Kind::Token, walk.text(at), line_of(at)));
    }
    all
}

/// Macro arguments are bare tokens: a name before parentheses is a call.
fn tokens(walk: &mut Walk<'_>, at: Syntax<'_>) -> Vec<Node> {
    let mut all: Vec<Node> = Vec::new();
    let mut dot = false;
    for child in children(at) {
        let line = line_of(child);
        match child.kind() {
            "token_tree" => {
                let inner = walk.deeper(|walk| tokens(walk, child));
                let named = all
                    .last()
                    .is_some_and(|last| matches!(last.kind, Kind::Name | Kind::Attribute));
                let mut call: Vec<Node> = if named {
                    all.pop().into_iter().collect()
                } else {
                    Vec::new()
                };
                call.extend(inner);
                let kind = if named { Kind::Call } else { Kind::Collection };
                all.push(Node::new(kind, "", line, call));
            }
            "identifier" if dot => {
                let object: Vec<Node> = all.pop().into_iter().collect();
                all.push(Node::new(Kind::Attribute, walk.text(child), line, object));
            }
            "(" | ")" | "[" | "]" | "{" | "}" | "," | "." | ";" => {}
            _ => all.extend(expression(walk, child)),
        }
        dot = child.kind() == ".";
    }
    all
}
