//! A comment's text as GitHub reads it after rendering: entities are decoded, and backslashes,
//! emphasis markers, tags and zero-width characters are removed.

use std::ops::Range;

use super::escape::acts;

/// Which part of a link is examined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Links {
    ByText,
    ByAddress,
}

/// Letters as they are rendered, each with its place in the text, in bytes.
#[derive(Default)]
pub(super) struct Rendered {
    pub(super) text: String,
    /// For each byte of `text`, the source range that it came from.
    made_of: Vec<Range<usize>>,
}

impl Rendered {
    /// An approximation of the visible text, which rather removes too much than too little. Of a
    /// link, either its text or its address is examined.
    pub(super) fn of(text: &str, links: Links) -> Self {
        let mut rendered = Self::default();
        let mut at = 0;
        while let Some(letter) = text[at..].chars().next() {
            let rest = &text[at..];
            let (length, shown) = match letter {
                '&' => entity(rest).unwrap_or((1, Some('&'))),
                '<' => (tag(rest).unwrap_or(1), None),
                '[' if links == Links::ByAddress => {
                    (rest.find("](").map_or(1, |end| end + 2), None)
                }
                '\\' | '*' | '_' | '~' | '`' | '[' => (1, None),
                ']' if links == Links::ByText && rest.starts_with("](") => {
                    (rest.find(')').map_or(1, |end| end + 1), None)
                }
                ']' => (1, Some(' ')),
                '\n' | '\t' | '\u{a0}' => (letter.len_utf8(), Some(' ')),
                _ if acts(letter) => (letter.len_utf8(), None),
                _ => (letter.len_utf8(), Some(letter)),
            };
            if let Some(shown) = shown.filter(|shown| !acts(*shown)) {
                rendered.text.push(shown);
                let made_of = at..at + length;
                let bytes = std::iter::repeat_n(made_of, shown.len_utf8());
                rendered.made_of.extend(bytes);
            }
            at += length;
        }
        rendered
    }

    /// The place in the text that a part of the rendered one comes from.
    pub(super) fn back(&self, part: &Range<usize>) -> Range<usize> {
        let start = self.made_of.get(part.start).map_or(0, |from| from.start);
        let last = part.end.saturating_sub(1);
        let end = self.made_of.get(last).map_or(start, |from| from.end);
        start..end.max(start)
    }
}

/// An entity at the beginning: its length, and the letter.
fn entity(text: &str) -> Option<(usize, Option<char>)> {
    let end = text.find(';').filter(|end| *end <= 12)?;
    let name = &text[1..end];
    let letter = match name.strip_prefix('#') {
        Some(number) => {
            let number = match number.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(number)
        }
        None => match name {
            "num" => Some('#'),
            "colon" => Some(':'),
            "sol" => Some('/'),
            "period" => Some('.'),
            "dash" | "hyphen" => Some('-'),
            "nbsp" | "Tab" | "NewLine" | "ensp" | "emsp" | "thinsp" => Some(' '),
            "amp" | "AMP" => Some('&'),
            "commat" => Some('@'),
            _ => None,
        },
    };
    let letter = letter.map(|letter| if letter.is_whitespace() { ' ' } else { letter });
    Some((end + 1, letter))
}

/// The length of a tag or an HTML comment at the beginning; of an address in angle brackets, that
/// of the bracket.
fn tag(text: &str) -> Option<usize> {
    if text.starts_with("<!--") {
        return Some(text.find("-->").map_or(text.len(), |end| end + 3));
    }
    let next = text[1..].chars().next()?;
    let inside = &text[..text.find('>')?];
    if inside.contains("://") && !inside.contains(' ') {
        return None;
    }
    (next.is_ascii_alphabetic() || next == '/' || next == '!').then_some(inside.len() + 1)
}
