//! Lowers Python's statements and definitions to the neutral tree.

use tree_sitter::Node as Syntax;

use super::super::grammar::line_of;
use super::super::tree::{Aside, Kind, Node};
use super::super::walk::{Walk, children, parts};
use super::expressions::{expression, expressions, parameters};

/// The context of a statement, if it decides what an annotation means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Around {
    Module,
    Function,
    /// A class whose decorators or bases may read its annotations, such as a dataclass.
    FieldClass,
    PlainClass,
}

/// Lowers one statement; imports become one node per bound name.
pub(super) fn statement(walk: &mut Walk<'_>, at: Syntax<'_>, around: Around) -> Vec<Node> {
    walk.deeper(|walk| lower(walk, at, around))
}

fn lower(walk: &mut Walk<'_>, at: Syntax<'_>, around: Around) -> Vec<Node> {
    let line = line_of(at);
    match at.kind() {
        "comment" => {
            walk.note(Aside::Comment, at);
            Vec::new()
        }
        "pass_statement" | ";" | "line_continuation" => Vec::new(),
        "expression_statement" => expression_statement(walk, at, around),
        "import_statement" | "import_from_statement" => imports(walk, at),
        "future_import_statement" | "type_alias_statement" => {
            walk.note(Aside::Annotation, at);
            Vec::new()
        }
        "function_definition" | "class_definition" | "decorated_definition" => {
            definition(walk, at).into_iter().collect()
        }
        "if_statement" => if_statement(walk, at, around),
        "for_statement" | "while_statement" => vec![loop_statement(walk, at, around)],
        "try_statement" => vec![try_statement(walk, at, around)],
        "with_statement" => vec![with_statement(walk, at, around)],
        "match_statement" => vec![match_statement(walk, at, around)],
        "return_statement" => vec![Node::new(Kind::Return, "", line, expressions(walk, at))],
        "raise_statement" => vec![Node::new(Kind::Raise, "raise", line, expressions(walk, at))],
        "assert_statement" => vec![Node::new(
            Kind::Raise,
            "assert",
            line,
            expressions(walk, at),
        )],
        "break_statement" => vec![Node::leaf(Kind::Jump, "break", line)],
        "continue_statement" => vec![Node::leaf(Kind::Jump, "continue", line)],
        "global_statement" | "nonlocal_statement" => {
            vec![Node::new(
                Kind::Declare,
                at.kind(),
                line,
                expressions(walk, at),
            )]
        }
        _ => expression(walk, at).into_iter().collect(),
    }
}

/// The statements of a block field, or of the block itself.
fn block(walk: &mut Walk<'_>, at: Option<Syntax<'_>>, around: Around) -> Node {
    let Some(at) = at else {
        return Node::leaf(Kind::Block, "", 0);
    };
    let statements = children(at)
        .into_iter()
        .flat_map(|child| statement(walk, child, around))
        .collect();
    Node::new(Kind::Block, "", line_of(at), statements)
}

