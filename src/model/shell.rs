//! Quoting of commands that people copy into a shell.

use std::fmt::Write as _;

use super::escape::acts;

/// A word quoted for a shell. Invisible characters are written as `$'…'`, so that the whole line is
/// visible and means the same when it is pasted.
#[must_use]
pub fn quoted(word: &str) -> String {
    if word.chars().any(acts) {
        return escaped(word);
    }
    let plain = |letter: char| letter.is_alphanumeric() || "-_./=:,+@%‹›".contains(letter);
    // A shell may expand `=word`.
    if !word.is_empty() && !word.starts_with('=') && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

fn escaped(word: &str) -> String {
    let mut out = "$'".to_owned();
    for letter in word.chars() {
        if acts(letter) {
            for byte in letter.encode_utf8(&mut [0; 4]).bytes() {
                // Writing into a text cannot fail. Three digits: a digit behind it is its own.
                let _ = write!(out, "\\{byte:03o}");
            }
        } else {
            if matches!(letter, '\'' | '\\') {
                out.push('\\');
            }
            out.push(letter);
        }
    }
    out + "'"
}

/// Words as one shell command line.
#[must_use]
pub fn command_line<'w>(words: impl IntoIterator<Item = &'w str>) -> String {
    let words: Vec<String> = words.into_iter().map(quoted).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_pasted_as_it_is() {
        for (word, shown) in [
            ("--set", "--set"),
            ("", "''"),
            ("a b", "'a b'"),
            ("it's", "'it'\\''s'"),
            ("$(reboot)", "'$(reboot)'"),
            ("=ls", "'=ls'"),
            ("a\nreboot\n", "$'a\\012reboot\\012'"),
            ("\u{1b}[2J'\\", "$'\\033[2J\\'\\\\'"),
            ("a\u{202e}1", "$'a\\342\\200\\2561'"),
        ] {
            assert_eq!(quoted(word), shown);
        }
        assert_eq!(command_line(["gate", "a b"]), "gate 'a b'");
    }
}
