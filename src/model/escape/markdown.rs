//! Markdown as GitHub renders it. External text stays text: it cannot become HTML, an image, link,
//! mention, reference, table cell or heading.
//!
//! GitHub searches its rendered output for mentions, references and addresses, so a backslash
//! before `@` does not help; it does not search code spans.

use std::fmt::Write as _;

use super::{one_line, visible};

/// A text within a line: in a paragraph, a heading or a table cell.
#[must_use]
pub fn inline(text: &str) -> String {
    let text = one_line(text);
    let mut out = String::with_capacity(text.len() + 8);
    let mut first = true;
    for word in text.split_inclusive(' ') {
        let (bare, blank) = match word.strip_suffix(' ') {
            Some(bare) => (bare, " "),
            None => (word, ""),
        };
        if refers(bare) {
            code_into(&mut out, bare);
        } else {
            word_into(&mut out, bare, first);
        }
        first &= bare.is_empty();
        // Leading blanks would turn a line into code.
        if !first {
            out.push_str(blank);
        }
    }
    out
}

/// Whether GitHub would make a mention, a reference or a link of a word.
fn refers(word: &str) -> bool {
    let small = word.to_ascii_lowercase();
    let numbered = |mark: &str| {
        small.match_indices(mark).any(|(at, _)| {
            let behind = &small[at + mark.len()..];
            behind.starts_with(|letter: char| letter.is_ascii_digit())
        })
    };
    small.contains('@')
        || small.contains("://")
        || small.contains("www.")
        || small.contains("mailto:")
        || small.contains("xmpp:")
        || numbered("#")
        || numbered("gh-")
}

/// A code span. Characters that would end it, or the table cell that contains it, are written as
/// entities, for which the span is written in HTML.
fn code_into(out: &mut String, word: &str) {
    if !word.contains(['`', '|', '\\']) {
        let _ = write!(out, "`{word}`");
        return;
    }
    out.push_str("<code>");
    for letter in word.chars() {
        if letter.is_ascii_punctuation() {
            let _ = write!(out, "&#{};", letter as u32);
        } else {
            out.push(letter);
        }
    }
    out.push_str("</code>");
}

fn word_into(out: &mut String, word: &str, first: bool) {
    let heads_list = |at: usize, letter: char| {
        first
            && match letter {
                '-' | '+' | '=' => at == 0,
                // Only before a blank: `3.2.0` is a version.
                '.' | ')' => {
                    at > 0
                        && at + 1 == word.len()
                        && word[..at].bytes().all(|byte| byte.is_ascii_digit())
                }
                _ => false,
            }
    };
    for (at, letter) in word.char_indices() {
        // A backslash before it would not keep a cell together after another backslash.
        if letter == '|' {
            out.push_str("&#124;");
            continue;
        }
        if is_markup(word, at, letter) || heads_list(at, letter) {
            out.push('\\');
        }
        out.push(letter);
    }
}

fn is_markup(word: &str, at: usize, letter: char) -> bool {
    match letter {
        '\\' | '`' | '*' | '[' | ']' | '<' | '>' | '&' | '~' | '#' | '$' => true,
        // Within a word it is not emphasis.
        '_' => {
            let before = word[..at].chars().next_back();
            let behind = word[at + 1..].chars().next();
            !(before.is_some_and(char::is_alphanumeric)
                && behind.is_some_and(char::is_alphanumeric))
        }
        _ => false,
    }
}

/// A text inside a code span that the template itself opened: it cannot end the span, nor the cell
/// around it.
#[must_use]
pub fn in_code(text: &str) -> String {
    one_line(text)
        .replace('`', "\\u{60}")
        .replace('|', "\\u{7c}")
}

/// A text inside a code fence that the template itself opened.
#[must_use]
pub fn in_fence(text: &str) -> String {
    let mut text = visible(text).into_owned();
    for (fence, mark, seen) in [("```", '`', "\\u{60}"), ("~~~", '~', "\\u{7e}")] {
        if text.contains(fence) {
            text = text.replace(mark, seen);
        }
    }
    text
}

/// A literal block of lines.
#[must_use]
pub fn block(text: &str) -> String {
    let text = visible(text);
    let longest = text
        .split(|letter| letter != '`')
        .map(str::len)
        .max()
        .unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}text\n{text}\n{fence}\n")
}

#[cfg(test)]
mod tests {
    use super::super::acts;
    use super::super::tests::HOSTILE;
    use super::*;

    #[test]
    fn what_github_would_act_on_is_code() {
        for (text, shown) in [
            ("ask @someone now", "ask `@someone` now"),
            ("see #1038", "see `#1038`"),
            ("o/r#12.", "`o/r#12.`"),
            ("GH-7", "`GH-7`"),
            ("https://evil.example/x", "`https://evil.example/x`"),
            ("(www.evil.example)", "`(www.evil.example)`"),
            ("a|@b", "<code>a&#124;&#64;b</code>"),
            ("`@x`", "<code>&#96;&#64;x&#96;</code>"),
            ("&#35;1", "`&#35;1`"),
        ] {
            assert_eq!(inline(text), shown);
        }
    }

    #[test]
    fn markup_is_text() {
        for (text, shown) in [
            ("<img src=x>", "\\<img src=x\\>"),
            ("![a](b)", "!\\[a\\](b)"),
            (
                "**bold** _it_ a_b ~~s~~",
                "\\*\\*bold\\*\\* \\_it\\_ a_b \\~\\~s\\~\\~",
            ),
            ("a | b", "a &#124; b"),
            ("a \\| b", "a \\\\&#124; b"),
            ("# heading", "\\# heading"),
            ("- item", "\\- item"),
            ("1. item", "1\\. item"),
            ("    code", "code"),
            ("two\nlines", "two\\\\nlines"),
            ("&commat;x", "\\&commat;x"),
            (
                "passed (4/4), 3.2.0rc16: /health/ – 200",
                "passed (4/4), 3.2.0rc16: /health/ – 200",
            ),
        ] {
            assert_eq!(inline(text), shown);
        }
    }

    #[test]
    fn nothing_leaves_a_span_or_a_block() {
        for text in HOSTILE
            .iter()
            .chain(&["a`b|c\nd", "```\n# out\n```", "````"])
        {
            let span = in_code(text);
            assert!(!span.contains(['`', '|', '\n']), "{text:?}");
            assert!(!in_fence(text).contains("```"), "{text:?}");
            assert!(!inline(text).chars().any(acts), "{text:?}");
            let block = block(text);
            let fence = block.split("text\n").next().unwrap();
            assert!(
                fence.len() > 2 && block.matches(fence).count() == 2,
                "{text:?}"
            );
        }
    }
}
