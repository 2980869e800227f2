//! Builds a wheel from a tree of modules. Nothing is compressed and every time is fixed, so the
//! same tree gives the same bytes everywhere.

use std::fmt::Write as _;
use std::io::{Cursor, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use zip::write::SimpleFileOptions;

use super::tree::Tree;
use crate::rehearsal::RehearsalError;

/// A wheel that is not on disk yet.
#[derive(Debug, Clone)]
pub(super) struct Wheel {
    /// Its file name.
    pub name: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// The metadata of a distribution.
pub(super) struct Distribution<'text> {
    pub(super) name: &'text str,
    pub(super) module: &'text str,
    pub(super) version: &'text str,
    pub(super) summary: &'text str,
    pub(super) requires: &'text [&'text str],
    pub(super) console_script: Option<&'text str>,
}

/// The wheel of `spec-kitty-events` 5.1.0.
pub(super) fn events_wheel(tree: &Tree) -> Result<Wheel, RehearsalError> {
    let distribution = Distribution {
        name: "spec-kitty-events",
        module: "spec_kitty_events",
        version: "5.1.0",
        summary: "The events that Spec Kitty and its service exchange",
        requires: &[],
        console_script: None,
    };
    distribution.wheel(tree)
}

impl Distribution<'_> {
    pub(super) fn wheel(&self, tree: &Tree) -> Result<Wheel, RehearsalError> {
        let stem = format!("{}-{}", self.name.replace('-', "_"), self.version);
        let mut entries = self.modules(tree);
        for (name, text) in self.information(tree) {
            entries.push((format!("{stem}.dist-info/{name}"), text.into_bytes()));
        }
        let record = format!("{stem}.dist-info/RECORD");
        let lines = record_of(&entries, &record);
        entries.push((record, lines.into_bytes()));
        let name = format!("{stem}-py3-none-any.whl");
        let bytes = pack(&entries)
            .map_err(|error| RehearsalError::Other(format!("cannot make `{name}`: {error}")))?;
        Ok(Wheel { name, bytes })
    }

    fn modules(&self, tree: &Tree) -> Vec<(String, Vec<u8>)> {
        let below = |path: &str| path.strip_prefix("src/").map(str::to_owned);
        tree.clone()
            .only(&[&format!("src/{}", self.module)])
            .files()
            .filter_map(|(path, content)| Some((below(path)?, content.to_vec())))
            .collect()
    }

    fn information(&self, tree: &Tree) -> Vec<(&'static str, String)> {
        let mut metadata = format!(
            "Metadata-Version: 2.1\nName: {}\nVersion: {}\nSummary: {}\nRequires-Python: >=3.9\n",
            self.name, self.version, self.summary
        );
        for required in self.requires {
            let _ = writeln!(metadata, "Requires-Dist: {required}");
        }
        metadata.push_str("Description-Content-Type: text/markdown\n\n");
        metadata.push_str(&String::from_utf8_lossy(
            tree.get("README.md").unwrap_or_default(),
        ));
        let wheel =
            "Wheel-Version: 1.0\nGenerator: rehearsal\nRoot-Is-Purelib: true\nTag: py3-none-any\n";
        let mut files = vec![("METADATA", metadata), ("WHEEL", wheel.to_owned())];
        if let Some(script) = self.console_script {
            files.push(("entry_points.txt", format!("[console_scripts]\n{script}\n")));
        }
        files
    }
}

fn record_of(entries: &[(String, Vec<u8>)], record: &str) -> String {
    let mut lines = String::new();
    for (path, content) in entries {
        let digest = URL_SAFE_NO_PAD.encode(Sha256::digest(content));
        let _ = writeln!(lines, "{path},sha256={digest},{}", content.len());
    }
    let _ = writeln!(lines, "{record},,");
    lines
}

fn pack(entries: &[(String, Vec<u8>)]) -> Result<Vec<u8>, zip::result::ZipError> {
    let options = SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Stored)
        .last_modified_time(zip::DateTime::default())
        .unix_permissions(0o644);
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (path, content) in entries {
        archive.start_file(path.as_str(), options)?;
        archive.write_all(content)?;
    }
    Ok(archive.finish()?.into_inner())
}
