//! The last look at what goes into an archive: if a secret or a path of this machine is in it,
//! there is no archive. It changes nothing; what redacts is the live world.

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD};

/// Looks at every byte that is packed, in order.
pub trait Scan {
    /// The next file begins.
    ///
    /// # Errors
    /// When its name holds what may not get out.
    fn begin(&mut self, name: &str) -> Result<(), Leak>;
    /// The next bytes of the file.
    ///
    /// # Errors
    /// When they hold, together with those before, what may not get out.
    fn feed(&mut self, bytes: &[u8]) -> Result<(), Leak>;
}

/// Something that may not get out was about to. Says what it is, never its text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{file}` holds {what}; nothing was packed")]
pub struct Leak {
    /// The file's name in the archive.
    pub file: String,
    /// What it holds, by its label.
    pub what: String,
}

/// Looks at nothing, for archives whose parts were scanned before.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoScan;

impl Scan for NoScan {
    fn begin(&mut self, _: &str) -> Result<(), Leak> {
        Ok(())
    }

    fn feed(&mut self, _: &[u8]) -> Result<(), Leak> {
        Ok(())
    }
}

/// Shorter pieces of an encoded value say nothing about it.
const SHORTEST: usize = 6;

/// Looks for known values: raw, percent-escaped, JSON-escaped, and in base64 wherever it begins.
#[derive(Debug)]
pub struct SecretScan {
    needles: AhoCorasick,
    labels: Vec<String>,
    longest: usize,
    file: String,
    /// The end of the bytes before, as far as a match may begin in it.
    carried: Vec<u8>,
}

impl SecretScan {
    /// Looks for the values; a label says what a value is, such as `the value of GH_TOKEN`.
    ///
    /// # Errors
    /// When there are too many to search for at once.
    pub fn new<L: Into<String>, V: AsRef<str>>(
        values: impl IntoIterator<Item = (L, V)>,
    ) -> Result<Self, aho_corasick::BuildError> {
        let (mut labels, mut texts) = (Vec::new(), Vec::new());
        for (label, value) in values {
            let label = label.into();
            for text in encodings(value.as_ref()) {
                labels.push(label.clone());
                texts.push(text);
            }
        }
        let needles = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostFirst)
            .kind((texts.len() > 2000).then_some(AhoCorasickKind::ContiguousNFA))
            .build(&texts)?;
        Ok(Self {
            needles,
            labels,
            longest: texts.iter().map(String::len).max().unwrap_or(0),
            file: String::new(),
            carried: Vec::new(),
        })
    }

    fn look(&self, bytes: &[u8]) -> Result<(), Leak> {
        match self.needles.find(bytes) {
            None => Ok(()),
            Some(found) => Err(Leak {
                file: self.file.clone(),
                what: self.labels[found.pattern().as_usize()].clone(),
            }),
        }
    }
}

impl Scan for SecretScan {
    fn begin(&mut self, name: &str) -> Result<(), Leak> {
        self.carried.clear();
        "a file".clone_into(&mut self.file);
        self.look(name.as_bytes())?;
        name.clone_into(&mut self.file);
        Ok(())
    }

    fn feed(&mut self, bytes: &[u8]) -> Result<(), Leak> {
        self.look(bytes)?;
        let edge = self.longest.saturating_sub(1);
        // Only what a match across the edge can hold is looked at twice.
        self.carried
            .extend_from_slice(&bytes[..bytes.len().min(edge)]);
        self.look(&self.carried)?;
        if bytes.len() >= edge {
            self.carried.clear();
            self.carried.extend_from_slice(&bytes[bytes.len() - edge..]);
        } else {
            let surplus = self.carried.len().saturating_sub(edge);
            self.carried.drain(..surplus);
        }
        Ok(())
    }
}

