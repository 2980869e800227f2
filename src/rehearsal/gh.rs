//! A stand-in for `gh`, for a rehearsal on a machine without it.
//!
//! Owns the script and the executable that starts it. It sends the embedded GitHub the same
//! requests as the real one, over the same socket;
//! `tests/in_process/real_tools/rehearsal_github/stand_in.rs` compares both byte by byte.

use std::path::{Path, PathBuf};

use super::{RehearsalError, host};

const SCRIPT: &str = include_str!("gh.py");

/// Writes the stand-in as `gh` into `bin`, with its script beside that directory, and returns
/// the executable's path.
///
/// # Errors
/// A file could not be written.
pub fn write_stand_in(bin: &Path, python: &Path) -> Result<PathBuf, RehearsalError> {
    let script = bin.with_file_name("gh-stand-in.py");
    host::write(&script, SCRIPT)?;
    let path = bin.join("gh");
    let text = format!(
        "#!/bin/sh\n# A STAND-IN for gh, made by `gate rehearse`.\nexec {} -I -S {} \"$@\"\n",
        host::quoted(&python.to_string_lossy()),
        host::quoted(&script.to_string_lossy()),
    );
    host::write_executable(&path, &text)?;
    Ok(path)
}
