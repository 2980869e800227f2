//! The attestation file beside a bundle: envelopes, one per line. It is append-only.

use std::io;
use std::path::{Path, PathBuf};

use super::check::agreeing;
use super::claims::Claims;
use crate::signing::{AgentError, Envelope, MOST_BYTES, Signer, envelopes};
use crate::store::disk::Disk;

/// Why a bundle was not attested.
#[derive(Debug, thiserror::Error)]
pub enum AttestError {
    /// The existing file is not about this bundle.
    #[error("`{}`: {why}", path.display())]
    Foreign {
        /// The attestation.
        path: PathBuf,
        /// What does not hold.
        why: String,
    },
    /// Another process is writing it, or was interrupted while writing.
    #[error(
        "`{}` is there: another `gate attest` is at work, or was killed\n  → remove it if none is",
        path.display()
    )]
    AtWork {
        /// The file.
        path: PathBuf,
    },
    /// A file operation failed.
    #[error("cannot {operation} `{}`: {source}", path.display())]
    Disk {
        /// `read`, `write`.
        operation: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The agent gave no signature.
    #[error(transparent)]
    Agent(#[from] AgentError),
    /// A statement cannot be serialized.
    #[error("a statement cannot be written: {0}")]
    Json(#[from] serde_json::Error),
}

/// The result of attesting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attested {
    /// These many envelopes were added.
    Added(usize),
    /// This key had already signed all of it.
    AlreadyThere,
}

/// The attestation of a bundle: a file beside it.
#[must_use]
pub fn attestation_of(bundle: &Path) -> PathBuf {
    let mut name = bundle.as_os_str().to_owned();
    name.push(".intoto.jsonl");
    name.into()
}

/// Adds a signer's statements to an attestation. The same bundle and the same key give the same
/// bytes, so what the key has already signed is not added again.
///
/// # Errors
/// If the existing file is about another bundle, or if signing or a file operation fails.
pub async fn attest(
    disk: &dyn Disk,
    path: &Path,
    claims: &Claims,
    signer: &Signer,
) -> Result<Attested, AttestError> {
    let there = existing(disk, path)?;
    let already = match &there {
        Some(bytes) => known(path, claims, bytes)?,
        None => Vec::new(),
    };
    let mut lines = Vec::new();
    for statement in claims.statements() {
        let payload = serde_json::to_vec(&statement)?;
        let has_it = |one: &Envelope| one.payload == payload && made_by(one, signer);
        if !already.iter().any(has_it) {
            lines.push(signer.envelope(payload).await?.line()?);
        }
    }
    if lines.is_empty() {
        return Ok(Attested::AlreadyThere);
    }
    let mut bytes = there.clone().unwrap_or_default();
    bytes.extend_from_slice(lines.concat().as_bytes());
    replace(disk, path, there.as_deref(), &bytes)?;
    Ok(Attested::Added(lines.len()))
}

fn made_by(envelope: &Envelope, signer: &Signer) -> bool {
    let bytes = envelope.signed_bytes();
    let mut all = envelope.signatures.iter();
    all.any(|one| signer.public().made(&bytes, &one.sig))
}

fn existing(disk: &dyn Disk, path: &Path) -> Result<Option<Vec<u8>>, AttestError> {
    match disk.read(path, MOST_BYTES) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed("read", path)(error)),
    }
}

/// The envelopes of an existing attestation.
fn known(path: &Path, claims: &Claims, bytes: &[u8]) -> Result<Vec<Envelope>, AttestError> {
    let foreign = |why: String| AttestError::Foreign {
        path: path.to_owned(),
        why,
    };
    let found = envelopes(bytes).map_err(|error| foreign(error.to_string()))?;
    agreeing(claims, &found).map_err(foreign)?;
    Ok(found)
}

/// Replaces the file by the longer one, unless another process was faster.
fn replace(
    disk: &dyn Disk,
    path: &Path,
    before: Option<&[u8]>,
    bytes: &[u8],
) -> Result<(), AttestError> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".partial");
    let beside = PathBuf::from(beside);
    let written = disk.write_new(&beside, bytes);
    if matches!(&written, Err(error) if error.kind() == io::ErrorKind::AlreadyExists) {
        return Err(AttestError::AtWork { path: beside });
    }
    let written = written.map_err(failed("write", &beside));
    let placed = written.and_then(|()| match before {
        None => disk
            .rename_new(&beside, path)
            .map_err(failed("write", path)),
        Some(before) => unchanged(disk, path, before)
            .and_then(|()| disk.rename(&beside, path).map_err(failed("write", path))),
    });
    if placed.is_err() {
        // Nothing was renamed into place; the remaining file would be taken for another process at
        // work.
        let _gone = disk.remove(&beside);
    }
    placed?;
    let directory = path.parent().filter(|parent| *parent != Path::new(""));
    let directory = directory.unwrap_or(Path::new("."));
    disk.sync_dir(directory).map_err(failed("write", directory))
}

fn unchanged(disk: &dyn Disk, path: &Path, before: &[u8]) -> Result<(), AttestError> {
    if existing(disk, path)?.as_deref() == Some(before) {
        return Ok(());
    }
    Err(AttestError::Foreign {
        path: path.to_owned(),
        why: "it changed while it was added to; try again".to_owned(),
    })
}

fn failed(operation: &'static str, path: &Path) -> impl FnOnce(io::Error) -> AttestError {
    let path = path.to_owned();
    move |source| AttestError::Disk {
        operation,
        path,
        source,
    }
}
