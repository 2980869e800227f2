//! What a language must provide for the audit. A second language is one file that implements
//! [`Grammar`] and one line in [`super::grammar_for`].

use std::borrow::Cow;

use super::names::LoggingNames;
use super::tree::{Fault, Lowered, MODULE};

/// A language the audit can read.
pub trait Grammar: Send + Sync {
    /// Its name, as reports spell it.
    fn name(&self) -> &'static str;

    /// Its tree-sitter grammar.
    fn language(&self) -> tree_sitter::Language;

    /// Whether a file is written in it, by its path.
    fn reads(&self, path: &str) -> bool;

    /// Lowers a parsed file to the neutral tree: comments, docstrings, annotations and formatting
    /// set aside, names and operators kept.
    ///
    /// # Errors
    /// Why the file cannot be judged, such as code that is nested too deeply.
    fn lower(&self, root: tree_sitter::Node<'_>, source: &str) -> Result<Lowered, Unreadable>;

    /// What logging looks like in it, before a gate's own names are added.
    fn logging(&self) -> LoggingNames;

    /// Whether importing a module may be the whole point of an import.
    fn imports_have_effects(&self) -> bool;

    /// Whether a name that is bound once is equivalent to its value, so that functions have a
    /// normal form: not in a language where a value has an effect when its name goes out of scope.
    fn has_normal_form(&self) -> bool;

    /// Whether a node that the grammar cannot fully parse is not behaviour in any case, such as
    /// type parameters in a newer syntax.
    fn is_readable_anyhow(&self, _node: tree_sitter::Node<'_>, _source: &str) -> bool {
        false
    }
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
    /// Its bytes are not valid text in the encoding that it declares.
    #[error("not text in its encoding, `{encoding}`")]
    Encoding {
        /// The encoding, as it is declared.
        encoding: String,
    },
    /// Its two versions differ, but not in the parts that were parsed.
    #[error("its versions differ in what the audit cannot see")]
    Unseen,
    /// No grammar supports this kind of file.
    #[error("no grammar reads this kind of file")]
    NoGrammar,
    /// It is a symbolic link or a submodule, whose content is elsewhere.
    #[error("a symbolic link or submodule, whose content lies elsewhere")]
    NotAFile,
}

/// Parses and lowers one file. Parts that the grammar cannot parse become its faults.
///
/// # Errors
/// Why it cannot be judged.
pub(super) fn parse(grammar: &dyn Grammar, source: &str) -> Result<Lowered, Unreadable> {
    if source.contains('\0') {
        return Err(Unreadable::Binary);
    }
    let mut parser = tree_sitter::Parser::new();
    if parser.set_language(&grammar.language()).is_err() {
        return Err(Unreadable::NoGrammar);
    }
    let source = folded(source);
    let Some(tree) = parser.parse(source.as_ref(), None) else {
        return Err(Unreadable::NoGrammar);
    };
    let root = tree.root_node();
    let mut lowered = grammar.lower(root, &source)?;
    lowered.faults = faults(grammar, root, &source);
    Ok(lowered)
}

/// A text as a language reads it: every line end one line feed, no byte order mark.
pub(super) fn folded(source: &str) -> Cow<'_, str> {
    let text = source.strip_prefix('\u{feff}').unwrap_or(source);
    if text.contains('\r') {
        Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
    } else {
        Cow::Borrowed(text)
    }
}

/// What the grammar could not read, found without recursion.
fn faults(grammar: &dyn Grammar, root: tree_sitter::Node<'_>, source: &str) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut rest = vec![(root, MODULE.to_owned())];
    while let Some((node, scope)) = rest.pop() {
        if !(node.has_error() || node.is_missing()) || grammar.is_readable_anyhow(node, source) {
            continue;
        }
        if node.is_error() || node.is_missing() {
            let whole = if node.is_missing() {
                node.parent().unwrap_or(node)
            } else {
                node
            };
            faults.push(Fault {
                function: scope,
                text: source
                    .get(whole.byte_range())
                    .unwrap_or_default()
                    .to_owned(),
                line: line_of(node),
            });
            continue;
        }
        let inner = match definition_name(node, source) {
            Some(name) if scope == MODULE => name.to_owned(),
            Some(name) => format!("{scope}.{name}"),
            None => scope,
        };
        let children = (0..node.child_count())
            .rev()
            .filter_map(|at| node.child(at));
        rest.extend(children.map(|child| (child, inner.clone())));
    }
    faults
}

fn definition_name<'s>(node: tree_sitter::Node<'_>, source: &'s str) -> Option<&'s str> {
    let defines = matches!(
        node.kind(),
        "function_definition" | "class_definition" | "function_item"
    );
    let name = node.child_by_field_name("name").filter(|_| defines)?;
    source.get(name.byte_range())
}

/// Line a node starts on, from 1.
pub(super) fn line_of(node: tree_sitter::Node<'_>) -> u32 {
    u32::try_from(node.start_position().row + 1).unwrap_or(u32::MAX)
}

/// A number in one spelling: separators dropped, other bases and exponents worked out. A number
/// with a fraction stays one, as `1.0`, which is not `1`.
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
    let digits_only = plain.bytes().all(|byte| byte.is_ascii_digit());
    match (whole, plain.parse::<f64>()) {
        (Some(value), _) => value.to_string(),
        (None, Ok(value)) if !digits_only => format!("{value:?}"),
        _ => plain,
    }
}
