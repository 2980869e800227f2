//! Writes a run as one file that anyone can check, replay and compare.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::EvidenceError;
use crate::journal::{
    Answer, BLOBS, Canonical, Committed, FILE, Folded, JournalError, Record, canonical, read_on,
    references,
};
use crate::model::subject::Subject;
use crate::store::disk::Disk;
use crate::store::manifest::{MANIFEST, Manifest, SCRIPT, SUMS, Summed, json_text, sums};
use crate::store::names::{checked, checked_part};
use crate::store::pack::{Archive, sum_archive, write_archive};
use crate::store::{Content, NoScan, Part, Scan, StoreError, sha256_hex, sum_file};

/// The script in every bundle.
pub(crate) const VERIFY_SH: &str = include_str!("verify.sh");

/// The input of a bundle.
#[derive(Debug, Clone, Default)]
pub struct Spec {
    /// The run's directory, with the sealed journal and its blobs.
    pub run_dir: PathBuf,
    /// Blobs that are in memory, by digest; all others are in the run's directory.
    pub blobs: Arc<BTreeMap<String, Vec<u8>>>,
    /// The gate file's bytes.
    pub gate_file: Vec<u8>,
    /// What the verdict applies to, if the journal records it.
    pub subject: Option<Subject>,
    /// Reports by file name; functions of the journal alone.
    pub reports: BTreeMap<String, Vec<u8>>,
    /// Everything else by name below `files/`: logs, lock, results, comments as posted.
    pub files: BTreeMap<String, Content>,
}

/// A bundle that was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Bundled {
    /// The archive.
    pub archive: Summed,
    /// Its content.
    pub manifest: Manifest,
}

/// Writes a bundle to a new file. The same run gives the same bytes.
///
/// # Errors
/// If the run is not sealed, its journal is damaged, the gate file is a different one, the scan
/// finds a secret or a private path, or a file operation fails. Then there is no bundle.
pub fn bundle(
    disk: &dyn Disk,
    spec: Spec,
    to: &Path,
    scan: &mut dyn Scan,
) -> Result<Bundled, EvidenceError> {
    let folded = read_on(disk, &spec.run_dir)?;
    bundle_of(disk, &folded, spec, to, scan)
}

/// The same of a journal that was read already.
pub(crate) fn bundle_of(
    disk: &dyn Disk,
    folded: &Folded,
    spec: Spec,
    to: &Path,
    scan: &mut dyn Scan,
) -> Result<Bundled, EvidenceError> {
    made(folded, spec, scan, |fill| {
        write_archive(disk, to, |archive| fill(archive))
    })
}

/// Size and digest of what [`bundle_of`] would write; nothing is stored.
pub(crate) fn sum_of(
    disk: &dyn Disk,
    folded: &Folded,
    spec: Spec,
) -> Result<Bundled, EvidenceError> {
    made(folded, spec, &mut NoScan, |fill| {
        sum_archive(disk, "bundle", |archive| fill(archive))
    })
}

