//! A value to search for, and a match.

use super::wrapped;

/// What a found value is replaced by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// A secret with this name.
    Secret(String),
    /// A path that this token represents.
    Place(String),
}

/// A value to look for.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    pub(super) bytes: Vec<u8>,
    pub(super) kind: Kind,
    /// Whether it may contain line ends.
    pub(super) wrapped: bool,
}

impl Pattern {
    pub(super) fn longest(&self) -> usize {
        let length = self.bytes.len();
        if self.wrapped {
            wrapped::longest(length)
        } else {
            length
        }
    }

    /// Where the value starts that this sample of a text belongs to, if it does.
    pub(super) fn start(&self, bytes: &[u8], at: usize, offset: usize) -> Option<usize> {
        if self.wrapped {
            wrapped::start(&bytes[..at], &self.bytes[..offset])
        } else {
            at.checked_sub(offset)
        }
    }

    /// Its length if it is at the beginning.
    pub(super) fn length(&self, text: &[u8]) -> Option<usize> {
        if self.wrapped {
            wrapped::length(text, &self.bytes)
        } else {
            text.starts_with(&self.bytes).then_some(self.bytes.len())
        }
    }
}

/// A value that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hit {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) replacement: String,
    /// The secret's name; for a place its token.
    pub(super) name: String,
    pub(super) secret: bool,
}

/// The value that starts first; of two at one place the longer.
pub(super) fn first(one: Option<Hit>, other: Option<Hit>) -> Option<Hit> {
    let place = |hit: &Hit| (hit.start, std::cmp::Reverse(hit.end));
    one.into_iter().chain(other).min_by_key(place)
}
