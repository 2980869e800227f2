//! The encodings in which a secret value may appear.

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

/// Characters that RFC 3986, and Python's `quote` with nothing safe, do not escape.
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
    forms.extend(escapes(value));
    forms.retain(|form| form == value || form.len() >= SHORTEST_DERIVED);
    let plain = forms.into_iter().map(|form| (form.into_bytes(), false));
    let wide = utf16_forms(value).map(|form| (form, false));
    let mut broken = base64_forms(value);
    let twice: Vec<String> = broken.iter().flat_map(|form| base64_forms(form)).collect();
    broken.extend(twice);
    broken.extend(base32_forms(value));
    let hex = crate::store::hex(value.as_bytes());
    broken.extend([hex.to_ascii_uppercase(), hex]);
    broken.retain(|form| form.len() >= SHORTEST_DERIVED);
    let broken = broken.into_iter().map(|form| {
        let wrapped = wrapped::may_be(form.len());
        (form.into_bytes(), wrapped)
    });
    let mut seen = HashSet::new();
    plain
        .chain(wide)
        .chain(broken)
        .filter(|(form, _)| seen.insert(form.clone()))
        .map(|(bytes, wrapped)| Form { bytes, wrapped })
        .collect()
}

/// Every letter as an escape, as writers have it that trust no letter: `\u0041`, `\x41`, `%41`.
fn escapes(value: &str) -> Vec<String> {
    let mut forms = Vec::new();
    let mut all = |one: &dyn Fn(&mut String)| {
        let mut text = String::new();
        one(&mut text);
        forms.push(text);
    };
    // Writing to a string cannot fail.
    all(&|text| {
        value.encode_utf16().for_each(|unit| {
            let _ok = write!(text, "\\u{unit:04x}");
        });
    });
    all(&|text| {
        value.encode_utf16().for_each(|unit| {
            let _ok = write!(text, "\\u{unit:04X}");
        });
    });
    for mark in ["\\x", "%"] {
        all(&|text| {
            value.bytes().for_each(|byte| {
                let _ok = write!(text, "{mark}{byte:02x}");
            });
        });
        all(&|text| {
            value.bytes().for_each(|byte| {
                let _ok = write!(text, "{mark}{byte:02X}");
            });
        });
    }
    forms
}

/// UTF-16 in both byte orders.
fn utf16_forms(value: &str) -> impl Iterator<Item = Vec<u8>> {
    let units: Vec<u16> = value.encode_utf16().collect();
    let little = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
    let big = units.iter().flat_map(|unit| unit.to_be_bytes()).collect();
    [little, big].into_iter()
}

/// Base32 (RFC 4648) at each of the five alignments, capital and small; the letters that depend on
/// neighbouring bytes are left out.
fn base32_forms(value: &str) -> Vec<String> {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut forms = Vec::new();
    for before in 0..5_usize {
        let padded: Vec<u8> = std::iter::repeat_n(0, before)
            .chain(value.bytes())
            .collect();
        let first = (before * 8).div_ceil(5);
        let last = padded.len() * 8 / 5;
        let letter = |at: usize| {
            let five = (0..5).fold(0, |bits, n| {
                let bit = at * 5 + n;
                bits << 1 | usize::from(padded[bit / 8] >> (7 - bit % 8) & 1)
            });
            char::from(LETTERS[five])
        };
        let form: String = (first..last).map(letter).collect();
        forms.push(form.to_ascii_lowercase());
        forms.push(form);
    }
    forms
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
                    .filter_map(|form| std::str::from_utf8(&form.bytes).ok())
                    .any(|form| encoded.contains(form));
                assert!(found, "{encoded}");
            }
        }
    }

    #[test]
    fn base32_is_found_at_every_alignment() {
        // From RFC 4648: `foobar` is `MZXW6YTBOI======`.
        assert!(base32_forms("foobar").contains(&"MZXW6YTBO".to_owned()));
        // `xfoobar`, whose first letters depend on the `x`.
        assert!(base32_forms("foobar").contains(&"TG633CMFZ".to_owned()));
    }

    #[test]
    fn percent_and_json_forms_are_there() {
        let forms: Vec<String> = of("a/b\"c é~")
            .into_iter()
            .filter_map(|form| String::from_utf8(form.bytes).ok())
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
