//! What every grammar needs for lowering: source text, notes, the scope, a depth limit.

use tree_sitter::Node as Syntax;

use super::grammar::{Unreadable, line_of};
use super::tree::{Aside, Kind, Lowered, MODULE, Node, Note, one_line};

/// Nesting the audit follows. Recursion over a neutral tree stays within a small stack.
const DEPTH_LIMIT: usize = 400;

/// State of one file's lowering.
pub(super) struct Walk<'s> {
    source: &'s str,
    notes: Vec<Note>,
    scope: Vec<String>,
    depth: usize,
    too_deep: bool,
}

impl<'s> Walk<'s> {
    pub(super) fn new(source: &'s str) -> Self {
        Self {
            source,
            notes: Vec::new(),
            scope: Vec::new(),
            depth: 0,
            too_deep: false,
        }
    }

    /// Source text of a node.
    pub(super) fn text(&self, at: Syntax<'_>) -> &'s str {
        self.source.get(at.byte_range()).unwrap_or_default()
    }

    /// Source text from the start of one node to the end of another.
    pub(super) fn between(&self, from: Syntax<'_>, to: Syntax<'_>) -> &'s str {
        self.source
            .get(from.start_byte()..to.end_byte())
            .unwrap_or_default()
    }

    /// Source text of a field, empty when there is none.
    pub(super) fn field(&self, at: Syntax<'_>, name: &str) -> &'s str {
        at.child_by_field_name(name)
            .map_or("", |child| self.text(child))
    }

    /// Sets something aside.
    pub(super) fn note(&mut self, aside: Aside, at: Syntax<'_>) {
        self.notes.push(Note {
            aside,
            function: self.qualified(),
            text: one_line(self.text(at)),
            line: line_of(at),
        });
    }

    /// Qualified name of the scope.
    pub(super) fn qualified(&self) -> String {
        if self.scope.is_empty() {
            MODULE.to_owned()
        } else {
            self.scope.join(".")
        }
    }

    /// Lowers something inside a definition.
    pub(super) fn inside<T>(&mut self, name: &str, lower: impl FnOnce(&mut Self) -> T) -> T {
        self.scope.push(name.to_owned());
        let lowered = lower(self);
        self.scope.pop();
        lowered
    }

    /// Lowers one level deeper, unless that is too deep.
    pub(super) fn deeper<T: Default>(&mut self, lower: impl FnOnce(&mut Self) -> T) -> T {
        if self.depth >= DEPTH_LIMIT {
            self.too_deep = true;
            return T::default();
        }
        self.depth += 1;
        let lowered = lower(self);
        self.depth -= 1;
        lowered
    }

    /// The lowered file.
    pub(super) fn finish(self, statements: Vec<Node>) -> Result<Lowered, Unreadable> {
        if self.too_deep {
            return Err(Unreadable::TooDeep { limit: DEPTH_LIMIT });
        }
        Ok(Lowered {
            module: Node::new(Kind::Block, "", 1, statements),
            notes: self.notes,
            faults: Vec::new(),
        })
    }
}

/// All children, named or not.
pub(super) fn children(at: Syntax<'_>) -> Vec<Syntax<'_>> {
    let mut cursor = at.walk();
    at.children(&mut cursor).collect()
}

/// Named children without extras such as comments.
pub(super) fn parts(at: Syntax<'_>) -> Vec<Syntax<'_>> {
    let mut cursor = at.walk();
    at.named_children(&mut cursor)
        .filter(|child| !child.is_extra())
        .collect()
}
