//! The forms in which one secret value travels.

use std::collections::HashSet;
use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::wrapped;

/// Shortest derived form worth looking for.
const SHORTEST_DERIVED: usize = 6;
/// Shortest line of a many-line secret that is hidden on its own.
const SHORTEST_LINE: usize = 16;

/// What RFC 3986 leaves as it is, and Python's `quote` with nothing safe.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');
/// Python's `quote`.
const QUOTE: &AsciiSet = &UNRESERVED.remove(b'/');
/// Forms in a browser, Java's `URLEncoder`.
const FORM: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'*');
/// JavaScript's `encodeURIComponent`.
const COMPONENT: &AsciiSet = &UNRESERVED
    .remove(b'!')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');
/// JavaScript's `encodeURI`.
const URI: &AsciiSet = &COMPONENT
    .remove(b';')
    .remove(b',')
    .remove(b'/')
    .remove(b'?')
    .remove(b':')
    .remove(b'@')
    .remove(b'&')
    .remove(b'=')
    .remove(b'+')
    .remove(b'$')
    .remove(b'#');

/// A form to look for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Form {
    pub(super) bytes: Vec<u8>,
    /// Whether its writer may have broken it into lines.
    pub(super) wrapped: bool,
}

/// Every form of `value` to look for, the value itself first.
pub(super) fn of(value: &str) -> Vec<Form> {
    let mut forms = vec![value.to_owned()];
    let escaped = json(value);
    forms.push(json(&escaped));
    forms.push(escaped.replace('/', "\\/"));
    forms.push(ascii_json(value));
    forms.push(escaped);
    forms.extend(percent_forms(value));
    let lines = value.lines().map(str::trim);
    forms.extend(
        lines
            .filter(|line| line.len() >= SHORTEST_LINE)
            .map(str::to_owned),
    );
    forms.retain(|form| form == value || form.len() >= SHORTEST_DERIVED);
    let plain = forms.into_iter().map(|form| (form, false));
    let base64 = base64_forms(value).into_iter();
    let base64 = base64.filter(|form| form.len() >= SHORTEST_DERIVED);
    let mut seen = HashSet::new();
    plain
        .chain(base64.map(|form| {
            let wrapped = wrapped::may_be(form.len());
            (form, wrapped)
        }))
        .filter(|(form, _)| seen.insert(form.clone()))
        .map(|(form, wrapped)| Form {
            bytes: form.into_bytes(),
            wrapped,
        })
        .collect()
}

/// As addresses and forms have it; small and capital hexadecimal digits, blanks as `%20` and `+`.
fn percent_forms(value: &str) -> Vec<String> {
    let sets = [NON_ALPHANUMERIC, UNRESERVED, QUOTE, FORM, COMPONENT, URI];
    let mut forms = Vec::new();
    for set in sets {
        let encoded = utf8_percent_encode(value, set).to_string();
        for form in [encoded.replace("%20", "+"), encoded] {
            forms.push(lower_hex(&form));
            forms.push(form);
        }
    }
    forms
}

fn json(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .unwrap_or(&quoted)
        .to_owned()
}

/// As Python's `json.dumps` writes it: everything beyond ASCII as `\uXXXX`.
fn ascii_json(text: &str) -> String {
    let mut out = String::new();
    let mut units = [0_u16; 2];
    for letter in json(text).chars() {
        if letter.is_ascii() {
            out.push(letter);
        } else {
            for unit in letter.encode_utf16(&mut units) {
                // Writing to a string cannot fail.
                let _ok = write!(out, "\\u{unit:04x}");
            }
        }
    }
    out
}

fn lower_hex(encoded: &str) -> String {
    let mut after = 0;
    let lower = |letter: char| {
        if letter == '%' {
            after = 2;
            return letter;
        }
        if after > 0 {
            after -= 1;
            return letter.to_ascii_lowercase();
        }
        letter
    };
    encoded.chars().map(lower).collect()
}

/// Base64 of the value as it looks inside a longer text, at each of the three alignments: the
/// letters that depend on neighbouring bytes are left out.
fn base64_forms(value: &str) -> Vec<String> {
    let mut forms = Vec::new();
    for before in 0..3_usize {
        let padded: Vec<u8> = std::iter::repeat_n(0, before)
            .chain(value.bytes())
            .collect();
        let first = (before * 8).div_ceil(6);
        let last = padded.len() * 8 / 6;
        for text in [
            STANDARD_NO_PAD.encode(&padded),
            URL_SAFE_NO_PAD.encode(&padded),
        ] {
            if let Some(core) = text.get(first..last) {
                forms.push(core.to_owned());
            }
        }
    }
    forms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_found_at_every_alignment() {
        let secret = "s3cr3t/value+more";
        let forms = of(secret);
        for before in 0..3 {
            let text = format!("{}{secret}tail", "x".repeat(before));
            for encoded in [STANDARD_NO_PAD.encode(&text), URL_SAFE_NO_PAD.encode(&text)] {
                let found = forms
                    .iter()
                    .any(|form| encoded.contains(std::str::from_utf8(&form.bytes).unwrap()));
                assert!(found, "{encoded}");
            }
        }
    }

    #[test]
    fn percent_and_json_forms_are_there() {
        let forms: Vec<String> = of("a/b\"c é~")
            .into_iter()
            .map(|form| String::from_utf8(form.bytes).unwrap())
            .collect();
        for form in [
            "a/b\\\"c é~",
            "a%2Fb%22c%20%C3%A9~",
            "a%2fb%22c%20%c3%a9%7e",
            "a/b\\\"c \\u00e9~",
            "a/b%22c%20%C3%A9~",
            "a/b%22c+%C3%A9~",
            "a%2Fb%22c+%C3%A9%7E",
            "a%2fb%22c+%c3%a9~",
        ] {
            assert!(forms.iter().any(|seen| seen == form), "{form} in {forms:?}");
        }
    }
}
