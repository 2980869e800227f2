//! The result of a run, including its bundle.

use std::fs::File;
use std::path::Path;

use camino::Utf8PathBuf;

use super::directory::{RunDirectory, SessionError};
use crate::evidence::Bundled;
use crate::model::Verdict;
use crate::report::Report;

/// A run that has ended.
#[derive(Debug)]
pub struct Finished {
    /// The gate's verdict.
    pub verdict: Verdict,
    /// Its report.
    pub report: Report,
    /// The run directory.
    pub directory: RunDirectory,
    /// The run as one file; none if the evidence is not complete.
    pub bundle: Option<Bundled>,
}

impl Finished {
    /// Copies the bundle to a new file.
    ///
    /// # Errors
    /// If there is no bundle, the file already exists, or a file operation fails.
    #[expect(
        clippy::disallowed_methods,
        reason = "the run is over: there is no world left to ask"
    )]
    pub fn copy_bundle(&self, to: &Path) -> Result<(), SessionError> {
        let failed = |source| SessionError::File {
            path: Utf8PathBuf::from(to.display().to_string()),
            source,
        };
        let missing = || std::io::Error::from(std::io::ErrorKind::NotFound);
        let bundle = self.bundle.as_ref().ok_or_else(missing).map_err(failed)?;
        let mut from = File::open(self.directory.bundle(bundle)).map_err(failed)?;
        let mut file = File::create_new(to).map_err(failed)?;
        std::io::copy(&mut from, &mut file).map_err(failed)?;
        file.sync_all().map_err(failed)
    }
}
