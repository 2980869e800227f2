//! Python: which parts of its grammar are statements, definitions, imports, and what is no
//! behaviour in it.

mod expressions;
mod statements;

use super::LoggingNames;
use super::grammar::{Grammar, Unreadable};
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
}
