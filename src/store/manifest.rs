//! The content of a bundle or an evidence directory: names, sizes, digests.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::model::Verdict;
use crate::model::subject::Subject;

/// Version of the bundle's format: that of the journal in it.
pub(crate) const FORMAT: u32 = 3;

/// Name of the list for `sha256sum -c`.
pub(crate) const SUMS: &str = "manifest-sha256.txt";

/// Name of the manifest.
pub(crate) const MANIFEST: &str = "manifest.json";

/// Name of the script that checks a bundle without this program.
pub(crate) const SCRIPT: &str = "verify.sh";

/// The location of the gate file's templates.
pub(crate) const TEMPLATES: &str = "data/files/templates/";

/// A file with its size and digest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Summed {
    /// Relative path.
    pub path: String,
    /// Size in bytes.
    pub bytes: u64,
    /// SHA-256 in lower-case hex.
    pub sha256: String,
}

/// A bundle's manifest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of the bundle's format.
    pub format: u32,
    /// Id of the run.
    pub run: String,
    /// Name of the gate.
    pub gate: String,
    /// The gate's verdict.
    pub verdict: Verdict,
    /// What the verdict applies to; none in bundles of format 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Subject>,
    /// `sum` of the canonical journal's last record.
    pub head: String,
    /// Digest of the list for `sha256sum -c`.
    pub sums: String,
    /// All files below `data/`, sorted.
    pub files: Vec<Summed>,
}

/// The list as `sha256sum -c` reads it.
pub(crate) fn sums(files: &[Summed]) -> String {
    let mut text = String::new();
    for file in files {
        // Writing into a text cannot fail.
        let _ = writeln!(text, "{}  {}", file.sha256, file.path);
    }
    text
}

/// A value as a JSON text for a file: indented, with a last line end.
pub(crate) fn json_text(value: &impl Serialize) -> Result<String, serde_json::Error> {
    Ok(serde_json::to_string_pretty(value)? + "\n")
}
