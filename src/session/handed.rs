//! A run that was started on another machine: its bundle is verified first, then imported into a
//! run directory of this machine. Never trusts a bundle that is not intact, and never loses what is
//! here already.
#![expect(
    clippy::disallowed_methods,
    reason = "the run directory comes before there is a world to ask"
)]

use std::path::Path;

use camino::{Utf8Path, Utf8PathBuf};

use super::directory::{RunDirectory, SessionError};
use super::rerun::RecordedGate;
use crate::evidence::{EvidenceError, attestation_of, open_to_verify, verify_opened};
use crate::journal::{self, BLOBS, FILE, Folded, HandedOn, canonical};
use crate::signing::Trusted;
use crate::store::disk::{Disk, OsDisk};
use crate::store::{Limits, Opened, unpack};

/// Parts of a run directory that its machine creates, or that are elsewhere in a bundle: no bundle
/// contains them.
const OWN: [&str; 8] = [
    "home",
    "tmp",
    "bundle",
    BLOBS,
    FILE,
    "gate.toml",
    "report.json",
    "report.md",
];

/// A run that is to be resumed here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenOver {
    /// Its id.
    pub run: String,
    /// Its origin, for the record.
    pub from: HandedOn,
}

/// Verifies a bundle and imports its run to this machine. If the run already exists here and has
/// been resumed since, it stays unchanged.
///
/// # Errors
/// If the bundle is not intact, is not signed with a trusted key, belongs to a run that has
/// diverged here, or if a file operation fails.
pub fn take_over(
    state: &Utf8Path,
    bundle: &Path,
    trusted: Option<&Trusted>,
) -> Result<TakenOver, SessionError> {
    let opened = open_to_verify(&OsDisk, bundle, Limits::default())?;
    let gate = RecordedGate::of_opened(&opened)?;
    let mut verified = verify_opened(&opened, Some(&|folded: &Folded| gate.reports(folded)));
    if let Some(trusted) = trusted {
        let beside = attestation_of(bundle);
        verified.look_for_signature(&OsDisk, &opened, &beside, Some((trusted, 1)));
    }
    let broken = verified.checks.iter().filter_map(|check| {
        let fault = check.fault.as_ref()?;
        Some(format!("{}: {fault}", check.name))
    });
    let broken: Vec<String> = broken.collect();
    let (true, Some(run)) = (broken.is_empty(), verified.run) else {
        return Err(SessionError::NotIntact {
            bundle: bundle.display().to_string(),
            broken,
        });
    };
    let taken = TakenOver {
        from: HandedOn {
            bundle: opened.archive.sha256.clone(),
        },
        run,
    };
    let directory = RunDirectory {
        path: state.join("runs").join(&taken.run),
        run: taken.run.clone(),
    };
    if goes_on_here(&directory, &opened)? {
        // What existed here is recreated from the record, as on any machine.
        directory.drop_throwaway();
        return Ok(taken);
    }
    unpacked(state, bundle, &taken.from.bundle, &directory)?;
    Ok(taken)
}

/// Whether the run exists here and contains everything in the bundle. A run that the bundle
/// continues is set aside.
fn goes_on_here(directory: &RunDirectory, opened: &Opened) -> Result<bool, SessionError> {
    let path = directory.path.as_std_path();
    if !path.join(FILE).exists() {
        return Ok(false);
    }
    let here = canonical(&journal::read(path)?.lines)?.text;
    let brought = opened.kept.get(&format!("data/{FILE}"));
    let brought = brought.map(Vec::as_slice).unwrap_or_default();
    if here.as_bytes().starts_with(brought) {
        return Ok(true);
    }
    if !brought.starts_with(here.as_bytes()) {
        return Err(SessionError::Parted {
            run: directory.run.clone(),
            path: directory.path.clone(),
        });
    }
    let number = here.lines().count();
    let aside = directory
        .path
        .with_file_name(format!(".{}-as-of-record-{number}", directory.run));
    std::fs::rename(path, &aside).map_err(failed(&aside))?;
    Ok(false)
}

