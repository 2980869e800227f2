//! The forms in which one secret value travels.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Shortest derived form worth looking for.
const SHORTEST_DERIVED: usize = 6;
/// Shortest line of a many-line secret that is hidden on its own.
const SHORTEST_LINE: usize = 16;

const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// Every form of `value` to look for, the value itself first.
pub(super) fn of(value: &str) -> Vec<Vec<u8>> {
    let mut forms = vec![value.to_owned()];
    let escaped = json(value);
    forms.push(json(&escaped));
    forms.push(escaped.replace('/', "\\/"));
    forms.push(ascii_json(value));
    forms.push(escaped);
    for set in [NON_ALPHANUMERIC, UNRESERVED] {
        let encoded = utf8_percent_encode(value, set).to_string();
        forms.push(lower_hex(&encoded));
        forms.push(encoded);
    }
    forms.extend(base64_forms(value));
    let lines = value.lines().map(str::trim);
    forms.extend(
        lines
            .filter(|line| line.len() >= SHORTEST_LINE)
            .map(str::to_owned),
    );
    let mut kept: Vec<Vec<u8>> = Vec::new();
    for form in forms {
        let derived = form != value;
        if (!derived || form.len() >= SHORTEST_DERIVED)
            && !kept.contains(&form.clone().into_bytes())
        {
            kept.push(form.into_bytes());
        }
    }
    kept
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
                    .any(|form| encoded.contains(std::str::from_utf8(form).unwrap()));
                assert!(found, "{encoded}");
            }
        }
    }

    #[test]
    fn percent_and_json_forms_are_there() {
        let forms: Vec<String> = of("a/b\"c é~")
            .into_iter()
            .map(|form| String::from_utf8(form).unwrap())
            .collect();
        for form in [
            "a/b\\\"c é~",
            "a%2Fb%22c%20%C3%A9~",
            "a%2fb%22c%20%c3%a9%7e",
            "a/b\\\"c \\u00e9~",
        ] {
            assert!(forms.iter().any(|seen| seen == form), "{form} in {forms:?}");
        }
    }
}
