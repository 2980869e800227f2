//! The real wheels that the tests in the embedded repositories need: pytest and its dependencies.
//!
//! Owns which ones (by hash) and their single download. Never uses any index but the client's own
//! configured default, and never again once they are cached.

use std::path::{Path, PathBuf};

use super::tree::Tree;
use crate::rehearsal::{RehearsalError, host};
use crate::store::sha256_hex;

/// One requirement with its hash a line, as pip reads them; the flake reads the same file. Pure
/// Python, and one version for every Python from 3.9 on. Not 8.4: that one brings Pygments along,
/// more than half of all files that a rehearsal would unpack, link and remove again.
const REQUIREMENTS: &str = include_str!("pytest_wheels.txt");

/// One wheel: its file's name, and the digest it must have.
struct Pinned {
    file: String,
    sha256: &'static str,
}

/// The name of a directory for these wheels; other pins have a different one beside it.
#[must_use]
pub fn directory_name() -> String {
    let digest = sha256_hex(REQUIREMENTS.as_bytes());
    format!("rehearsal-wheels-{}", &digest[..16])
}

fn pinned() -> impl Iterator<Item = Pinned> {
    REQUIREMENTS.lines().filter_map(|line| {
        let (requirement, sha256) = line.split_once(" --hash=sha256:")?;
        let (name, version) = requirement.split_once("==")?;
        Some(Pinned {
            file: format!("{name}-{version}-py3-none-any.whl"),
            sha256,
        })
    })
}

/// Ensures that the wheels are in a directory, and returns it.
///
/// Downloads them once, with `python -m pip`, if one is missing or does not match its hash.
///
/// # Errors
/// If the download fails, or does not match what is pinned.
pub fn ensure(directory: &Path, python: &Path) -> Result<PathBuf, RehearsalError> {
    if check(directory).is_ok() {
        return Ok(directory.to_owned());
    }
    let beside = directory.with_extension(format!("{}.part", std::process::id()));
    host::make_dir(&beside)?;
    let fetched = download(&beside, python).and_then(|()| check(&beside));
    if let Err(error) = fetched {
        host::remove_dir(&beside)?;
        return Err(error);
    }
    // Another rehearsal may have been faster; its directory is as good as ours.
    if host::rename(&beside, directory).is_err() {
        if check(directory).is_err() {
            host::remove_dir(directory)?;
            host::rename(&beside, directory)?;
        } else {
            host::remove_dir(&beside)?;
        }
    }
    check(directory)?;
    Ok(directory.to_owned())
}

/// Reads the wheels of a directory that [`ensure`] has filled, by file name.
///
/// # Errors
/// If one is missing or does not match what is pinned.
pub fn read(directory: &Path) -> Result<Tree, RehearsalError> {
    pinned().try_fold(Tree::default(), |tree, pinned| {
        let bytes = pinned.read(directory)?;
        Ok(tree.with_file(pinned.file, bytes))
    })
}

fn check(directory: &Path) -> Result<(), RehearsalError> {
    pinned().try_for_each(|pinned| pinned.read(directory).map(drop))
}

impl Pinned {
    fn read(&self, directory: &Path) -> Result<Vec<u8>, RehearsalError> {
        let path = directory.join(&self.file);
        let bytes = host::read(&path)?;
        if sha256_hex(&bytes) == self.sha256 {
            return Ok(bytes);
        }
        let path = path.display();
        Err(RehearsalError::Other(format!(
            "`{path}` is not the wheel that is pinned"
        )))
    }
}

fn download(directory: &Path, python: &Path) -> Result<(), RehearsalError> {
    let list = directory.join("requirements.txt");
    host::write(&list, REQUIREMENTS)?;
    let own = directory.join("pip");
    let python = with_pip(python, &own)?;
    let mut pip = host::command(&python.to_string_lossy());
    pip.args([
        "-m",
        "pip",
        "download",
        "--quiet",
        "--disable-pip-version-check",
    ])
    .args(["--require-hashes", "--no-deps", "--only-binary", ":all:"])
    .args([
        "--platform",
        "any",
        "--implementation",
        "py",
        "--python-version",
        "3.9",
    ])
    .arg("--dest")
    .arg(directory)
    .arg("--requirement")
    .arg(&list);
    host::run(&mut pip, None)?;
    if python.starts_with(&own) {
        host::remove_dir(&own)?;
    }
    host::remove_file(&list)
}

/// An interpreter with pip: the given one, or a virtual environment created for this, because
/// Debian's Python has no pip.
fn with_pip(python: &Path, own: &Path) -> Result<PathBuf, RehearsalError> {
    let at_hand = python.to_string_lossy();
    if host::run(
        host::command(&at_hand).args(["-m", "pip", "--version"]),
        None,
    )
    .is_ok()
    {
        return Ok(python.to_owned());
    }
    host::run(host::command(&at_hand).args(["-m", "venv"]).arg(own), None)?;
    Ok(own.join("bin/python"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_names_a_wheel() {
        assert_eq!(pinned().count(), REQUIREMENTS.lines().count());
        assert!(pinned().any(|wheel| wheel.file == "pytest-8.3.5-py3-none-any.whl"));
        assert!(pinned().all(|wheel| wheel.sha256.len() == 64));
    }
}
