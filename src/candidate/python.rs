//! Which interpreter the candidate is resolved for and runs on: the `python3` on PATH, by its real
//! path. Every tool would resolve a shim or a virtual environment again, and might get a different
//! result in a throwaway home.

use crate::model::Finding;
use crate::verb::programs::must_succeed;
use crate::verb::{Ctx, VerbError};
use crate::world::{Program, WorldError};

const SCRIPT: &str = "import sys; print(getattr(sys, '_base_executable', None) or sys.executable)";

/// The real path of `python3`.
///
/// # Errors
/// If there is none, or it does not answer.
pub(super) async fn interpreter(ctx: &Ctx) -> Result<String, VerbError> {
    let asked = Program::new(["python3", "-I", "-c", SCRIPT]);
    let finished = must_succeed(ctx, asked).await.map_err(none_there)?;
    let path = finished.stdout.last_lines(1);
    if path.contains('/') {
        return Ok(path);
    }
    let what = format!("`python3` does not say where it is: `{path}`");
    Err(VerbError::error(Finding::new(what)))
}

fn none_there(trouble: VerbError) -> VerbError {
    if !matches!(
        trouble,
        VerbError::World(WorldError::ProgramNotFound { .. })
    ) {
        return trouble;
    }
    let finding = Finding::new("there is no `python3` on PATH, and the candidate runs on it");
    VerbError::error(finding.remedy("install a Python that it supports, or use `nix develop`"))
}