type Fill<'a> = &'a mut dyn FnMut(&mut Archive<'_>) -> Result<(), EvidenceError>;

fn made(
    folded: &Folded,
    spec: Spec,
    scan: &mut dyn Scan,
    archive: impl FnOnce(Fill<'_>) -> Result<Summed, EvidenceError>,
) -> Result<Bundled, EvidenceError> {
    let chain = sealed_chain(folded)?;
    if sha256_hex(&spec.gate_file) != folded.gate().sha256 {
        return Err(EvidenceError::Foreign {
            what: "the gate file",
            why: "its digest is not the one in the journal".to_owned(),
        });
    }
    let (top, verdict) = (top(folded)?, folded.verdict());
    let head = chain.head.clone();
    let subject = spec.subject.clone();
    let mut parts = parts(spec, folded)?;
    parts.push(Part {
        name: format!("data/{FILE}"),
        content: Content::Bytes(chain.text.into_bytes()),
    });
    parts.sort_by(|a, b| a.name.cmp(&b.name));
    let mut manifest = Manifest {
        format: folded.header.format,
        run: folded.header.run.clone(),
        gate: folded.header.gate.name.clone(),
        verdict,
        subject,
        head,
        sums: String::new(),
        files: Vec::new(),
    };
    let archive = archive(&mut |archive| {
        fill(archive, &top, &parts, &mut manifest, scan)?;
        committed_to(folded, &manifest.files).map_err(|why| EvidenceError::Foreign {
            what: "a file",
            why,
        })
    })?;
    Ok(Bundled { archive, manifest })
}

/// The one directory that contains everything.
pub(super) fn top(folded: &Folded) -> Result<String, EvidenceError> {
    let name = format!("{}-{}", folded.header.gate.name, folded.header.run);
    checked_part(&name)?;
    Ok(name)
}

/// The canonical journal of a sealed run.
fn sealed_chain(folded: &Folded) -> Result<Canonical, EvidenceError> {
    if folded.sealed.is_none() || folded.torn > 0 {
        return Err(EvidenceError::NotSealed {
            run: folded.header.run.clone(),
        });
    }
    Ok(canonical(&folded.lines)?)
}

/// Digests of all blobs that records refer to.
///
/// # Errors
/// If a record that may refer to one cannot be parsed.
pub(crate) fn blobs_of(folded: &Folded) -> Result<BTreeSet<String>, JournalError> {
    let mut found = BTreeSet::new();
    for line in &folded.lines {
        let said = match &line.record {
            Record::Intent { effect, .. } => effect,
            Record::Result {
                answer: Answer::Ok(response),
                ..
            } => response,
            _ => continue,
        };
        references(said, &mut found)
            .map_err(|error| JournalError::damaged(line.seq, error.to_string()))?;
    }
    Ok(found)
}

/// The content of the record before the seal for a bundle with these files.
///
/// # Errors
/// If a file cannot be read, or has a name that no bundle may contain.
pub(crate) fn commitment(
    disk: &dyn Disk,
    spec: Spec,
    folded: &Folded,
) -> Result<Committed, EvidenceError> {
    let sum = |part: Part| {
        let (bytes, sha256) = match &part.content {
            Content::Bytes(bytes) => (bytes.len() as u64, sha256_hex(bytes)),
            Content::File(path) => sum_file(disk, path)?,
        };
        let path = part.name;
        Ok(Summed {
            path,
            bytes,
            sha256,
        })
    };
    let summed: Result<Vec<_>, EvidenceError> = parts(spec, folded)?.into_iter().map(sum).collect();
    Ok(commitment_to(&summed?))
}

/// The same of listed files, the journal among them or not.
fn commitment_to(files: &[Summed]) -> Committed {
    let journal = format!("data/{FILE}");
    let others = files.iter().filter(|file| file.path != journal);
    let others: Vec<Summed> = others.cloned().collect();
    Committed {
        files: others.len(),
        sha256: sha256_hex(sums(&others).as_bytes()),
    }
}

/// Whether the journal commits to exactly these files. One of format 1 commits to none.
pub(super) fn committed_to(folded: &Folded, files: &[Summed]) -> Result<(), String> {
    if folded.header.format < 2 {
        return Ok(());
    }
    let committed = folded.committed.as_ref();
    let committed = committed.ok_or("the record before the seal commits to no files")?;
    if *committed == commitment_to(files) {
        return Ok(());
    }
    Err(format!(
        "the record before the seal commits to other files than these {}",
        files.len()
    ))
}

/// All parts but the journal, in their order.
fn parts(spec: Spec, folded: &Folded) -> Result<Vec<Part>, EvidenceError> {
    let mut parts = vec![Part {
        name: "data/gate.toml".to_owned(),
        content: Content::Bytes(spec.gate_file),
    }];
    for sha256 in blobs_of(folded)? {
        parts.push(Part {
            content: match spec.blobs.get(&sha256) {
                Some(bytes) => Content::Bytes(bytes.clone()),
                None => Content::File(spec.run_dir.join(BLOBS).join(&sha256)),
            },
            name: format!("data/{BLOBS}/{sha256}"),
        });
    }
    for (name, bytes) in spec.reports {
        parts.push(Part {
            name: format!("data/reports/{}", checked_part(&name)?),
            content: Content::Bytes(bytes),
        });
    }
    for (name, content) in spec.files {
        parts.push(Part {
            name: format!("data/files/{}", checked(&name)?),
            content,
        });
    }
    parts.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(parts)
}

fn fill(
    archive: &mut Archive<'_>,
    top: &str,
    parts: &[Part],
    manifest: &mut Manifest,
    scan: &mut dyn Scan,
) -> Result<(), EvidenceError> {
    let mut add = |name: &str, content: Content| {
        let part = Part {
            name: format!("{top}/{name}"),
            content,
        };
        archive.add(&part, scan).map_err(EvidenceError::from)
    };
    for part in parts {
        let summed = add(&part.name, part.content.clone())?;
        check_blob(&part.name, &summed.sha256)?;
        manifest.files.push(Summed {
            path: part.name.clone(),
            ..summed
        });
    }
    let list = sums(&manifest.files).into_bytes();
    manifest.sums = sha256_hex(&list);
    let json = json_text(manifest).map_err(StoreError::json("the manifest"))?;
    add(SUMS, Content::Bytes(list))?;
    add(MANIFEST, Content::Bytes(json.into_bytes()))?;
    add(SCRIPT, Content::Bytes(VERIFY_SH.into()))?;
    Ok(())
}

/// A blob's name is its digest.
pub(crate) fn check_blob(name: &str, sha256: &str) -> Result<(), EvidenceError> {
    match name.strip_prefix("data/blobs/") {
        Some(said) if said != sha256 => Err(JournalError::Blob {
            sha256: said.to_owned(),
            why: "its content has another digest".to_owned(),
        }
        .into()),
        _ => Ok(()),
    }
}
