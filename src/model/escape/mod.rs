//! Escaping of external text for each output. What the gate examines (a service, a test, a stranger
//! on GitHub, a bundle) can put anything into a text; none of it may move the cursor, change the
//! text direction, hide characters, or act as markup where it is shown.
//!
//! Each output escapes once, where it is written: [`visible`] for people on a terminal, [`json`]
//! for JSON, [`xml`] for HTML and JUnit, [`markdown`] for GitHub. Records keep the original text.

pub mod markdown;

use std::borrow::Cow;
use std::fmt::Write as _;

use serde_json::Value;

/// Whether a character has an effect or is invisible: control characters, those that change the
/// text direction, those without any width, and those that are not allowed in text.
#[must_use]
pub fn acts(letter: char) -> bool {
    if letter.is_ascii() {
        return letter.is_ascii_control();
    }
    letter.is_control()
        || matches!(letter,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0e}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}'
            | '\u{fdd0}'..='\u{fdef}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
        || (letter as u32 & 0xfffe) == 0xfffe
}

/// A text in which all characters are visible; line ends and tabs stay.
#[must_use]
pub fn visible(text: &str) -> Cow<'_, str> {
    replaced(text, |letter| {
        acts(letter) && letter != '\n' && letter != '\t'
    })
}

/// The same in one line: it cannot be mistaken for the next line.
#[must_use]
pub fn one_line(text: &str) -> String {
    visible(text).replace('\n', "\\n").replace('\t', " ")
}

fn replaced(text: &str, which: impl Fn(char) -> bool) -> Cow<'_, str> {
    let Some(first) = text.find(&which) else {
        return Cow::Borrowed(text);
    };
    let mut out = String::with_capacity(text.len() + 16);
    out.push_str(&text[..first]);
    for letter in text[first..].chars() {
        if which(letter) {
            // Writing into a text cannot fail.
            let _ = write!(out, "{}", letter.escape_unicode());
        } else {
            out.push(letter);
        }
    }
    Cow::Owned(out)
}

/// A JSON document with the same meaning, in which every character with an effect is written as
/// `\uXXXX`. They occur only in its strings, so nothing else changes.
#[must_use]
pub fn json(document: &str) -> String {
    let mut out = String::with_capacity(document.len());
    for letter in document.chars() {
        if acts(letter) && letter != '\n' {
            let mut units = [0; 2];
            for unit in letter.encode_utf16(&mut units) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(letter);
        }
    }
    out
}

/// A text for templates of XML and HTML, which escape `<`, `>`, `&` and quotes themselves: without
/// what XML forbids, and with every character visible.
#[must_use]
pub fn xml(text: &str) -> Cow<'_, str> {
    visible(text)
}

/// A JSON value with [`visible`] strings and keys.
#[must_use]
pub fn visible_value(value: Value) -> Value {
    match value {
        Value::String(text) => match visible(&text) {
            Cow::Borrowed(_) => Value::String(text),
            Cow::Owned(shown) => Value::String(shown),
        },
        Value::Array(all) => all.into_iter().map(visible_value).collect(),
        Value::Object(fields) => fields
            .into_iter()
            .map(|(name, value)| (visible(&name).into_owned(), visible_value(value)))
            .collect(),
        other => other,
    }
}

/// A text for a terminal: like [`visible`], except for the colours that the gate itself sets, if
/// any.
#[must_use]
pub fn terminal(text: &str, coloured: bool) -> Cow<'_, str> {
    if !coloured || !text.contains('\u{1b}') {
        return visible(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\u{1b}') {
        out.push_str(&visible(&rest[..at]));
        rest = &rest[at..];
        let length = colour(rest).unwrap_or(0);
        if length > 0 {
            out.push_str(&rest[..length]);
            rest = &rest[length..];
        } else {
            out.push_str("\\u{1b}");
            rest = &rest[1..];
        }
    }
    out.push_str(&visible(rest));
    Cow::Owned(out)
}

