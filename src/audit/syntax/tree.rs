//! The language-neutral tree that every grammar lowers to and every rule of the audit reads.
//!
//! Owns the shape of a [`Node`] and its digest. Never knows a language.

use std::hash::{DefaultHasher, Hash, Hasher};

/// Name of a file's own scope, outside any definition.
pub const MODULE: &str = "<module>";

/// The kind of a node. Each kind documents the fixed order of its children.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Statements in order. Text: empty, `else` or `finally`.
    Block,
    /// Text: its name. Signature, Block.
    Function,
    /// Text: its name. Signature, Block.
    Class,
    /// Text: the name it binds. One `Text`: the imported path.
    Import,
    /// Condition, Block, Block (the alternative, maybe empty).
    If,
    /// Text: `for`, `while` or `async for`. Header, Block, Block (Python's `else`, maybe empty).
    Loop,
    /// Block, then `Handler`s, then maybe Blocks `else` and `finally`.
    Try,
    /// Header, Block.
    Handler,
    /// Items, then Block.
    With,
    /// Subject, then `Case`s.
    Match,
    /// Patterns, then Block.
    Case,
    /// Maybe a value.
    Return,
    /// Raises, asserts, panics.
    Raise,
    /// Text: `break` or `continue`.
    Jump,
    /// One expression as a statement.
    Expression,
    /// Text: the operator. Target, value.
    Assign,
    /// Callee, then arguments.
    Call,
    /// Text: its name. Value.
    Keyword,
    /// Text: its name. Object.
    Attribute,
    /// Object, index.
    Index,
    /// Text: the identifier.
    Name,
    /// Text: its value in a normalised spelling.
    Number,
    /// Text: the content without its quotes.
    Text,
    /// Text with expressions in it; children in order.
    Format,
    /// `None`, `True`, `false`, …
    Constant,
    /// Target, value: an assignment inside an expression.
    Walrus,
    /// One expression.
    Await,
    /// Maybe an expression.
    Yield,
    /// Signature, body.
    Lambda,
    /// Comparison; operators are `Token`s.
    Compare,
    /// `and`, `or`, `not`.
    Boolean,
    /// Arithmetic.
    Operator,
    /// Parameters, decorators, bases.
    Signature,
    /// Text: its name. Maybe a default.
    Parameter,
    /// One expression.
    Decorator,
    /// Text: `tuple`, `list`, `dict`, `set`.
    Collection,
    /// Expression, then `for` and `if` clauses.
    Comprehension,
    /// A keyword or operator that carries meaning.
    Token,
    /// `global`, `nonlocal`.
    Declare,
    /// The effects of a logging call besides logging: the expressions that may have an effect.
    Effect,
    /// Anything else. Text: the grammar's own name for it.
    Other,
}

/// One node.
#[derive(Debug, Clone)]
pub struct Node {
    /// Its kind.
    pub kind: Kind,
    /// Name, operator or value, by kind.
    pub text: String,
    /// Line it starts on, from 1.
    pub line: u32,
    /// Children in the order their kind prescribes.
    pub children: Vec<Node>,
    /// Digest of kind, text and children, without lines. Valid after [`Node::seal`].
    pub digest: u64,
    /// For a number that replaced a named constant: that name. Not part of the digest.
    pub called: Option<Box<str>>,
}

impl Node {
    /// A node with children.
    pub fn new(kind: Kind, text: impl Into<String>, line: u32, children: Vec<Self>) -> Self {
        Self {
            kind,
            text: text.into(),
            line,
            children,
            digest: 0,
            called: None,
        }
    }

    /// A node without children.
    pub fn leaf(kind: Kind, text: impl Into<String>, line: u32) -> Self {
        Self::new(kind, text, line, Vec::new())
    }

    /// Whether it is a block without statements.
    #[must_use]
    pub fn is_empty_block(&self) -> bool {
        self.kind == Kind::Block && self.children.is_empty()
    }

