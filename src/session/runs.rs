//! The runs of a state directory: what the verdict of each applies to, and how one is removed.
#![expect(
    clippy::disallowed_methods,
    reason = "a run that is removed has no world any more to ask"
)]

use std::os::unix::fs::PermissionsExt;

use camino::Utf8Path;
use jiff::Timestamp;

use super::directory::{RunDirectory, SessionError};
use super::killed::{Alive, lives};
use super::rerun::RecordedGate;
use crate::evidence::{EvidenceError, Recording, open_to_verify};
use crate::journal::{self, Folded};
use crate::model::subject::Subject;
use crate::report::{Evidence, Report};
use crate::store::Limits;
use crate::store::disk::OsDisk;

/// A summary of one run.
#[derive(Debug, Clone)]
pub struct RunSummary {
    /// Its id.
    pub run: String,
    /// What its verdict applies to; none if it cannot be read.
    pub subject: Option<Subject>,
    /// When it began.
    pub started: Option<Timestamp>,
    /// Whether a process is working on it.
    pub lives: bool,
}

/// All runs, oldest first.
///
/// # Errors
/// If the directory cannot be read.
pub fn summaries(state: &Utf8Path) -> Result<Vec<RunSummary>, SessionError> {
    let summary = |directory: RunDirectory| {
        let folded = journal::read(directory.path.as_std_path()).ok();
        let gate = RecordedGate::of_run(&OsDisk, directory.path.as_std_path()).ok();
        RunSummary {
            subject: folded
                .as_ref()
                .zip(gate)
                .map(|(folded, gate)| gate.subject(folded)),
            started: folded.map(|folded| folded.header.started),
            lives: lives(state, &directory.run),
            run: directory.run,
        }
    };
    Ok(super::list_runs(state)?.into_iter().map(summary).collect())
}

/// Removes a run with all its files. A run that is in progress is left alone.
///
/// # Errors
/// If it is in progress, or cannot be removed.
pub fn remove_run(state: &Utf8Path, run: &str) -> Result<(), SessionError> {
    // Held until it is removed, so that nobody resumes it in the meantime.
    std::fs::create_dir_all(state.join("locks")).map_err(|source| SessionError::File {
        path: state.join("locks"),
        source,
    })?;
    let _alive = Alive::mark(state, run)?;
    let path = state.join("runs").join(run);
    make_removable(&path);
    std::fs::remove_dir_all(&path).map_err(|source| SessionError::File { path, source })
}

/// Evidence is read-only; its directories are given back to their owner.
fn make_removable(path: &Utf8Path) {
    // Whatever remains is reported when it cannot be removed.
    let _done = std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700));
    for entry in path.read_dir_utf8().into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            make_removable(entry.path());
        }
    }
}

/// A bundle's journal and the gate in it.
pub struct BundledRun {
    folded: Folded,
    gate: RecordedGate,
}

impl BundledRun {
    /// Opens a bundle.
    ///
    /// # Errors
    /// If it is not a bundle.
    pub fn open(path: &std::path::Path) -> Result<Self, EvidenceError> {
        let recording = Recording::open(std::sync::Arc::new(OsDisk), path)?;
        let opened = open_to_verify(&OsDisk, path, Limits::default())?;
        Ok(Self {
            gate: RecordedGate::of_opened(&opened)?,
            folded: recording.folded,
        })
    }

    /// Its report.
    #[must_use]
    pub fn report(&self) -> Report {
        self.gate.report(&self.folded)
    }

    /// Its report as a page.
    ///
    /// # Errors
    /// If its template does not fit, which a test rules out.
    pub fn page(&self, report: &Report) -> Result<String, String> {
        self.gate.page(&self.folded, report, Evidence::Elsewhere)
    }

    /// Its report as Markdown.
    #[must_use]
    pub fn markdown(&self, report: &Report) -> String {
        self.gate.markdown(&self.folded, report)
    }
}
