//! Directories that the operator names for `gate install`: looked at, and made, before anything
//! runs.
#![expect(
    clippy::disallowed_methods,
    reason = "what the operator names on the command line is looked at once, here"
)]

use camino::{Utf8Path, Utf8PathBuf};

use crate::store::disk::{Disk, OsDisk};
use crate::world::live::Operator;

/// The directory that gets everything.
#[derive(Debug)]
pub(super) struct Into {
    pub(super) path: Utf8PathBuf,
    /// Whether the gate has made it, and may take it away again.
    ours: bool,
}

impl Into {
    /// The one that was named, new or empty; else a new one among the machine's temporary files.
    pub(super) fn new(named: Option<&Utf8Path>, operator: &Operator) -> Result<Self, String> {
        if let Some(named) = named {
            let path = operator.cwd.join(named);
            let ours = !path.exists();
            return empty("--into", &path).map(|path| Self { path, ours });
        }
        let made = tempfile::Builder::new()
            .prefix("gate-install-")
            .tempdir()
            .map_err(|error| format!("no directory among the temporary files: {error}"))?;
        let path = Utf8PathBuf::from_path_buf(made.keep())
            .map_err(|path| format!("`{}` is not UTF-8", path.display()))?;
        real(&path).map(|path| Self { path, ours: true })
    }

    /// Takes away what was put there; it was empty before.
    pub(super) fn clear(&self) {
        // What cannot be removed is in a directory that the operator knows of.
        if self.ours {
            drop(std::fs::remove_dir_all(&self.path));
            return;
        }
        for entry in self.path.read_dir_utf8().into_iter().flatten().flatten() {
            drop(std::fs::remove_dir_all(entry.path()));
        }
    }
}

/// A directory that is new or empty; made when it is not there.
pub(super) fn empty(option: &str, path: &Utf8Path) -> Result<Utf8PathBuf, String> {
    let wrong =
        |what: &str| format!("{option} `{path}`: {what}; name a new directory, or an empty one");
    match path.read_dir_utf8() {
        Ok(mut entries) => {
            if entries.next().is_some() {
                return Err(wrong("there is something in it"));
            }
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            OsDisk
                .make_dirs(path.as_std_path())
                .map_err(|error| wrong(&error.to_string()))?;
        }
        Err(error) => return Err(wrong(&error.to_string())),
    }
    real(path)
}

/// A directory with wheels that were kept.
pub(super) fn vendored(path: &Utf8Path) -> Result<Utf8PathBuf, String> {
    if path.join("pylock.toml").is_file() {
        return real(path);
    }
    Err(format!(
        "--from `{path}`: there is no `pylock.toml` in it; name a directory that \
         `gate install --vendor` has filled"
    ))
}

/// Programs report the path behind symbolic links.
fn real(path: &Utf8Path) -> Result<Utf8PathBuf, String> {
    path.canonicalize_utf8()
        .map_err(|error| format!("`{path}`: {error}"))
}
