//! Long texts beside the journal, named by digest. Never under a name that is not their digest.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{JournalError, Said};
use crate::store::disk::{Disk, OsDisk};
use crate::store::sha256_hex;

/// Texts with more bytes than this go into a blob, in newly created journals. Each blob costs a
/// sync of its own, so only really long texts are stored as blobs.
pub const BLOB_LIMIT: usize = 16 * 1024;

/// The same in journals that do not record it.
pub(super) const BLOB_LIMIT_UNSAID: usize = 4096;

/// The only key of a reference. No effect and no response has a table with a table under this key,
/// so a reference cannot be mistaken for recorded data.
const KEY: &str = "‹blob›";

/// Maximum size that a reader accepts, in bytes.
const LARGEST: u64 = 256 << 20;

/// A value as it is recorded: with references in place of texts longer than `limit`. Also returns
/// these texts with their digests.
pub(crate) fn said(
    value: &impl Serialize,
    limit: usize,
    found: &mut Vec<(String, String)>,
) -> Result<Said, serde_json::Error> {
    let said = Said::new(value)?;
    // No text in it is longer than the whole; most values end here.
    if said.text().len() <= limit {
        return Ok(said);
    }
    let mut value = serde_json::to_value(value)?;
    take_out(&mut value, limit, found);
    Ok(value.into())
}

fn take_out(value: &mut Value, limit: usize, found: &mut Vec<(String, String)>) {
    match value {
        Value::String(text) if text.len() > limit => {
            let sha256 = sha256_hex(text.as_bytes());
            let reference = reference(&sha256, text.len());
            found.push((sha256, std::mem::take(text)));
            *value = reference;
        }
        Value::Array(items) => items
            .iter_mut()
            .for_each(|item| take_out(item, limit, found)),
        Value::Object(table) => {
            let items = table.values_mut();
            items.for_each(|item| take_out(item, limit, found));
        }
        _ => {}
    }
}

fn reference(sha256: &str, bytes: usize) -> Value {
    let mut inner = Map::new();
    inner.insert("sha256".into(), sha256.into());
    inner.insert("bytes".into(), bytes.into());
    let mut outer = Map::new();
    outer.insert(KEY.into(), Value::Object(inner));
    Value::Object(outer)
}

/// The digest that a value refers to, when it is a reference.
pub(crate) fn referred(value: &Value) -> Option<&str> {
    let table = value.as_object().filter(|table| table.len() == 1)?;
    table.get(KEY)?.as_object()?.get("sha256")?.as_str()
}

/// Digests of all blobs that a recorded value refers to.
///
/// # Errors
/// If it cannot be parsed: then its references are unknown.
pub(crate) fn references(said: &Said, found: &mut BTreeSet<String>) -> Result<(), JournalError> {
    if may_refer(said) {
        let value = said.value().map_err(JournalError::json("an exchange"))?;
        referred_within(&value, found);
    }
    Ok(())
}

/// Whether a recorded value may refer to a blob. Most refer to none, and need not be parsed to know
/// this; a character of the key may be written as an escape.
fn may_refer(said: &Said) -> bool {
    said.text().contains("blob") || said.text().contains("\\u")
}

fn referred_within(value: &Value, found: &mut BTreeSet<String>) {
    if let Some(sha256) = referred(value) {
        found.insert(sha256.to_owned());
        return;
    }
    match value {
        Value::Array(items) => items.iter().for_each(|item| referred_within(item, found)),
        Value::Object(table) => table.values().for_each(|item| referred_within(item, found)),
        _ => {}
    }
}

/// A directory of blobs.
#[derive(Clone)]
pub struct Blobs {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    /// Those that are in memory already, by digest.
    held: Arc<BTreeMap<String, Vec<u8>>>,
}

impl Blobs {
    /// The blobs beside the journal of a run directory.
    #[must_use]
    pub fn of_run(run_dir: &Path) -> Self {
        Self::on(Arc::new(OsDisk), run_dir)
    }

    /// The same on another disk.
    #[must_use]
    pub fn on(disk: Arc<dyn Disk>, run_dir: &Path) -> Self {
        Self {
            disk,
            dir: run_dir.join(super::BLOBS),
            held: Arc::default(),
        }
    }

    /// The same, where some are in memory.
    #[must_use]
    pub(crate) fn holding(self, held: Arc<BTreeMap<String, Vec<u8>>>) -> Self {
        Self { held, ..self }
    }

    /// Writes one, beside and renamed; gives its file for a later sync.
    pub(crate) fn store(&self, sha256: &str, text: &str) -> Result<PathBuf, JournalError> {
        let path = self.dir.join(sha256);
        let beside = self
            .dir
            .join(format!("{sha256}.{}.new", std::process::id()));
        let file = crate::store::disk::create_afresh(&*self.disk, &beside)
            .map_err(JournalError::disk("make", &beside))?;
        crate::store::disk::append_all(&*file, text.as_bytes())
            .map_err(JournalError::disk("write", &beside))?;
        self.disk
            .rename(&beside, &path)
            .map_err(JournalError::disk("rename", &beside))?;
        Ok(path)
    }

