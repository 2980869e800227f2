//! Recorded text for a terminal: it may hold what moves the cursor, and whoever asks where a value
//! came from is to see it, not to run it.

use std::fmt::Write as _;

/// A text without anything that a terminal acts on; line ends stay.
pub(super) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter != '\n' && acts(letter) {
            // Writing into a text cannot fail.
            let _ = write!(out, "{}", letter.escape_unicode());
        } else {
            out.push(letter);
        }
    }
    out
}

/// Control characters, and those that turn the direction of what follows.
fn acts(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The same in one line.
pub(super) fn one_line(text: &str) -> String {
    plain(text).replace('\n', "\\n")
}
