//! Wheels of the product, made from the trees of its tags.
//!
//! Owns which releases there are, when they were uploaded and which are yanked. Nothing is
//! compressed and every time is fixed, so the same tree gives the same bytes everywhere.

use std::fmt::Write as _;
use std::io::{Cursor, Write as _};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use zip::write::SimpleFileOptions;

use super::repositories::Product;
use super::tree::Tree;
use crate::rehearsal::{Fault, Faults, RehearsalError, host};

/// A wheel that is not on disk yet.
#[derive(Debug, Clone)]
pub struct Wheel {
    /// Its file name.
    pub name: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// What the package index says of a wheel besides its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// The wheel's file name.
    pub file: String,
    /// When it was uploaded, as in `2026-05-20T10:00:00Z`.
    pub uploaded: &'static str,
    /// Why it was yanked, if it was.
    pub yanked: Option<&'static str>,
}

/// What a distribution says of itself.
struct Distribution<'text> {
    name: &'text str,
    module: &'text str,
    version: &'text str,
    summary: &'text str,
    requires: &'text [&'text str],
    console_script: Option<&'text str>,
}

/// One release of `spec-kitty-cli` on the index.
struct Planned {
    version: &'static str,
    /// The tag whose tree it is made of; another version's tree for what has no tag of its own.
    tree_of: &'static str,
    uploaded: &'static str,
    yanked: Option<&'static str>,
}

const fn planned(version: &'static str, uploaded: &'static str) -> Planned {
    Planned {
        version,
        tree_of: version,
        uploaded,
        yanked: None,
    }
}

/// The candidate that the gate is after.
const CANDIDATE: &str = "3.2.0rc16";
/// The final version: uploaded long after the gate's time, and never the gate's business.
const FINAL: &str = "3.2.0";

/// Every release, in the order of upload. 3.2.0rc17 to rc27 never existed.
const RELEASES: [Planned; 9] = [
    planned("3.1.4", "2026-03-18T09:30:00Z"),
    planned("3.2.0a1", "2026-04-09T11:00:00Z"),
    planned("3.2.0rc13", "2026-04-24T09:00:00Z"),
    Planned {
        tree_of: "3.2.0rc14",
        yanked: Some("numbered by mistake"),
        ..planned("3.2.0rc28", "2026-05-03T07:00:00Z")
    },
    planned("3.2.0rc14", "2026-05-04T09:00:00Z"),
    planned("4.0.0rc7", "2026-05-05T12:30:00Z"),
    planned("3.2.0rc15", "2026-05-13T09:00:00Z"),
    planned(CANDIDATE, "2026-05-20T10:00:00Z"),
    Planned {
        tree_of: CANDIDATE,
        ..planned(FINAL, "2026-06-24T09:00:00Z")
    },
];

/// Writes the wheels of `spec-kitty-cli` and `spec-kitty-events` into a directory.
///
/// # Errors
/// When a wheel cannot be made or written.
pub fn write(
    product: &Product,
    directory: &Path,
    faults: &Faults,
) -> Result<Vec<Release>, RehearsalError> {
    let events = events_wheel(&Tree::spec_kitty_events())?;
    host::write(&directory.join(&events.name), &events.bytes)?;
    let mut releases = vec![Release {
        file: events.name,
        uploaded: "2026-04-20T09:30:00Z",
        yanked: None,
    }];
    for planned in RELEASES.iter().filter(|planned| is_there(planned, faults)) {
        let Some(tree) = product.tagged(&format!("v{}", planned.tree_of)) else {
            continue;
        };
        let tree = tree.clone().renumbered(planned.tree_of, planned.version);
        let wheel = cli_wheel(&packaged(tree, planned, faults), planned.version)?;
        host::write(&directory.join(&wheel.name), &wheel.bytes)?;
        let yanked_now = planned.version == CANDIDATE && faults.contains(&Fault::RcYanked);
        releases.push(Release {
            file: wheel.name,
            uploaded: planned.uploaded,
            yanked: planned
                .yanked
                .or(yanked_now.then_some("broken on some machines")),
        });
    }
    Ok(releases)
}

fn is_there(planned: &Planned, faults: &Faults) -> bool {
    let behind = faults.contains(&Fault::IndexBehindGithub) || faults.contains(&Fault::NoNewRc);
    match planned.version {
        CANDIDATE => !behind,
        // A final version without a good candidate before it would be another story.
        FINAL => !behind && !faults.contains(&Fault::RcYanked),
        _ => true,
    }
}

/// What goes into a wheel; the tag's tree unless packaging itself went wrong.
fn packaged(tree: Tree, planned: &Planned, faults: &Faults) -> Tree {
    if planned.version == CANDIDATE && faults.contains(&Fault::RcBrokenImport) {
        return tree.without(&["src/specify_cli/sync/preflight.py"]);
    }
    tree
}

fn cli_wheel(tree: &Tree, version: &str) -> Result<Wheel, RehearsalError> {
    let distribution = Distribution {
        name: "spec-kitty-cli",
        module: "specify_cli",
        version,
        summary: "Tooling for spec-driven missions",
        requires: &["spec-kitty-events>=5.1.0,<6"],
        console_script: Some("spec-kitty = specify_cli.cli.app:main"),
    };
    distribution.wheel(tree)
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
    fn wheel(&self, tree: &Tree) -> Result<Wheel, RehearsalError> {
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
