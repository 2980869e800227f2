//! Base64, base32 and hexadecimal text that was broken into lines: found across line ends, at any
//! column.

/// Shortest form that is searched across line ends: of a shorter one, neither part might contain a
/// sample.
pub(super) const SHORTEST: usize = 24;

/// Lines between two ends have at least this many letters; those in use have 64 and 76.
pub(super) const SHORTEST_LINE: usize = 32;

/// Line ends, also as text within JSON; the longest match applies.
const LINE_ENDS: [&[u8]; 4] = [b"\\r\\n", b"\\n", b"\r\n", b"\n"];

/// Bytes in the longest line end.
pub(super) const LONGEST_LINE_END: usize = 4;

/// Whether base64 of this length is looked for across line ends.
pub(super) fn may_be(length: usize) -> bool {
    length >= SHORTEST
}

/// Maximum length of the form with line ends.
pub(super) fn longest(length: usize) -> usize {
    length + (length / SHORTEST_LINE + 1) * LONGEST_LINE_END
}

/// The length of the value at the beginning, including its line ends.
pub(super) fn length(text: &[u8], value: &[u8]) -> Option<usize> {
    let mut at = 0;
    // The first line may begin with something else.
    let mut line = SHORTEST_LINE;
    for (n, letter) in value.iter().enumerate() {
        let rest = text.get(at..)?;
        if n > 0
            && let Some(end) = LINE_ENDS.iter().find(|end| rest.starts_with(end))
        {
            if line < SHORTEST_LINE {
                return None;
            }
            at += end.len();
            line = 0;
        }
        if text.get(at)? != letter {
            return None;
        }
        at += 1;
        line += 1;
    }
    Some(at)
}

/// Where the value starts whose first letters are the last ones of the text.
pub(super) fn start(text: &[u8], first: &[u8]) -> Option<usize> {
    let mut before = text;
    for letter in first.iter().rev() {
        let end = LINE_ENDS.iter().find(|end| before.ends_with(end));
        let without = end.and_then(|end| before.strip_suffix(*end));
        before = without.unwrap_or(before).strip_suffix(&[*letter])?;
    }
    Some(before.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends_are_passed_over_both_ways() {
        let value = "nr".repeat(40).into_bytes();
        for end in LINE_ENDS {
            for at in 0..32 {
                let mut text = value.clone();
                text.splice(at + 40..at + 40, end.iter().copied());
                text.splice(at..at, end.iter().copied());
                let from = if at == 0 { end.len() } else { 0 };
                let whole = text.len() - from;
                assert_eq!(length(&text[from..], &value), Some(whole), "{at}");
                assert_eq!(start(&text, &value), Some(from), "{at}");
                assert!(whole <= longest(value.len()));
            }
        }
        assert_eq!(length(b"n\nr\nn", b"nrn"), None, "lines of one letter");
    }
}
