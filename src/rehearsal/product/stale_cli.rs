//! An old `spec-kitty` that comes first on the operator's PATH.
//!
//! Owns that one executable: it works, but it is not the candidate.

use std::path::Path;

use super::tree::{Tree, unpack};
use crate::rehearsal::{RehearsalError, host};

/// Puts an executable `spec-kitty` into `bin` that runs an old version, unpacked at `home`.
///
/// # Errors
/// If a file cannot be written.
pub fn put(bin: &Path, home: &Path, old: &Tree, python: &Path) -> Result<(), RehearsalError> {
    unpack(old, home)?;
    let source = host::quoted(&home.join("src").to_string_lossy());
    let python = host::quoted(&python.to_string_lossy());
    let script = format!(
        "#!/bin/sh\nPYTHONPATH={source} PYTHONDONTWRITEBYTECODE=1 exec {python} -m specify_cli \"$@\"\n"
    );
    host::write_executable(&bin.join("spec-kitty"), &script)
}
