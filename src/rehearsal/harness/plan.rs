//! The harness's files, and the versions and addresses they are made for.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::rehearsal::Faults;

/// Where the canary's results go, below the checkout.
pub const ARTIFACTS: &str = "artifacts/sync_identity_boundary";

/// The canary script, below the checkout.
pub const SCRIPT: &str = "scripts/run-sync-identity-boundary-canary.sh";

macro_rules! embedded {
    ($($path:literal)*) => {
        &[(".gitignore", include_str!("files/gitignore")),
          $(($path, include_str!(concat!("files/", $path)))),*]
    };
}

/// The harness's files by path.
pub(super) const FILES: &[(&str, &str)] = embedded! {
    "README.md"
    "pyproject.toml"
    "scripts/run-sync-identity-boundary-canary.sh"
    "identity_boundary/__init__.py"
    "identity_boundary/cli.py"
    "identity_boundary/evidence.py"
    "identity_boundary/places.py"
    "identity_boundary/preflight.py"
    "identity_boundary/recorder.py"
    "identity_boundary/saas.py"
    "identity_boundary/status_parser.py"
    "teamspace/__init__.py"
    "teamspace/polling.py"
    "tests/conftest.py"
    "tests/identity_boundary_evidence_unit_test.py"
    "tests/identity_boundary_preflight_unit_test.py"
    "tests/identity_boundary_status_parser_unit_test.py"
    "tests/sync_identity_boundary_canary_test.py"
    "tests/test_go_live_pre_connector_saas_e2e.py"
    "tests/test_teamspace_pulse_deployed_dev_e2e.py"
    "tests/test_teamspace_sync_deployed_dev_e2e.py"
};

/// How the harness's lock file is created.
#[derive(Debug, Clone)]
pub struct Locking {
    /// The `uv` to use.
    pub uv: PathBuf,
    /// Variables in addition to this process's environment: index, cache, HOME.
    pub env: BTreeMap<String, String>,
}

/// The parameters for building the harness.
#[derive(Debug, Clone)]
pub struct HarnessPlan<'a> {
    /// The directory that becomes the checkout.
    pub checkout: &'a Path,
    /// Base address of the SaaS.
    pub saas_url: &'a str,
    /// Version of the candidate, which an outdated result may name.
    pub candidate: &'a str,
    /// The faults.
    pub faults: &'a Faults,
    /// How the lock file is created.
    pub locking: &'a Locking,
}
