//! Ordinary words and numbers: redacting them would change the meaning of a text.

/// A longer one may be a password that people type.
const LONGEST: usize = 7;

/// Whether a value is a word or a number: at most seven letters, all small, all capital or with the
/// first one capital, or at most seven digits. This includes JSON's literals (`true`, `false`,
/// `null`), and the same words in other spellings (`PASS`, Python's `True` and `None`): a redacted
/// `PASS` changes a verdict just as a redacted `pass` does. Letters mixed with digits, or capitals
/// in the middle, are not a word.
pub(super) fn is_ordinary(value: &str) -> bool {
    let bytes = value.as_bytes();
    let word = |rest: &[u8]| {
        rest.iter().all(u8::is_ascii_lowercase) || bytes.iter().all(u8::is_ascii_uppercase)
    };
    match bytes {
        [] => true,
        all if all.len() > LONGEST => false,
        [first, rest @ ..] if first.is_ascii_alphabetic() => word(rest),
        digits => digits.iter().all(u8::is_ascii_digit),
    }
}

#[cfg(test)]
mod tests {
    use super::is_ordinary;

    #[test]
    fn words_and_numbers_are_no_secrets() {
        for ordinary in [
            "", "pass", "true", "false", "null", "skipped", "PASS", "True", "None", "8080",
            "1234567",
        ] {
            assert!(is_ordinary(ordinary), "{ordinary}");
        }
        for secret in [
            "hunter2",
            "pAss",
            "passworD",
            "password",
            "12345678",
            "ab-cd",
            "a1b2",
            "PASs",
            "h\u{e9}hot",
            "1.25",
        ] {
            assert!(!is_ordinary(secret), "{secret}");
        }
    }
}