/// The length of a sequence that sets a colour and does nothing else: nothing hidden, nothing
/// black on black.
fn colour(text: &str) -> Option<usize> {
    let inside = text.strip_prefix("\u{1b}[")?;
    let end = inside.find(|letter: char| !letter.is_ascii_digit() && letter != ';')?;
    if !inside[end..].starts_with('m') {
        return None;
    }
    let known = |code: &str| {
        matches!(
            code,
            "" | "0" | "1" | "2" | "3" | "4" | "22" | "23" | "24" | "39" | "41" | "49"
        ) || matches!(code.as_bytes(), [b'3' | b'9', b'1'..=b'6'])
    };
    inside[..end].split(';').all(known).then_some(end + 3)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// What a hostile text may try, whatever the output.
    pub(crate) const HOSTILE: [&str; 14] = [
        "\u{1b}[2J\u{1b}[Hall is well",
        "\u{1b}]0;title\u{7}",
        "\u{1b}]8;;https://evil.example\u{1b}\\PASSED\u{1b}]8;;\u{1b}\\",
        "\u{1b}[8mhidden\u{1b}[30;40m",
        "\u{9b}31m\u{9d}0;x\u{9c}",
        "line\rover it",
        "back\u{8}\u{8}\u{8}\u{8}",
        "\u{202e}drawkcab\u{202c}",
        "\u{2066}isolated\u{2069}",
        "ze\u{200b}ro\u{200d}wid\u{feff}th\u{ad}",
        "tag\u{e0041}\u{e007f}",
        "null\u{0}\u{fffe}\u{ffff}\u{1fffe}",
        "a\u{2028}b\u{2029}c\u{85}d",
        "\u{fdd0}sentinel\u{fdd1}",
    ];

    #[test]
    fn nothing_hostile_acts_in_any_output() {
        for text in HOSTILE {
            let acting = |shown: &str| shown.chars().any(|letter| acts(letter) && letter != '\n');
            assert!(acting(text), "{text:?}");
            assert!(!acting(&visible(text)), "{text:?}");
            assert!(!acting(&one_line(text)), "{text:?}");
            assert!(!acting(&terminal(text, false)), "{text:?}");
            let document = serde_json::to_string(&Value::String(text.to_owned())).unwrap();
            let escaped = json(&document);
            assert!(!acting(&escaped), "{text:?}");
            let read: String = serde_json::from_str(&escaped).unwrap();
            assert_eq!(read, text, "the same text is read back");
            let coloured = terminal(text, true);
            assert!(!coloured.contains("\u{1b}]"), "{text:?}");
            assert!(!coloured.contains("\u{1b}[2"), "{text:?}");
            assert!(!coloured.contains("\u{1b}[8"), "{text:?}");
            assert!(!coloured.contains("\u{1b}[30"), "{text:?}");
        }
    }

    #[test]
    fn ordinary_text_stays_as_it_is() {
        for text in [
            "",
            "PASSED – 43 subtasks: ✔ ü é 日本 🎉",
            "two\nlines\tand a tabulator",
            "a ❤\u{fe0f}",
        ] {
            assert_eq!(visible(text), text);
            assert_eq!(terminal(text, true), text);
            assert_eq!(terminal(text, false), text);
        }
        assert_eq!(one_line("a\nb\tc"), "a\\nb c");
    }

    #[test]
    fn the_colours_of_the_gate_pass_where_there_are_any() {
        let text = "\u{1b}[1;41mcritical\u{1b}[0m \u{1b}[36;1m│\u{1b}[0m";
        assert_eq!(terminal(text, true), text);
        assert!(!terminal(text, false).contains('\u{1b}'));
        assert_eq!(terminal("end\u{1b}", true), "end\\u{1b}");
        assert_eq!(terminal("\u{1b}[31", true), "\\u{1b}[31");
    }
}
