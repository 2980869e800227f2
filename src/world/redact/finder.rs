//! Finds known values in bytes: leftmost-longest match.

use aho_corasick::{AhoCorasick, Input, MatchKind};

use super::pattern::{Hit, Kind, Pattern, first};
use super::sample::{Occurrence, Samples};

/// Bytes after a path that decide whether the path ends there.
const AFTER_PLACE: usize = 2;

/// A set of values: the short ones in an automaton, the many long ones by samples.
#[derive(Debug, Default)]
pub(super) struct Finder {
    /// Longest first, so that the first that fits at a position is the longest.
    patterns: Vec<Pattern>,
    /// How many of them are long.
    long: usize,
    samples: Option<Samples>,
    automaton: Option<AhoCorasick>,
    /// How many bytes from a position on decide whether a value starts there.
    pub(super) reach: usize,
}

/// Which values to look for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Size {
    Long,
    Short,
}

impl Finder {
    pub(super) fn new(mut patterns: Vec<Pattern>) -> Self {
        // Stable, so that of two equal values the one that was added first gives the name.
        patterns.sort_by_key(|pattern| std::cmp::Reverse(pattern.bytes.len()));
        let longest = patterns.iter().map(Pattern::longest).max();
        let reach = longest.unwrap_or_default() + AFTER_PLACE;
        let long = patterns.partition_point(|one| one.bytes.len() >= Samples::SHORTEST);
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(patterns[long..].iter().map(|one| &one.bytes))
            .ok()
            .filter(|_| long < patterns.len());
        Self {
            samples: Samples::of(&patterns[..long]),
            automaton,
            reach,
            long,
            patterns,
        }
    }

    /// The first value at or after `from`.
    pub(super) fn next(&self, bytes: &[u8], from: usize) -> Option<Hit> {
        let long = self.next_of(Size::Long, bytes, from);
        let short = self.next_of(Size::Short, bytes, from);
        first(long, short)
    }

    /// The first value of this size at or after `from`.
    pub(super) fn next_of(&self, size: Size, bytes: &[u8], from: usize) -> Option<Hit> {
        match size {
            Size::Long => {
                let fits = |at: usize, sample: &Occurrence| {
                    let pattern = &self.patterns[sample.value];
                    let start = pattern.start(bytes, at, sample.offset)?;
                    hit_at(bytes, start, pattern)
                };
                self.samples.as_ref()?.find(bytes, from, fits)
            }
            Size::Short => {
                let automaton = self.automaton.as_ref()?;
                let mut at = from;
                loop {
                    let found = automaton.find(Input::new(bytes).span(at..bytes.len()))?;
                    let short = self.patterns[self.long..].iter();
                    let hit = { short }.find_map(|one| hit_at(bytes, found.start(), one));
                    if hit.is_some() {
                        return hit;
                    }
                    at = found.start() + 1;
                }
            }
        }
    }
}

/// The value at this position, if there is one.
fn hit_at(bytes: &[u8], start: usize, pattern: &Pattern) -> Option<Hit> {
    let end = start + pattern.length(&bytes[start..])?;
    if matches!(pattern.kind, Kind::Place(_)) && !path_ends(&bytes[end..]) {
        return None;
    }
    let (name, replacement, secret) = match &pattern.kind {
        Kind::Secret(name) => (name, format!("‹secret:{name}›"), true),
        Kind::Place(token) => (token, token.clone(), false),
    };
    Some(Hit {
        start,
        end,
        replacement,
        name: name.clone(),
        secret,
    })
}

/// Whether a path's last part ends before `rest`: `/run` is not the start of `/runs`.
fn path_ends(rest: &[u8]) -> bool {
    let part_of_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    match rest {
        [b'.', next, ..] | [next, ..] => !part_of_name(next),
        [] => true,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// All matches, found by trying every value at every position.
    fn plainly(patterns: &[Pattern], bytes: &[u8], from: usize) -> Option<Hit> {
        (from..bytes.len()).find_map(|start| {
            let mut hits: Vec<Hit> = patterns
                .iter()
                .filter_map(|pattern| hit_at(bytes, start, pattern))
                .collect();
            hits.sort_by_key(|hit| std::cmp::Reverse(hit.end));
            hits.into_iter().next()
        })
    }

    fn patterns() -> impl Strategy<Value = Vec<Pattern>> {
        let bytes = prop::collection::vec(prop::sample::select(b"ab/.".as_slice()), 4..40);
        let kind = prop_oneof![
            "[a-z]{1,3}".prop_map(Kind::Secret),
            "[a-z]{1,3}".prop_map(Kind::Place),
        ];
        let plain = (bytes, kind).prop_map(|(bytes, kind)| Pattern {
            bytes,
            kind,
            wrapped: false,
        });
        let bytes = prop::collection::vec(prop::sample::select(b"ab".as_slice()), 64..100);
        let wrapped = (bytes, "[a-z]{1,3}").prop_map(|(bytes, name)| Pattern {
            bytes,
            kind: Kind::Secret(name),
            wrapped: true,
        });
        prop::collection::vec(prop_oneof![3 => plain, 1 => wrapped], 0..12)
    }

    proptest! {
        /// Four letters, so that values overlap, contain each other and share their samples.
        #[test]
        fn the_leftmost_and_there_the_longest_is_found(
            patterns in patterns(),
            noise in prop::collection::vec(prop::sample::select(b"ab/.".as_slice()), 0..60),
            chosen in prop::collection::vec((any::<prop::sample::Index>(), 0..30_usize), 0..6),
            from in 0..40_usize,
        ) {
            let mut bytes = Vec::new();
            for (index, gap) in &chosen {
                bytes.extend(&noise[..noise.len().min(*gap)]);
                if !patterns.is_empty() {
                    let pattern = &patterns[index.index(patterns.len())];
                    let mut text = pattern.bytes.clone();
                    if pattern.wrapped {
                        text.insert(32 + gap, b'\n');
                        text.insert(*gap, b'\n');
                    }
                    bytes.extend(text);
                }
            }
            bytes.extend(&noise);
            let from = from.min(bytes.len());
            let found = Finder::new(patterns.clone()).next(&bytes, from);
            let expected = plainly(&patterns, &bytes, from);
            prop_assert_eq!(
                found.map(|hit| (hit.start, hit.end)),
                expected.map(|hit| (hit.start, hit.end))
            );
        }
    }
}