/// All the ways a value may be written.
fn encodings(value: &str) -> Vec<String> {
    if value.is_empty() {
        return Vec::new();
    }
    let upper = percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC);
    let upper = upper.to_string();
    let json = serde_json::Value::from(value).to_string();
    let mut all = vec![
        value.to_owned(),
        form(&upper),
        upper.to_lowercase_escapes(),
        upper,
        json[1..json.len() - 1].to_owned(),
    ];
    all.extend(base64_anywhere(value.as_bytes()));
    all.sort();
    all.dedup();
    all
}

/// As in a query, where only what must be is escaped.
fn form(escaped: &str) -> String {
    [("%2D", "-"), ("%2E", "."), ("%5F", "_"), ("%7E", "~")]
        .iter()
        .fold(escaped.to_owned(), |text, (from, to)| {
            text.replace(from, to)
        })
}

trait LowercaseEscapes {
    fn to_lowercase_escapes(&self) -> String;
}

impl LowercaseEscapes for String {
    /// `%2F` as `%2f`; everything else stays.
    fn to_lowercase_escapes(&self) -> String {
        let mut escape = 0;
        self.chars()
            .map(|char| {
                let within = escape > 0;
                escape = if char == '%' {
                    2
                } else {
                    escape - i32::from(within)
                };
                if within {
                    char.to_ascii_lowercase()
                } else {
                    char
                }
            })
            .collect()
    }
}

/// The characters that a value alone decides, for each of the three places where it can begin.
fn base64_anywhere(value: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for alphabet in [&STANDARD, &URL_SAFE] {
        let engine = GeneralPurpose::new(alphabet, NO_PAD);
        for before in 0..3 {
            let text = engine.encode([&[0; 2][..before], value].concat());
            let (first, end) = ((before * 8).div_ceil(6), (before + value.len()) * 8 / 6);
            if let Some(middle) = text.get(first..end)
                && middle.len() >= SHORTEST
            {
                found.push(middle.to_owned());
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE};

    use super::*;

    const SECRET: &str = "fo1_\"ü/secret+value?~with~all";

    fn forms() -> Vec<String> {
        let percent =
            percent_encoding::utf8_percent_encode(SECRET, percent_encoding::NON_ALPHANUMERIC);
        let mut forms = vec![
            SECRET.to_owned(),
            percent.to_string(),
            percent.to_string().to_lowercase_escapes(),
            serde_json::json!({ "a": SECRET }).to_string(),
        ];
        for before in ["", "x", "xy", "x-access-token:"] {
            forms.push(BASE64_STANDARD.encode(format!("{before}{SECRET}and more")));
            forms.push(BASE64_URL_SAFE.encode(format!("{before}{SECRET}")));
        }
        forms
    }

    #[test]
    fn every_encoding_is_found_at_every_split() {
        for form in forms() {
            let text = format!("a line before\n{form}\nand one after");
            let mut scan = SecretScan::new([("the secret", SECRET)]).unwrap();
            for split in 0..text.len() {
                scan.begin("logs/x").unwrap();
                let (one, two) = text.as_bytes().split_at(split);
                let result = scan.feed(one).and_then(|()| scan.feed(two));
                assert!(result.is_err(), "{form} split at {split}");
            }
            scan.begin("logs/x").unwrap();
            let leak = text.bytes().find_map(|byte| scan.feed(&[byte]).err());
            let leak = leak.expect("byte by byte");
            assert_eq!(
                (leak.file.as_str(), leak.what.as_str()),
                ("logs/x", "the secret")
            );
            assert!(!leak.to_string().contains("fo1_"));
        }
    }

    #[test]
    fn a_value_in_two_files_or_in_part_is_none() {
        let mut scan = SecretScan::new([("the secret", SECRET)]).unwrap();
        let (one, two) = SECRET.split_at(9);
        scan.begin("a").unwrap();
        scan.feed(one.as_bytes()).unwrap();
        scan.begin("b").unwrap();
        scan.feed(two.as_bytes()).unwrap();
        assert!(scan.begin(SECRET).is_err());
    }
}
