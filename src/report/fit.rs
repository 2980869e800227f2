//! Fits texts into a number of terminal columns.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// A text in at most this number of columns; a truncated text ends in an ellipsis. Nothing in it
/// moves the cursor.
pub(super) fn fit(text: &str, columns: usize) -> String {
    let text: String = text
        .chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect();
    if width(&text) <= columns {
        return text;
    }
    let room = columns.saturating_sub(1);
    let mut out = String::new();
    let mut used = 0;
    for letter in text.chars() {
        let wide = letter.width().unwrap_or(0);
        if used + wide > room {
            break;
        }
        used += wide;
        out.push(letter);
    }
    if columns > 0 {
        out.push('…');
    }
    out
}

/// The width of a text in columns.
pub(super) fn width(text: &str) -> usize {
    text.width()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_never_wider_than_its_room() {
        for text in [
            "short",
            "日本語の長い題名です",
            "a\u{301}bcdefgh",
            "é😀x😀y😀z",
            "",
        ] {
            for columns in 0..24 {
                let fitted = fit(text, columns);
                assert!(width(&fitted) <= columns, "{text} in {columns}: {fitted}");
                let whole = width(text) <= columns;
                assert_eq!(!whole && columns > 0, fitted.ends_with('…'), "{fitted}");
            }
        }
    }

    #[test]
    fn nothing_moves_the_cursor() {
        assert_eq!(fit("a\rb\u{1b}[2Kc\n", 20), "a b [2Kc ");
    }
}
