//! Recorded text as a page shows it: escaped, and cut to a limit.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde::Serialize;

use crate::model::escape;

/// Bytes of a text that are shown from its beginning, and from its end.
const HEAD: usize = 3000;
const TAIL: usize = 1200;
/// A line of a list is cut here, in characters.
const LINE: usize = 220;

/// A text, shortened for display.
#[derive(Debug, Default, Clone, Serialize)]
pub(super) struct Clipped {
    pub(super) head: String,
    /// Bytes between the two that are not shown.
    pub(super) left_out: usize,
    pub(super) tail: String,
}

/// A text without its middle part if it is long.
pub(super) fn clipped(text: &str) -> Clipped {
    if text.len() <= HEAD + TAIL {
        return Clipped {
            head: visible(text),
            ..Clipped::default()
        };
    }
    let head = text.floor_char_boundary(HEAD);
    let tail = text.ceil_char_boundary(text.len() - TAIL);
    Clipped {
        head: visible(&text[..head]),
        left_out: tail - head,
        tail: visible(&text[tail..]),
    }
}

/// A text in one line, cut with an ellipsis.
pub(super) fn line(text: &str) -> String {
    let text = visible(text).replace(['\n', '\t'], " ");
    match text.char_indices().nth(LINE) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// A text in which control characters, and those that turn the direction of what follows, are
/// written out. Line ends and tabs stay.
pub(super) fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' | '\t' => out.push(letter),
            // Line ends of other systems have no meaning.
            '\r' => {}
            _ if acts(letter) => {
                // Writing into a text cannot fail.
                let _ = write!(out, "[U+{:04X}]", u32::from(letter));
            }
            _ => out.push(letter),
        }
    }
    out
}

/// Whether a character would have an effect. The page's own marks count as well: they surround
/// values while a comment is rendered again.
fn acts(letter: char) -> bool {
    escape::acts(letter) || matches!(letter, '\u{e000}'..='\u{e002}')
}

/// The time between two moments.
pub(super) fn milliseconds(from: Timestamp, to: Timestamp) -> i64 {
    i64::try_from(to.duration_since(from).as_millis()).unwrap_or(i64::MAX)
}

/// A duration for display.
pub(super) fn duration(milliseconds: i128) -> String {
    let tenths = (milliseconds + 50) / 100;
    let seconds = (milliseconds + 500) / 1000;
    match milliseconds {
        ..1000 => format!("{milliseconds} ms"),
        1000..60_000 => format!("{}.{} s", tenths / 10, tenths % 10),
        60_000..3_600_000 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} min", seconds / 3600, seconds / 60 % 60),
    }
}

/// A size for display.
pub(super) fn bytes(count: u64) -> String {
    match count {
        ..1024 => format!("{count} bytes"),
        1024..1_048_576 => format!("{} KB", count / 1024),
        _ => format!("{}.{} MB", count >> 20, (count >> 10) % 1024 * 10 / 1024),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_act_is_written_out() {
        assert_eq!(
            visible("a\u{202e}b\u{0}\u{1b}[1m\r\n\tc"),
            "a[U+202E]b[U+0000][U+001B][1m\n\tc"
        );
    }

    #[test]
    fn the_middle_of_a_long_text_is_counted() {
        let text = "é".repeat(5000);
        let shown = clipped(&text);
        assert!(shown.left_out > 0);
        assert_eq!(
            shown.head.len() + shown.left_out + shown.tail.len(),
            text.len()
        );
        assert_eq!(clipped("short").left_out, 0);
    }

    #[test]
    fn times_are_told_in_their_own_size() {
        assert_eq!(duration(7), "7 ms");
        assert_eq!(duration(1951), "2.0 s");
        assert_eq!(duration(59_990), "60.0 s");
        assert_eq!(duration(305_000), "5 min 05 s");
        assert_eq!(duration(3_700_000), "1 h 01 min");
    }
}