    /// The block that holds a definition's statements.
    #[must_use]
    pub fn body(&self) -> Option<&Self> {
        self.children
            .iter()
            .rfind(|child| child.kind == Kind::Block)
    }

    /// Computes the digests of this node and all its descendants.
    pub fn seal(&mut self) {
        let mut state = DefaultHasher::new();
        self.kind.hash(&mut state);
        self.text.hash(&mut state);
        for child in &mut self.children {
            child.seal();
            child.digest.hash(&mut state);
        }
        self.digest = state.finish();
    }

    /// Visits this node and all its descendants, outermost first.
    pub fn visit<'t>(&'t self, see: &mut impl FnMut(&'t Self)) {
        see(self);
        for child in &self.children {
            child.visit(see);
        }
    }

    /// Whether any node in it satisfies the predicate.
    pub fn any(&self, is: &mut impl FnMut(&Self) -> bool) -> bool {
        is(self) || self.children.iter().any(|child| child.any(is))
    }

    /// Whether it contains a node of this kind.
    #[must_use]
    pub fn holds(&self, kind: Kind) -> bool {
        self.any(&mut |node| node.kind == kind)
    }

    /// The dotted path it spells, such as `self.log.info`; none for other expressions.
    #[must_use]
    pub fn dotted(&self) -> Option<String> {
        match self.kind {
            Kind::Name => Some(self.text.clone()),
            Kind::Attribute => {
                let object = self.children.first()?.dotted()?;
                Some(format!("{object}.{}", self.text))
            }
            _ => None,
        }
    }
}

/// Why something is set aside: it is not behaviour.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Aside {
    /// A comment.
    Comment,
    /// A docstring, or another text that is a statement of its own.
    Docstring,
    /// A type annotation.
    Annotation,
    /// A logging call, or code that only serves one.
    Logging,
    /// An import that no behaviour uses.
    Import,
    /// White space, quotes, parentheses, order of definitions.
    Formatting,
    /// A definition under another name or in another place.
    Moved,
    /// Test code inside a source file.
    Test,
}

/// Something set aside, with its position.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Note {
    /// The reason.
    pub aside: Aside,
    /// Qualified name of the definition around it.
    pub function: String,
    /// Its text, shortened.
    pub text: String,
    /// Line, from 1.
    pub line: u32,
}

/// A source file in the form to which a grammar lowers it.
#[derive(Debug, Clone)]
pub struct Lowered {
    /// The file's statements.
    pub module: Node,
    /// What the grammar already set aside.
    pub notes: Vec<Note>,
    /// Parts it could not parse.
    pub faults: Vec<Fault>,
}

/// A piece of source that the grammar cannot parse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Qualified name of the definition around it.
    pub function: String,
    /// Its text.
    pub text: String,
    /// Line, from 1.
    pub line: u32,
}

/// Shortens a text to one line of at most 120 characters.
#[must_use]
pub(in crate::audit) fn one_line(text: &str) -> String {
    let mut line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() > 120 {
        line = line.chars().take(119).collect();
        line.push('…');
    }
    line
}

/// A short spelling of a tree, for reports.
pub(super) fn spell(node: &Node) -> String {
    let all = || node.children.iter().map(spell).collect::<Vec<_>>();
    match node.kind {
        Kind::Call => {
            let parts = all();
            let (callee, arguments) = parts
                .split_first()
                .map_or(("", &[][..]), |(callee, rest)| (callee, rest));
            format!("{callee}({})", arguments.join(", "))
        }
        Kind::Attribute => format!("{}.{}", all().concat(), node.text),
        Kind::Keyword => format!("{}={}", node.text, all().concat()),
        Kind::Text => format!("\"{}\"", node.text),
        Kind::Assign => all().join(&format!(" {} ", node.text)),
        Kind::Name | Kind::Number | Kind::Token | Kind::Constant => node.text.clone(),
        Kind::Format => "f\"…\"".to_owned(),
        _ => all().join(" "),
    }
}
