//! Looks at a template's tags without compiling it, to refuse what the template engine's own
//! recursion could not bear: it walks an expression as deep as it is long.

use std::ops::Range;

/// The most bytes between `{{` and `}}`, or `{%` and `%}`. Room for any sensible expression.
pub(super) const LONGEST: usize = 1000;

/// The first tag that is too long, in bytes.
pub(super) fn too_long(text: &str) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at + 1 < bytes.len() {
        let close = match &bytes[at..at + 2] {
            b"{{" => b"}}",
            b"{%" => b"%}",
            b"{#" => b"#}",
            _ => {
                at += 1;
                continue;
            }
        };
        let end = end_of_tag(bytes, at + 2, *close);
        if close != b"#}" && end - at > LONGEST {
            return Some(at..end);
        }
        at = end;
    }
    None
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