    /// Reads one and checks it against its name.
    ///
    /// # Errors
    /// If it is missing, too large, not text, or does not match its name.
    pub fn load(&self, sha256: &str) -> Result<String, JournalError> {
        let broken = |why: &str| JournalError::Blob {
            sha256: sha256.chars().take(64).collect(),
            why: why.to_owned(),
        };
        if !is_digest(sha256) {
            return Err(broken("its name is not a digest"));
        }
        let bytes = match self.held.get(sha256) {
            Some(bytes) => bytes.clone(),
            None => self
                .disk
                .read(&self.dir.join(sha256), LARGEST)
                .map_err(|error| broken(&format!("it cannot be read: {error}")))?,
        };
        if sha256_hex(&bytes) != sha256 {
            return Err(broken("its content has another digest"));
        }
        String::from_utf8(bytes).map_err(|_| broken("it is not UTF-8"))
    }

    /// Reads a recorded value, with long texts in place of their references.
    ///
    /// # Errors
    /// As [`Blobs::load`], or if it is not a value of this type.
    pub fn read<T: DeserializeOwned>(&self, said: &Said) -> Result<T, JournalError> {
        read_with(said, &mut |sha256| self.load(sha256))
    }
}

/// The same with texts from memory.
pub(crate) fn read_with_texts(
    said: &Said,
    texts: &BTreeMap<String, Vec<u8>>,
) -> Result<Value, JournalError> {
    read_with(said, &mut |sha256| {
        let broken = |why: &str| JournalError::Blob {
            sha256: sha256.to_owned(),
            why: why.to_owned(),
        };
        let bytes = texts.get(sha256).ok_or_else(|| broken("it is missing"))?;
        if sha256_hex(bytes) != sha256 {
            return Err(broken("its content has another digest"));
        }
        String::from_utf8(bytes.clone()).map_err(|_| broken("it is not UTF-8"))
    })
}

fn read_with<T: DeserializeOwned>(
    said: &Said,
    load: &mut dyn FnMut(&str) -> Result<String, JournalError>,
) -> Result<T, JournalError> {
    let not_read = || JournalError::json("an exchange");
    if !may_refer(said) {
        return said.read().map_err(not_read());
    }
    let mut value = said.value().map_err(not_read())?;
    put_back(&mut value, load)?;
    serde_json::from_value(value).map_err(not_read())
}

/// Puts texts back in place of references.
fn put_back(
    value: &mut Value,
    load: &mut dyn FnMut(&str) -> Result<String, JournalError>,
) -> Result<(), JournalError> {
    if let Some(sha256) = referred(value) {
        *value = Value::String(load(sha256)?);
        return Ok(());
    }
    match value {
        Value::Array(items) => items.iter_mut().try_for_each(|item| put_back(item, load)),
        Value::Object(table) => table.values_mut().try_for_each(|item| put_back(item, load)),
        _ => Ok(()),
    }
}

/// Whether a text is a SHA-256 in lower-case hex; anything else never becomes a path.
pub(crate) fn is_digest(text: &str) -> bool {
    text.len() == 64
        && text
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Said {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn only_a_text_beyond_the_limit_is_referred_to() {
        let written = |text: &str, limit| {
            let mut found = Vec::new();
            let value = serde_json::json!({"short": "\n\"‹x›", "long": [text]});
            let said = super::said(&value, limit, &mut found).unwrap();
            let texts: BTreeMap<_, _> = found
                .into_iter()
                .map(|(sha256, text)| (sha256, text.into_bytes()))
                .collect();
            assert_eq!(read_with_texts(&said, &texts).unwrap(), value);
            assert_eq!(said.as_written().unwrap().to_string(), said.text());
            (texts.len(), said)
        };
        for limit in [BLOB_LIMIT_UNSAID, BLOB_LIMIT] {
            assert_eq!(written(&"x".repeat(limit - 60), limit).0, 0);
            // Longer than the limit together with the surrounding text.
            assert_eq!(written(&"x".repeat(limit), limit).0, 0);
            let (blobs, said) = written(&"x".repeat(limit + 1), limit);
            assert_eq!(blobs, 1);
            assert!(said.text().len() < 200, "{said:?}");
        }
    }

    #[test]
    fn a_reference_that_is_written_with_escapes_is_one() {
        let sha256 = sha256_hex(b"long");
        let texts: BTreeMap<_, _> = [(sha256.clone(), b"long".to_vec())].into();
        for key in ["‹blob›", r"\u2039blob\u203a", r"‹\u0062\u006c\u006f\u0062›"] {
            let said = said(&format!(
                r#"[{{"{key}":{{"sha256":"{sha256}","bytes":4}}}}]"#
            ));
            let mut found = BTreeSet::new();
            references(&said, &mut found).unwrap();
            assert_eq!(found, [sha256.clone()].into(), "{key}");
            let read = read_with_texts(&said, &texts).unwrap();
            assert_eq!(read, serde_json::json!(["long"]));
        }
    }

    #[test]
    fn what_cannot_be_read_may_refer_to_anything() {
        let text = r#"{"x":1e999,"y":{"‹blob›":{"sha256":"00","bytes":4}}}"#;
        let found = references(&said(text), &mut BTreeSet::new());
        assert!(matches!(found, Err(JournalError::Json { .. })), "{found:?}");
    }

    #[test]
    fn what_no_value_can_hold_is_an_error() {
        let deep = "[".repeat(1000) + &"]".repeat(1000);
        for text in ["1e999", r#"{"x":"\ud800"}"#, &deep] {
            let read = read_with_texts(&said(text), &BTreeMap::new());
            assert!(matches!(read, Err(JournalError::Json { .. })), "{read:?}");
        }
    }
}
