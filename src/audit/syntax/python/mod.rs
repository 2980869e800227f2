//! Python: which parts of its grammar are statements, definitions and imports, and which are not
//! behaviour.

mod expressions;
mod statements;

use super::grammar::{Grammar, Unreadable};
use super::names::LoggingNames;
use super::tree::Lowered;
use super::walk::{Walk, children};

/// The Python grammar.
pub(super) struct Python;

impl Grammar for Python {
    fn name(&self) -> &'static str {
        "Python"
    }

    fn language(&self) -> tree_sitter::Language {
        tree_sitter_python::LANGUAGE.into()
    }

    fn reads(&self, path: &str) -> bool {
        std::path::Path::new(path)
            .extension()
            .is_some_and(|extension| extension == "py")
    }

    fn lower(&self, root: tree_sitter::Node<'_>, source: &str) -> Result<Lowered, Unreadable> {
        let mut walk = Walk::new(source);
        let statements = children(root)
            .into_iter()
            .flat_map(|child| statements::statement(&mut walk, child, statements::Around::Module))
            .collect();
        walk.finish(statements)
    }

    fn logging(&self) -> LoggingNames {
        LoggingNames::python()
    }

    fn imports_have_effects(&self) -> bool {
        true
    }
    fn has_normal_form(&self) -> bool {
        true
    }

    fn is_readable_anyhow(&self, node: tree_sitter::Node<'_>, source: &str) -> bool {
        let text = source.get(node.byte_range()).unwrap_or_default();
        node.kind() == "type_parameter" && is_type_parameters(text)
    }
}

/// Whether a text is a list of type parameters, their defaults (PEP 696) included:
/// `[T, *Ts = *tuple[int], **P: bound = default]`.
fn is_type_parameters(text: &str) -> bool {
    let inner = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'));
    let Some(inner) = inner else {
        return false;
    };
    let mut depth = 0_i32;
    let mut parts = vec![String::new()];
    for letter in inner.chars() {
        match letter {
            '[' | '(' | '{' => depth += 1,
            ']' | ')' | '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        if depth < 0 {
            return false;
        }
        if let Some(part) = parts.last_mut() {
            part.push(letter);
        }
    }
    if parts.len() > 1 && parts.last().is_some_and(|last| last.trim().is_empty()) {
        parts.pop();
    }
    let is_name = |name: &str| {
        let name = name.trim().trim_start_matches('*').trim();
        !name.is_empty()
            && name
                .chars()
                .all(|letter| letter.is_alphanumeric() || letter == '_')
    };
    depth == 0
        && parts.iter().all(|part| {
            let mut fields = part.split([':', '=']);
            fields.next().is_some_and(is_name) && fields.all(|field| !field.trim().is_empty())
        })
}