/// Unpacks beside, and renames the directory when it is complete. The file is read again for that,
/// and somebody may have replaced it: it must have the digest that was verified.
fn unpacked(
    state: &Utf8Path,
    bundle: &Path,
    verified: &str,
    directory: &RunDirectory,
) -> Result<(), SessionError> {
    let runs = state.join("runs");
    std::fs::create_dir_all(&runs).map_err(failed(&runs))?;
    let beside = runs.join(format!(".{}-taken-over", directory.run));
    match std::fs::remove_dir_all(&beside) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(failed(&beside)(error));
        }
        _ => {}
    }
    let of_run = |name: &str| name.starts_with("data/") && !name.starts_with("data/reports/");
    let into = beside.as_std_path();
    let unpacked = unpack(&OsDisk, bundle, into, of_run, Limits::default());
    let unpacked = unpacked.map_err(EvidenceError::from)?;
    if unpacked.sha256 != verified {
        std::fs::remove_dir_all(&beside).map_err(failed(&beside))?;
        return Err(SessionError::NotIntact {
            bundle: bundle.display().to_string(),
            broken: vec!["it is another file than the one that was verified just now".to_owned()],
        });
    }
    let data = beside.join("data");
    let run = data.join("files");
    std::fs::create_dir_all(&run).map_err(failed(&run))?;
    if let Some(name) = OWN.iter().find(|name| run.join(name).exists()) {
        return Err(SessionError::Evidence(EvidenceError::format(format!(
            "it holds `files/{name}`, which a machine makes for itself"
        ))));
    }
    for name in [FILE, "gate.toml", BLOBS] {
        if data.join(name).exists() {
            std::fs::rename(data.join(name), run.join(name)).map_err(failed(&run))?;
        }
    }
    let blobs = run.join(BLOBS);
    std::fs::create_dir_all(&blobs).map_err(failed(&blobs))?;
    std::fs::rename(&run, &directory.path).map_err(failed(&directory.path))?;
    OsDisk.sync_dir(runs.as_std_path()).map_err(failed(&runs))?;
    std::fs::remove_dir_all(&beside).map_err(failed(&beside))
}

fn failed(path: &Utf8Path) -> impl Fn(std::io::Error) -> SessionError + use<> {
    let path: Utf8PathBuf = path.to_owned();
    move |source| SessionError::File {
        path: path.clone(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Content, NoScan, Part, pack};

    fn packed(to: &Utf8Path, journal: &str) -> String {
        let part = Part {
            name: format!("gate-01A/data/{FILE}"),
            content: Content::Bytes(journal.as_bytes().to_vec()),
        };
        let packed = pack(&OsDisk, vec![part], to.as_std_path(), &mut NoScan);
        packed.unwrap().sha256
    }

    #[test]
    fn only_the_file_that_was_verified_is_unpacked() {
        let temporary = tempfile::tempdir().unwrap();
        let state = Utf8PathBuf::from_path_buf(temporary.path().to_owned()).unwrap();
        let verified = packed(&state.join("verified.tar.gz"), "verified\n");
        packed(&state.join("other.tar.gz"), "other\n");
        let directory = RunDirectory {
            path: state.join("runs/01A"),
            run: "01A".to_owned(),
        };
        let take = |name: &str| {
            let bundle = state.join(name);
            unpacked(&state, bundle.as_std_path(), &verified, &directory)
        };
        let refused = take("other.tar.gz").unwrap_err();
        assert!(
            matches!(refused, SessionError::NotIntact { .. }),
            "{refused}"
        );
        let left = std::fs::read_dir(state.join("runs")).unwrap();
        assert_eq!(left.count(), 0);
        take("verified.tar.gz").unwrap();
        let journal = std::fs::read_to_string(directory.path.join(FILE)).unwrap();
        assert_eq!(journal, "verified\n");
    }
}