/// The block among a clause's children.
fn block_of(at: Syntax<'_>) -> Option<Syntax<'_>> {
    parts(at).into_iter().find(|part| part.kind() == "block")
}

fn expression_statement(walk: &mut Walk<'_>, at: Syntax<'_>, around: Around) -> Vec<Node> {
    let inner = parts(at);
    let line = line_of(at);
    match inner.as_slice() {
        [one] if matches!(one.kind(), "string" | "concatenated_string") && is_plain(*one) => {
            walk.note(Aside::Docstring, *one);
            Vec::new()
        }
        [one] if one.kind() == "ellipsis" => Vec::new(),
        [one] if one.kind() == "assignment" && one.child_by_field_name("right").is_none() => {
            bare_annotation(walk, *one, around)
        }
        [one] if matches!(one.kind(), "assignment" | "augmented_assignment") => {
            let mut assign = expression(walk, *one);
            if around == Around::FieldClass
                && one.child_by_field_name("type").is_some()
                && let Some(assign) = &mut assign
            {
                "field =".clone_into(&mut assign.text);
            }
            assign.into_iter().collect()
        }
        [one] => {
            let inner = expression(walk, *one);
            vec![Node::new(
                Kind::Expression,
                "",
                line,
                inner.into_iter().collect(),
            )]
        }
        _ => {
            let tuple = Node::new(Kind::Collection, "tuple", line, expressions(walk, at));
            vec![Node::new(Kind::Expression, "", line, vec![tuple])]
        }
    }
}

/// Whether a text has no expressions in it, which would run.
fn is_plain(at: Syntax<'_>) -> bool {
    parts(at)
        .into_iter()
        .all(|part| part.kind() != "interpolation" && (part.kind() != "string" || is_plain(part)))
}

/// `name: type` declares nothing at run time, except a field of a dataclass and its kin.
fn bare_annotation(walk: &mut Walk<'_>, at: Syntax<'_>, around: Around) -> Vec<Node> {
    if around == Around::FieldClass {
        let name = walk.field(at, "left");
        return vec![Node::leaf(
            Kind::Other,
            format!("field {name}"),
            line_of(at),
        )];
    }
    walk.note(Aside::Annotation, at);
    Vec::new()
}

fn imports(walk: &mut Walk<'_>, at: Syntax<'_>) -> Vec<Node> {
    let module = walk.field(at, "module_name");
    let line = line_of(at);
    let mut cursor = at.walk();
    let mut names: Vec<Syntax<'_>> = at.children_by_field_name("name", &mut cursor).collect();
    names.extend(
        parts(at)
            .into_iter()
            .filter(|part| part.kind() == "wildcard_import"),
    );
    names
        .into_iter()
        .map(|name| {
            let (path, alias) = match name.kind() {
                "aliased_import" => (walk.field(name, "name"), Some(walk.field(name, "alias"))),
                _ => (walk.text(name), None),
            };
            let (bound, from) = if module.is_empty() {
                // `import a.b` binds `a`, which then refers to the package `a`.
                let first = path.split('.').next().unwrap_or(path);
                (alias.unwrap_or(first), path.to_owned())
            } else {
                (alias.unwrap_or(path), join(module, path))
            };
            let from = Node::leaf(Kind::Text, from, line);
            Node::new(Kind::Import, bound, line, vec![from])
        })
        .collect()
}

/// `from module import name` as one dotted path.
fn join(module: &str, name: &str) -> String {
    if module.ends_with('.') {
        format!("{module}{name}")
    } else {
        format!("{module}.{name}")
    }
}

fn definition(walk: &mut Walk<'_>, at: Syntax<'_>) -> Option<Node> {
    let inner = at.child_by_field_name("definition").unwrap_or(at);
    let mut signature = Vec::new();
    for part in parts(at) {
        if part.kind() == "decorator" {
            let inner = expressions(walk, part);
            signature.push(Node::new(Kind::Decorator, "", line_of(part), inner));
        }
    }
    let decorated = !signature.is_empty();
    let name = walk.field(inner, "name");
    let line = line_of(inner);
    let is_class = inner.kind() == "class_definition";
    let kind = if is_class {
        Kind::Class
    } else {
        Kind::Function
    };
    walk.inside(name, |walk| {
        let around = if is_class {
            class_signature(walk, inner, decorated, &mut signature)
        } else {
            function_signature(walk, inner, &mut signature);
            Around::Function
        };
        let signature = Node::new(Kind::Signature, "", line, signature);
        let body = block(walk, inner.child_by_field_name("body"), around);
        Some(Node::new(kind, name, line, vec![signature, body]))
    })
}

fn class_signature(
    walk: &mut Walk<'_>,
    at: Syntax<'_>,
    decorated: bool,
    to: &mut Vec<Node>,
) -> Around {
    let bases = at
        .child_by_field_name("superclasses")
        .map(|bases| expressions(walk, bases))
        .unwrap_or_default();
    let plain = bases.is_empty() && !decorated;
    to.extend(bases);
    if plain {
        Around::PlainClass
    } else {
        Around::FieldClass
    }
}

fn function_signature(walk: &mut Walk<'_>, at: Syntax<'_>, to: &mut Vec<Node>) {
    if children(at).iter().any(|child| child.kind() == "async") {
        to.push(Node::leaf(Kind::Token, "async", line_of(at)));
    }
    if let Some(list) = at.child_by_field_name("parameters") {
        to.extend(parameters(walk, list));
    }
    if let Some(annotation) = at.child_by_field_name("return_type") {
        walk.note(Aside::Annotation, annotation);
    }
}

fn if_statement(walk: &mut Walk<'_>, at: Syntax<'_>, around: Around) -> Vec<Node> {
    let mut cursor = at.walk();
    let alternatives: Vec<Syntax<'_>> = at
        .children_by_field_name("alternative", &mut cursor)
        .collect();
    let condition = walk.field(at, "condition");
    if matches!(
        condition,
        "TYPE_CHECKING" | "typing.TYPE_CHECKING" | "t.TYPE_CHECKING"
    ) {
        walk.note(Aside::Annotation, at);
        return alternative(walk, &alternatives, around).children;
    }
    vec![branch(walk, at, &alternatives, around)]
}

fn branch(walk: &mut Walk<'_>, at: Syntax<'_>, rest: &[Syntax<'_>], around: Around) -> Node {
    let condition = at
        .child_by_field_name("condition")
        .and_then(|condition| expression(walk, condition));
    let then = block(walk, at.child_by_field_name("consequence"), around);
    let otherwise = alternative(walk, rest, around);
    let mut all: Vec<Node> = condition.into_iter().collect();
    all.push(then);
    all.push(otherwise);
    Node::new(Kind::If, "", line_of(at), all)
}

/// `elif` is an `if` inside an `else`.
fn alternative(walk: &mut Walk<'_>, clauses: &[Syntax<'_>], around: Around) -> Node {
    match clauses.split_first() {
        None => Node::leaf(Kind::Block, "", 0),
        Some((clause, rest)) if clause.kind() == "elif_clause" => {
            let nested = walk.deeper(|walk| vec![branch(walk, *clause, rest, around)]);
            Node::new(Kind::Block, "", line_of(*clause), nested)
        }
        Some((clause, _)) => block(walk, clause.child_by_field_name("body"), around),
    }
}

fn loop_statement(walk: &mut Walk<'_>, at: Syntax<'_>, around: Around) -> Node {
    let is_async = children(at).iter().any(|child| child.kind() == "async");
    let text = match at.kind() {
        "while_statement" => "while",
        _ if is_async => "async for",
        _ => "for",
    };
    let header: Vec<Node> = ["left", "right", "condition"]
        .into_iter()
        .filter_map(|field| at.child_by_field_name(field))
        .filter_map(|part| expression(walk, part))
        .collect();
    let header = Node::new(Kind::Other, "header", line_of(at), header);
    let body = block(walk, at.child_by_field_name("body"), around);
    let otherwise = at.child_by_field_name("alternative");
    let otherwise = block(
        walk,
        otherwise.and_then(|clause| clause.child_by_field_name("body")),
        around,
    );
    Node::new(Kind::Loop, text, line_of(at), vec![header, body, otherwise])
}

fn try_statement(walk: &mut Walk<'_>, at: Syntax<'_>, around: Around) -> Node {
    let mut all = vec![block(walk, at.child_by_field_name("body"), around)];
    for clause in parts(at) {
        match clause.kind() {
            "except_clause" | "except_group_clause" => {
                let mut header = Vec::new();
                for part in parts(clause) {
                    if part.kind() != "block" {
                        header.extend(expression(walk, part));
                    }
                }
                let is_group = children(clause).iter().any(|part| part.kind() == "*");
                let text = if is_group {
                    "except_group_clause"
                } else {
                    "except_clause"
                };
                let header = handled(header, line_of(clause));
                let header = Node::new(Kind::Other, text, line_of(clause), header);
                let body = block(walk, block_of(clause), around);
                all.push(Node::new(
                    Kind::Handler,
                    "",
                    line_of(clause),
                    vec![header, body],
                ));
            }
            "else_clause" | "finally_clause" => {
                let mut body = block(walk, block_of(clause), around);
                clause
                    .kind()
                    .trim_end_matches("_clause")
                    .clone_into(&mut body.text);
                all.push(body);
            }
            _ => {}
        }
    }
    Node::new(Kind::Try, "", line_of(at), all)
}

/// `except A, B` handles what `except (A, B)` does.
fn handled(types: Vec<Node>, line: u32) -> Vec<Node> {
    if types.len() > 1 {
        vec![Node::new(Kind::Collection, "tuple", line, types)]
    } else {
        types
    }
}

fn with_statement(walk: &mut Walk<'_>, at: Syntax<'_>, around: Around) -> Node {
    let is_async = children(at).iter().any(|child| child.kind() == "async");
    let mut all = Vec::new();
    for clause in parts(at) {
        if clause.kind() == "with_clause" {
            all.extend(expressions(walk, clause));
        }
    }
    all.push(block(walk, at.child_by_field_name("body"), around));
    let text = if is_async { "async with" } else { "with" };
    Node::new(Kind::With, text, line_of(at), all)
}

fn match_statement(walk: &mut Walk<'_>, at: Syntax<'_>, around: Around) -> Node {
    let mut all: Vec<Node> = Vec::new();
    let mut cursor = at.walk();
    for subject in at.children_by_field_name("subject", &mut cursor) {
        all.extend(expression(walk, subject));
    }
    let body = at.child_by_field_name("body");
    for clause in body.map(parts).unwrap_or_default() {
        if clause.kind() != "case_clause" {
            continue;
        }
        let mut case = Vec::new();
        for part in parts(clause) {
            if part.kind() != "block" {
                case.extend(expression(walk, part));
            }
        }
        case.push(block(
            walk,
            clause.child_by_field_name("consequence"),
            around,
        ));
        all.push(Node::new(Kind::Case, "", line_of(clause), case));
    }
    Node::new(Kind::Match, "", line_of(at), all)
}
