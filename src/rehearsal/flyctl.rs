//! A stand-in for `flyctl`: an executable with the real one's output formats.
//!
//! Owns the script and the counts that Fly reports. It answers the five read-only commands the gate
//! may use, and refuses everything else.

use std::path::{Path, PathBuf};

use super::host;
use super::{Fault, Faults, RehearsalError};

const SCRIPT: &str = include_str!("flyctl.sh");

/// Counts of rows that the drain gave up, as one source reports them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowCounts {
    /// Rows that failed permanently because of the infrastructure.
    pub terminal_failed: u64,
    /// Rows rejected by business rules.
    pub business_rule_rejected: u64,
}

impl RowCounts {
    /// The counts in the database, read through `flyctl ssh console`.
    #[must_use]
    pub fn in_database(faults: &Faults) -> Self {
        Self {
            terminal_failed: if faults.contains(&Fault::InfraFailures) {
                2
            } else {
                0
            },
            business_rule_rejected: if faults.contains(&Fault::BusinessRowsMoved) {
                23
            } else {
                22
            },
        }
    }

    /// The counts in `/health/ready/`.
    #[must_use]
    pub fn in_health(faults: &Faults) -> Self {
        let mut counts = Self::in_database(faults);
        if faults.contains(&Fault::SourcesDisagree) {
            counts.terminal_failed += 1;
        }
        counts
    }
}

/// Writes the stand-in as `flyctl` into `bin` and returns its path.
///
/// Every call is appended to the file `log`, one line each, so that a test can check the calls to
/// Fly.
///
/// # Errors
/// The file could not be written.
pub fn write_stand_in(
    bin: &Path,
    app: &str,
    log: &Path,
    faults: &Faults,
) -> Result<PathBuf, RehearsalError> {
    let counts = RowCounts::in_database(faults);
    let login = if faults.contains(&Fault::FlyLoggedOut) {
        "none"
    } else {
        "operator@example.com"
    };
    let deployed = if faults.contains(&Fault::DeployInFlight) {
        "two"
    } else if faults.contains(&Fault::ImageMoved) {
        "moved"
    } else {
        "same"
    };
    let notice = if faults.contains(&Fault::FlyNotice) {
        "yes"
    } else {
        "no"
    };
    let script = SCRIPT
        .replace("@NOTICE@", notice)
        .replace("@DEPLOYED@", deployed)
        .replace("@LOG@", &host::quoted(&log.to_string_lossy()))
        .replace("@APP@", &host::quoted(app))
        .replace("@LOGIN@", &host::quoted(login))
        .replace("@TERMINAL_FAILED@", &counts.terminal_failed.to_string())
        .replace(
            "@BUSINESS_RULE_REJECTED@",
            &counts.business_rule_rejected.to_string(),
        );
    let path = bin.join("flyctl");
    host::write_executable(&path, &script)?;
    Ok(path)
}
