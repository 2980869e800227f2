//! Scans a template's tags without compiling it: to refuse nesting that is too deep for the
//! template engine's recursion (it walks an expression as deep as it is long), and to find the
//! words that the engine would look up only while it renders.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

/// The most bytes between `{{` and `}}`, or `{%` and `%}`. Room for any sensible expression.
pub(crate) const LONGEST: usize = 1000;

/// The first tag that is too long, in bytes.
pub(crate) fn too_long(text: &str) -> Option<Range<usize>> {
    tags(text).find(|tag| tag.len() > LONGEST && !text[tag.clone()].starts_with("{#"))
}

/// All tags and comments, in order; the last may lack its end.
fn tags(text: &str) -> impl Iterator<Item = Range<usize>> {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let start = at;
            let close = match bytes.get(at..at + 2)? {
                b"{{" => b"}}",
                b"{%" => b"%}",
                b"{#" => b"#}",
                _ => {
                    at += 1;
                    continue;
                }
            };
            at = end_of_tag(bytes, at + 2, *close);
            return Some(start..at);
        }
    })
}

/// Behind the end of a tag; quotes hide what looks like one, except in a comment.
fn end_of_tag(bytes: &[u8], mut at: usize, close: [u8; 2]) -> usize {
    let mut quote = None;
    while at < bytes.len() {
        match (quote, bytes[at]) {
            (Some(_), b'\\') => at += 1,
            (Some(open), byte) if byte == open => quote = None,
            (None, byte @ (b'"' | b'\'')) if close != *b"#}" => quote = Some(byte),
            (None, _) if bytes[at..].starts_with(&close) => return at + 2,
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}

/// A word in a tag that the engine looks up only while it renders.
pub(crate) struct Call<'t> {
    /// Its byte range.
    pub(crate) range: Range<usize>,
    /// Its kind.
    pub(crate) kind: CallKind,
    /// The word.
    pub(crate) name: &'t str,
}

/// What a word is looked up as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CallKind {
    /// `value | word`.
    Filter,
    /// `value is word`.
    Test,
    /// `include`, `import`, `extends` or `from`: another template is needed.
    Template,
}

static CALLS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let quoted = r#""(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'"#;
    let filter = r"\|\s*(?<filter>[A-Za-z_]\w*)|^\{%[-+]?\s*filter\s+(?<block>[A-Za-z_]\w*)";
    let test = r"\bis\s+(?:not\s+)?(?<test>[A-Za-z_]\w*)";
    let template = r"^\{%[-+]?\s*(?<template>include|import|extends|from)\b";
    Regex::new(&format!("(?s){quoted}|{filter}|{test}|{template}")).ok()
});

/// All such words of a template, in order.
pub(crate) fn calls(text: &str) -> Vec<Call<'_>> {
    let Some(pattern) = CALLS.as_ref() else {
        return Vec::new();
    };
    let kinds = [
        ("filter", CallKind::Filter),
        ("block", CallKind::Filter),
        ("test", CallKind::Test),
        ("template", CallKind::Template),
    ];
    tags(text)
        .filter(|tag| !text[tag.clone()].starts_with("{#"))
        .flat_map(|tag| {
            let found = pattern.captures_iter(&text[tag.clone()]);
            found.filter_map(move |found| {
                let (word, kind) = kinds
                    .iter()
                    .find_map(|(name, kind)| Some((found.name(name)?, *kind)))?;
                Some(Call {
                    range: tag.start + word.start()..tag.start + word.end(),
                    kind,
                    name: word.as_str(),
                })
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_is_fine_and_a_long_tag_is_not() {
        let long = "x".repeat(LONGEST);
        assert_eq!(
            too_long(&format!("{{{{ a }}}} {long} {{# {long} #}}")),
            None
        );
        let text = format!("é {{{{ a }}}} {{% if {long} %}} b");
        assert_eq!(
            &text[too_long(&text).unwrap()],
            format!("{{% if {long} %}}")
        );
    }

    #[test]
    fn an_end_in_quotes_is_no_end() {
        let long = ".b".repeat(LONGEST);
        for text in [
            format!("{{{{ \"}}}}\" ~ a{long} }}}}"),
            format!("{{{{ '\\'}}}}' ~ a{long}"),
        ] {
            assert_eq!(too_long(&text), Some(0..text.len()), "{text:.20}");
        }
    }
}
