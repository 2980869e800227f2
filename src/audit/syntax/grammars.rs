//! Selects the grammar for a file.

use super::grammar::Grammar;
use super::python::Python;
use super::rust::Rust;

/// The grammar that reads a file, by its path.
#[must_use]
pub fn grammar_for(path: &str) -> Option<&'static dyn Grammar> {
    const GRAMMARS: [&dyn Grammar; 2] = [&Python, &Rust];
    GRAMMARS.into_iter().find(|grammar| grammar.reads(path))
}
