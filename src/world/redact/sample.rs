//! Finds many long values in one pass that looks at few of the bytes.
//!
//! Eight bytes of the text are sampled at a fixed interval, so that every possible occurrence of a
//! value contains one whole sample. Few samples occur in any value; for those, the value is
//! compared. An automaton would look at every byte.

use super::pattern::{Hit, Pattern, first};
use super::wrapped::{self, LONGEST_LINE_END};

/// Bytes in a sample.
const GRAM: usize = 8;

/// Longest distance between two samples: a longer one makes the tables larger and the search hardly
/// faster.
const LONGEST_STRIDE: usize = 24;

/// Bits of the first filter, a power of two: small enough to stay in a core's own cache.
const BITS: usize = 1 << 18;

/// Longest part of a value that contains a whole sample at every offset.
const WHOLE: usize = LONGEST_STRIDE + GRAM - 1;

// After a line end a whole sample must fit.
const _: () = assert!(WHOLE <= wrapped::SHORTEST_LINE && 2 * GRAM <= wrapped::SHORTEST);

/// Values of at least [`Samples::SHORTEST`] bytes.
#[derive(Debug)]
pub(super) struct Samples {
    stride: usize,
    /// The largest offset of a sample within its value.
    farthest: usize,
    /// Whether a sample may occur in a value, by its hash.
    filter: Vec<u64>,
    /// Where samples occur in values, sorted.
    places: Vec<Occurrence>,
}

/// A sample within a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Occurrence {
    gram: u64,
    /// How far behind the value's start.
    pub(super) offset: usize,
    /// Which value; longer ones have lower numbers.
    pub(super) value: usize,
}

impl Samples {
    /// A shorter value would have samples too close to each other.
    pub(super) const SHORTEST: usize = 12;

    /// Samples of values, none of which is shorter than [`Samples::SHORTEST`]; none if there are no
    /// values. A value that may be broken into lines has more of them: if a line ends in the first
    /// part, the next part is whole.
    pub(super) fn of(values: &[Pattern]) -> Option<Self> {
        let shortest = values.iter().map(|value| value.bytes.len()).min()?;
        // One of the two parts of a broken value must contain a sample, wherever it is broken.
        let broken = values.iter().filter(|value| value.wrapped);
        let shortest = broken
            .map(|value| value.bytes.len() / 2)
            .fold(shortest, usize::min);
        let stride = (shortest + 1)
            .checked_sub(GRAM)
            .filter(|stride| *stride > 0)?
            .min(LONGEST_STRIDE);
        let mut filter = vec![0; BITS / 64];
        let mut places = Vec::new();
        for (value, pattern) in values.iter().enumerate() {
            let whole = stride + GRAM - 1;
            let count = stride + if pattern.wrapped { whole } else { 0 };
            for (offset, gram) in pattern.bytes.array_windows().take(count).enumerate() {
                let gram = u64::from_le_bytes(*gram);
                let bit = hash(gram);
                filter[bit / 64] |= 1 << (bit % 64);
                places.push(Occurrence {
                    gram,
                    offset,
                    value,
                });
            }
        }
        places.sort_unstable();
        Some(Self {
            stride,
            farthest: places.iter().map(|one| one.offset).max()?,
            filter,
            places,
        })
    }

    /// The first value at or after `from`, the longest if there are several; `fits` checks for a
    /// position and the sample found there whether its value is there.
    pub(super) fn find(
        &self,
        bytes: &[u8],
        from: usize,
        fits: impl Fn(usize, &Occurrence) -> Option<Hit>,
    ) -> Option<Hit> {
        let mut best: Option<Hit> = None;
        let mut at = from;
        while let Some(gram) = bytes.get(at..).and_then(<[u8]>::first_chunk::<GRAM>) {
            let gram = u64::from_le_bytes(*gram);
            let bit = hash(gram);
            if self.filter[bit / 64] >> (bit % 64) & 1 == 1 {
                for one in self.occurrences(gram) {
                    best = first(best, fits(at, one).filter(|hit| hit.start >= from));
                }
            }
            at += self.stride;
            // An earlier value may have its sample later, but not by more than this.
            if let Some(hit) = &best
                && at > hit.start + self.farthest + LONGEST_LINE_END
            {
                return best;
            }
        }
        best
    }

    fn occurrences(&self, gram: u64) -> impl Iterator<Item = &Occurrence> {
        let first = self.places.partition_point(|one| one.gram < gram);
        self.places[first..]
            .iter()
            .take_while(move |one| one.gram == gram)
    }
}

/// The highest bits of a product are those that depend on all bits of the factor.
fn hash(gram: u64) -> usize {
    let highest = gram.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (u64::BITS - BITS.trailing_zeros());
    usize::try_from(highest).unwrap_or_default()
}
