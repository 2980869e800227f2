//! The real wheels that the tests in the embedded repositories need: pytest and its closure.
//!
//! Owns which ones (by hash) and their one download. Never asks any index but the client's own
//! configured default, and never asks again once they are there.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::tree::Tree;
use crate::rehearsal::{RehearsalError, host};

/// One wheel: file name, requirement, and the digest it must have.
struct Pinned {
    file: &'static str,
    requirement: &'static str,
    sha256: &'static str,
}

/// Pure Python, and one version for every Python from 3.9 on.
const PINNED: [Pinned; 8] = [
    Pinned {
        file: "exceptiongroup-1.3.0-py3-none-any.whl",
        requirement: "exceptiongroup==1.3.0",
        sha256: "4d111e6e0c13d0644cad6ddaa7ed0261a0b36971f6d23e7ec9b4b9097da78a10",
    },
    Pinned {
        file: "iniconfig-2.1.0-py3-none-any.whl",
        requirement: "iniconfig==2.1.0",
        sha256: "9deba5723312380e77435581c6bf4935c94cbfab9b1ed33ef8d238ea168eb760",
    },
    Pinned {
        file: "packaging-25.0-py3-none-any.whl",
        requirement: "packaging==25.0",
        sha256: "29572ef2b1f17581046b3a2227d5c611fb25ec70ca1ba8554b24b0e69331a484",
    },
    Pinned {
        file: "pluggy-1.6.0-py3-none-any.whl",
        requirement: "pluggy==1.6.0",
        sha256: "e920276dd6813095e9377c0bc5566d94c932c33b27a3e3945d8389c374dd4746",
    },
    Pinned {
        file: "pygments-2.19.2-py3-none-any.whl",
        requirement: "pygments==2.19.2",
        sha256: "86540386c03d588bb81d44bc3928634ff26449851e99741617ecb9037ee5ec0b",
    },
    Pinned {
        file: "pytest-8.4.2-py3-none-any.whl",
        requirement: "pytest==8.4.2",
        sha256: "872f880de3fc3a5bdc88a11b39c9710c3497a547cfa9320bc3c5e62fbf272e79",
    },
    Pinned {
        file: "tomli-2.2.1-py3-none-any.whl",
        requirement: "tomli==2.2.1",
        sha256: "cb55c73c5f4408779d0cf3eef9f762b9c9f147a77de7b258bef0a5628adc85cc",
    },
    Pinned {
        file: "typing_extensions-4.15.0-py3-none-any.whl",
        requirement: "typing-extensions==4.15.0",
        sha256: "f0fa19c6845758ab08074a0cfa8b7aecb71c999ca73d62883bc25cc018c4e548",
    },
];

/// The requirements with their hashes, as pip reads them.
#[must_use]
pub fn requirements() -> String {
    let line =
        |pinned: &Pinned| format!("{} --hash=sha256:{}\n", pinned.requirement, pinned.sha256);
    PINNED.iter().map(line).collect()
}

/// Makes sure that the wheels are in a directory, and answers it.
///
/// Downloads them once, with `python -m pip`, when one is missing or not what it should be.
///
/// # Errors
/// When the download fails, or brings something else than what is pinned.
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
    // Another rehearsal may have been faster; then its directory is as good as ours.
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
/// When one is missing or not what is pinned.
pub fn read(directory: &Path) -> Result<Tree, RehearsalError> {
    PINNED.iter().try_fold(Tree::default(), |tree, pinned| {
        Ok(tree.with_file(pinned.file, pinned.read(directory)?))
    })
}

fn check(directory: &Path) -> Result<(), RehearsalError> {
    PINNED
        .iter()
        .try_for_each(|pinned| pinned.read(directory).map(drop))
}

impl Pinned {
    fn read(&self, directory: &Path) -> Result<Vec<u8>, RehearsalError> {
        let path = directory.join(self.file);
        let bytes = host::read(&path)?;
        if hex(&Sha256::digest(&bytes)) == self.sha256 {
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
    host::write(&list, requirements())?;
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
    host::remove_file(&list)
}

/// Hexadecimal digits of a digest.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
