//! Finds known values in bytes: the leftmost, and there the longest.

use aho_corasick::{AhoCorasick, Input, MatchKind};

/// What a found value is replaced by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// A secret with this name.
    Secret(String),
    /// A path that this token stands for.
    Place(String),
}

/// A value to look for.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    pub(super) bytes: Vec<u8>,
    pub(super) kind: Kind,
}

/// Bytes after a path that decide whether the path ends there.
const AFTER_PLACE: usize = 2;

/// A set of values in one automaton.
#[derive(Debug, Default)]
pub(super) struct Finder {
    /// Longest first, so that the first that fits at a position is the longest.
    patterns: Vec<Pattern>,
    automaton: Option<AhoCorasick>,
    /// How many bytes from a position on decide whether a value starts there.
    pub(super) reach: usize,
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

impl Finder {
    pub(super) fn new(mut patterns: Vec<Pattern>) -> Self {
        // Stable, so that of two equal values the one that was added first gives the name.
        patterns.sort_by_key(|pattern| std::cmp::Reverse(pattern.bytes.len()));
        let reach = patterns.first().map_or(0, |longest| longest.bytes.len()) + AFTER_PLACE;
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(patterns.iter().map(|pattern| &pattern.bytes))
            .ok()
            .filter(|_| !patterns.is_empty());
        Self {
            patterns,
            automaton,
            reach,
        }
    }

    /// The first value at or after `from`.
    pub(super) fn next(&self, bytes: &[u8], from: usize) -> Option<Hit> {
        let automaton = self.automaton.as_ref()?;
        let mut at = from;
        loop {
            let found = automaton.find(Input::new(bytes).span(at..bytes.len()))?;
            if let Some(hit) = self.longest_at(bytes, found.start()) {
                return Some(hit);
            }
            at = found.start() + 1;
        }
    }

    fn longest_at(&self, bytes: &[u8], start: usize) -> Option<Hit> {
        let rest = &bytes[start..];
        let fits = |pattern: &&Pattern| {
            rest.starts_with(&pattern.bytes)
                && (matches!(pattern.kind, Kind::Secret(_))
                    || path_ends(&rest[pattern.bytes.len()..]))
        };
        let pattern = self.patterns.iter().find(fits)?;
        let (name, replacement, secret) = match &pattern.kind {
            Kind::Secret(name) => (name, format!("‹secret:{name}›"), true),
            Kind::Place(token) => (token, token.clone(), false),
        };
        Some(Hit {
            start,
            end: start + pattern.bytes.len(),
            replacement,
            name: name.clone(),
            secret,
        })
    }
}

/// Whether a path's last part ends before `rest`: `/run` is not the start of `/runs`.
fn path_ends(rest: &[u8]) -> bool {
    let part_of_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    match rest {
        [b'.', next, ..] | [next, ..] => !part_of_name(next),
        [] => true,
    }
}
