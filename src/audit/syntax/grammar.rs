//! What a language has to tell the audit. A second language is one file that implements
//! [`Grammar`] and one line in [`grammar_for`].

use super::LoggingNames;
use super::python::Python;
use super::rust::Rust;
use super::tree::Lowered;

/// A language the audit can read.
pub trait Grammar: Send + Sync {
    /// Its name, as reports spell it.
    fn name(&self) -> &'static str;

    /// Its tree-sitter grammar.
    fn language(&self) -> tree_sitter::Language;

    /// Whether a file is written in it, by its path.
    fn reads(&self, path: &str) -> bool;

    /// Lowers a parsed file to the neutral tree: comments, docstrings, annotations and
    /// formatting set aside, names and operators kept.
    ///
    /// # Errors
    /// Why the file cannot be judged, such as code nested too deep.
    fn lower(&self, root: tree_sitter::Node<'_>, source: &str) -> Result<Lowered, Unreadable>;

    /// What logging looks like in it, before a gate's own names are added.
    fn logging(&self) -> LoggingNames;

    /// Whether importing a module may be the whole point of an import.
    fn imports_have_effects(&self) -> bool;
}

/// Why a source file cannot be judged. It makes the verdict undetermined, never a pass.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, serde::Serialize, serde::Deserialize)]
#[serde(tag = "why", rename_all = "kebab-case")]
pub enum Unreadable {
    /// It does not parse.
    #[error("syntax error near line {line}")]
    SyntaxError {
        /// First line with an error, from 1.
        line: u32,
    },
    /// It nests deeper than the audit follows.
    #[error("nested deeper than {limit} levels")]
    TooDeep {
        /// The limit.
        limit: usize,
    },
    /// It is larger than the audit reads.
    #[error("{bytes} bytes, more than the {limit} that the audit reads")]
    TooLarge {
        /// Its size.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// It is not text.
    #[error("not text")]
    Binary,
    /// No grammar reads this kind of file.
    #[error("no grammar reads this kind of file")]
    NoGrammar,
    /// It is a symbolic link or a submodule, whose content lies elsewhere.
    #[error("a symbolic link or submodule, whose content lies elsewhere")]
    NotAFile,
}

/// The grammar that reads a file, by its path.
#[must_use]
pub fn grammar_for(path: &str) -> Option<&'static dyn Grammar> {
    const GRAMMARS: [&dyn Grammar; 2] = [&Python, &Rust];
    GRAMMARS.into_iter().find(|grammar| grammar.reads(path))
}

/// Parses and lowers one file.
///
/// # Errors
/// Why it cannot be judged.
pub(super) fn parse(grammar: &dyn Grammar, source: &str) -> Result<Lowered, Unreadable> {
    if source.contains('\0') || source.contains('\u{fffd}') {
        return Err(Unreadable::Binary);
    }
    let mut parser = tree_sitter::Parser::new();
    if parser.set_language(&grammar.language()).is_err() {
        return Err(Unreadable::NoGrammar);
    }
    let Some(tree) = parser.parse(source, None) else {
        return Err(Unreadable::NoGrammar);
    };
    let root = tree.root_node();
    if root.has_error() {
        return Err(Unreadable::SyntaxError {
            line: first_error(root),
        });
    }
    grammar.lower(root, source)
}

/// The first line with an error, found without recursion.
fn first_error(root: tree_sitter::Node<'_>) -> u32 {
    let mut at = root;
    loop {
        let next = (0..at.child_count())
            .filter_map(|index| at.child(index))
            .find(|child| child.has_error() || child.is_missing());
        match next {
            Some(child) if !at.is_error() => at = child,
            _ => return line_of(at),
        }
    }
}

/// Line a node starts on, from 1.
pub(super) fn line_of(node: tree_sitter::Node<'_>) -> u32 {
    u32::try_from(node.start_position().row + 1).unwrap_or(u32::MAX)
}

/// A number in one spelling: separators dropped, other bases and exponents worked out.
pub(super) fn number(text: &str) -> String {
    let plain = text.replace('_', "").to_lowercase();
    let based = |prefix: &str, radix| {
        plain
            .strip_prefix(prefix)
            .and_then(|digits| i128::from_str_radix(digits, radix).ok())
    };
    let whole = based("0x", 16)
        .or_else(|| based("0o", 8))
        .or_else(|| based("0b", 2))
        .or_else(|| plain.parse::<i128>().ok());
    match (whole, plain.parse::<f64>()) {
        (Some(value), _) => value.to_string(),
        (None, Ok(value)) => value.to_string(),
        (None, Err(_)) => plain,
    }
}
