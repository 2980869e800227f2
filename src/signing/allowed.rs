//! Allowed-signers files, in the format of `ssh-keygen(1)`. Anything unknown in one is an error:
//! ignoring a restriction would accept more keys than its author intended.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::error::KeyError;
use super::ssh_key::public_key;
use super::trusted::TrustedKey;

/// Reads the keys of an allowed-signers file.
///
/// # Errors
/// If a line is not understood: an unknown option, an unsupported key type, a time whose meaning
/// depends on the machine.
pub fn allowed_signers(text: &str) -> Result<Vec<TrustedKey>, KeyError> {
    let mut found = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let why = |why: String| KeyError::Line { line: at + 1, why };
        found.push(one(line).map_err(why)?);
    }
    Ok(found)
}

const EXPECTED: &str = "expected NAME [OPTIONS] TYPE KEY";

fn one(line: &str) -> Result<TrustedKey, String> {
    let mut fields = fields(line)?.into_iter();
    let principals = fields.next().unwrap_or_default();
    let principals = principals.trim_matches('"').to_owned();
    if principals.is_empty() {
        return Err("no name stands before the key".to_owned());
    }
    let mut kind = fields.next().ok_or(EXPECTED)?;
    let mut limits = Limits::default();
    if !is_key_type(&kind) {
        limits = Limits::read(&kind)?;
        kind = fields.next().ok_or(EXPECTED)?;
    }
    let base64 = fields.next().ok_or(EXPECTED)?;
    let key = public_key(&kind, &base64).map_err(|error| error.to_string())?;
    Ok(TrustedKey {
        key,
        name: principals,
        after: limits.after,
        before: limits.before,
    })
}

fn is_key_type(word: &str) -> bool {
    ["ssh-", "ecdsa-", "sk-"]
        .iter()
        .any(|kind| word.starts_with(kind))
}

/// The fields of a line; white space within double quotes belongs to its field.
fn fields(line: &str) -> Result<Vec<String>, String> {
    let mut quoted = false;
    let parts = line.split(|letter: char| {
        quoted ^= letter == '"';
        letter.is_whitespace() && !quoted
    });
    let found: Vec<String> = parts
        .filter(|field| !field.is_empty())
        .map(str::to_owned)
        .collect();
    if line.matches('"').count() % 2 == 1 {
        return Err("a quotation mark is not closed".to_owned());
    }
    Ok(found)
}

#[derive(Default)]
struct Limits {
    after: Option<Timestamp>,
    before: Option<Timestamp>,
}

impl Limits {
    fn read(options: &str) -> Result<Self, String> {
        let mut limits = Self::default();
        for option in options.split(',') {
            let (name, value) = option.split_once('=').unwrap_or((option, ""));
            let limit = match name.to_ascii_lowercase().as_str() {
                "valid-after" => &mut limits.after,
                "valid-before" => &mut limits.before,
                "namespaces" => {
                    return Err(
                        "`namespaces` limits the key to signatures of ssh-keygen, and a DSSE \
                         envelope has no namespace\n  → a file with the keys that may sign for \
                         the gate"
                            .to_owned(),
                    );
                }
                "cert-authority" => {
                    return Err("certificates are not supported: list the keys".to_owned());
                }
                _ => return Err(format!("option `{name}` is not known")),
            };
            let value = { value.strip_prefix('"') }.and_then(|value| value.strip_suffix('"'));
            let value = value.ok_or_else(|| format!("expected {name}=\"TIME\""))?;
            if limit.replace(moment(value)?).is_some() {
                return Err(format!("option `{name}` appears twice"));
            }
        }
        Ok(limits)
    }
}

/// A time as `ssh-keygen` reads it, in UTC.
fn moment(text: &str) -> Result<Timestamp, String> {
    let Some(digits) = text.strip_suffix(['Z', 'z']) else {
        return Err(format!(
            "`{text}` means another moment in another time zone\n  → `{text}Z` is UTC"
        ));
    };
    let is_one =
        [8, 12, 14].contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    let time = DateTime::strptime("%Y%m%d%H%M%S", format!("{digits:0<14}"))
        .and_then(|time| time.to_zoned(TimeZone::UTC));
    match time {
        Ok(time) if is_one => Ok(time.timestamp()),
        _ => Err(format!("expected YYYYMMDD[HHMM[SS]]Z, got `{text}`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea";

    fn told(line: &str) -> String {
        allowed_signers(line).unwrap_err().to_string()
    }

    #[test]
    fn names_times_and_keys_are_read() {
        let text = format!(
            "# who may\n\nann@example.org,ann {KEY} her laptop\n\
             \"ben\" valid-after=\"20260101Z\",valid-before=\"202602030405Z\" {KEY}\n"
        );
        let found = allowed_signers(&text).unwrap();
        assert_eq!(found[0].name, "ann@example.org,ann");
        assert_eq!((found[0].after, found[0].before), (None, None));
        assert_eq!(found[1].name, "ben");
        let time = |text: &str| Some(text.parse::<Timestamp>().unwrap());
        assert_eq!(found[1].after, time("2026-01-01T00:00:00Z"));
        assert_eq!(found[1].before, time("2026-02-03T04:05:00Z"));
        assert_eq!(found[0].key, found[1].key);
    }

    #[test]
    fn what_is_not_understood_lets_nobody_in() {
        let with = |options: &str| format!("ann {options} {KEY}");
        let cases = [
            (
                with("verify-required"),
                "option `verify-required` is not known",
            ),
            (with("namespaces=\"git\""), "has no namespace"),
            (with("cert-authority"), "certificates are not supported"),
            (with("valid-after=\"20260101\""), "`20260101Z` is UTC"),
            (with("valid-after=\"tomorrowZ\""), "expected YYYYMMDD"),
            (with("valid-after=\"20261301Z\""), "expected YYYYMMDD"),
            (
                with("valid-after=20260101Z"),
                "expected valid-after=\"TIME\"",
            ),
            (
                with("valid-after=\"20260101Z\",valid-after=\"20250101Z\""),
                "appears twice",
            ),
            (with("valid-after=\"2026"), "is not closed"),
            (KEY.to_owned(), "option `AAAA"),
            ("ann".to_owned(), "expected NAME"),
            (
                "ann ssh-rsa AAAAB3NzaC1yc2E=".to_owned(),
                "`ssh-rsa` are not supported",
            ),
            (
                format!("ann {KEY}").replace("ed25519 ", "ed448 "),
                "holds a key of",
            ),
            (
                format!("# fine\nann {}", &KEY[..40]),
                "line 2: it is no key",
            ),
        ];
        for (line, expected) in cases {
            let told = told(&line);
            assert!(told.contains(expected), "{line}: {told}");
        }
    }
}
