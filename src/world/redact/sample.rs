//! Finds many long values in one pass that looks at few of the bytes.
//!
//! Of a text, eight bytes are looked at every so many positions, so that each place where a value
//! may stand holds one of these samples whole. Hardly any sample occurs in a value; where one
//! does, the value is compared. An automaton would look at every byte.

/// Bytes in a sample.
const GRAM: usize = 8;

/// Longest distance between two samples: a longer one makes the tables larger and little faster.
const LONGEST_STRIDE: usize = 24;

/// Bits of the first filter, a power of two: small enough to stay in a core's own cache.
const BITS: usize = 1 << 18;

/// Values of at least [`Samples::SHORTEST`] bytes.
#[derive(Debug)]
pub(super) struct Samples {
    stride: usize,
    /// Whether a sample may occur in a value, by its hash.
    filter: Vec<u64>,
    /// Where samples occur in values, sorted.
    places: Vec<Occurrence>,
}

/// A sample within a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Occurrence {
    gram: u64,
    /// How far behind the value's start; the farthest first, because that value starts first.
    offset: std::cmp::Reverse<usize>,
    /// Which value; longer ones have lower numbers.
    value: usize,
}

impl Samples {
    /// A shorter value would have samples stand too close to each other.
    pub(super) const SHORTEST: usize = 12;

    /// Samples of values, none of which is shorter than [`Samples::SHORTEST`]; nothing when there
    /// are none.
    pub(super) fn of<'a>(values: impl Iterator<Item = (usize, &'a [u8])> + Clone) -> Option<Self> {
        let shortest = values.clone().map(|(_, bytes)| bytes.len()).min()?;
        let stride = (shortest + 1)
            .checked_sub(GRAM)
            .filter(|stride| *stride > 0)?
            .min(LONGEST_STRIDE);
        let mut filter = vec![0; BITS / 64];
        let mut places = Vec::new();
        for (value, bytes) in values {
            for (offset, gram) in bytes.array_windows().take(stride).enumerate() {
                let gram = u64::from_le_bytes(*gram);
                let bit = hash(gram);
                filter[bit / 64] |= 1 << (bit % 64);
                places.push(Occurrence {
                    gram,
                    offset: std::cmp::Reverse(offset),
                    value,
                });
            }
        }
        places.sort_unstable();
        Some(Self {
            stride,
            filter,
            places,
        })
    }

    /// The first place at or after `from` where `fits` says of a start and a value that it stands
    /// there; of several there, that with the lowest number.
    pub(super) fn find<T>(
        &self,
        bytes: &[u8],
        from: usize,
        mut fits: impl FnMut(usize, usize) -> Option<T>,
    ) -> Option<T> {
        let mut at = from;
        while let Some(gram) = bytes.get(at..).and_then(<[u8]>::first_chunk::<GRAM>) {
            let gram = u64::from_le_bytes(*gram);
            let bit = hash(gram);
            if self.filter[bit / 64] >> (bit % 64) & 1 == 1 {
                // A value that starts earlier has its sample earlier, or farther from its start.
                for one in self.occurrences(gram) {
                    let start = at.checked_sub(one.offset.0).filter(|start| *start >= from);
                    if let Some(found) = start.and_then(|start| fits(start, one.value)) {
                        return Some(found);
                    }
                }
            }
            at += self.stride;
        }
        None
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
