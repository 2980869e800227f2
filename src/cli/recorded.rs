//! What `verify`, `reproduce`, `diff` and `explain` share: finding a recording, and telling
//! what is wrong with one.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::ValueEnum;
use serde::Serialize;

use super::args::GateArgs;
use super::console::Console;
use super::{Exit, operator, run};
use crate::evidence::{EvidenceError, Recording};
use crate::journal::disk::OsDisk;
use crate::journal::{FILE, JournalError};
use crate::session;

/// How to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    Text,
    Json,
}

impl Format {
    /// A value in this format; `text` is what people read.
    pub(super) fn print(self, value: &impl Serialize, text: &str, console: &Console) {
        console.out(&match self {
            Self::Text => format!("{text}\n"),
            Self::Json => serde_json::to_string_pretty(value).unwrap_or_default() + "\n",
        });
    }
}

/// Opens a bundle, packed or unpacked, a run directory, or a run by its id.
pub(super) fn open(name: &str, gate: &GateArgs, console: &Console) -> Result<Recording, Exit> {
    let path = Path::new(name);
    let path = if path.is_dir() {
        directory(path, console)?
    } else if path.exists() {
        path.to_owned()
    } else {
        by_id(name, gate, console)?
    };
    Recording::open(Arc::new(OsDisk), &path).map_err(|error| refuse(&path, &error, console))
}

/// Where in this directory a journal is.
fn directory(path: &Path, console: &Console) -> Result<PathBuf, Exit> {
    let unpacked = path.join("data");
    let places = [path, &unpacked];
    let there = places.into_iter().find(|place| place.join(FILE).is_file());
    there.map(Path::to_owned).ok_or_else(|| {
        let what = format!("`{}` is a directory without a journal", path.display());
        let exit = console.fail(Exit::Usage, &what);
        console.note(&format!(
            "a run's directory holds `{FILE}`, an unpacked bundle `data/{FILE}`"
        ));
        exit
    })
}

fn by_id(name: &str, gate: &GateArgs, console: &Console) -> Result<PathBuf, Exit> {
    let operator = operator::of_process().map_err(|error| console.fail(Exit::Error, &error))?;
    let (_, overrides) = operator::gate(gate, &operator, console)?;
    let state = operator::settings(&operator, &overrides).state;
    match session::find_run(&state, name) {
        Ok(directory) => Ok(directory.path.into_std_path_buf()),
        Err(error @ session::SessionError::NoSuchRun { .. }) if name != "latest" => {
            console.note(&format!("there is no file `{name}` either"));
            Err(run::failed(&error, console))
        }
        Err(error) => Err(run::failed(&error, console)),
    }
}

/// A bundle on this machine that has to be there.
pub(super) fn bundle(path: &Path, console: &Console) -> Result<(), Exit> {
    if path.is_file() {
        return Ok(());
    }
    let what = if path.is_dir() {
        "is a directory; a bundle is the `bundle.tar.gz` that a run leaves in `bundle/` below its \
         directory"
    } else {
        "is not there"
    };
    Err(console.fail(Exit::Usage, &format!("`{}` {what}", path.display())))
}

/// Says why a recording cannot be used. What is damaged fails; what could not be read at all is
/// an error.
pub(super) fn refuse(path: &Path, error: &EvidenceError, console: &Console) -> Exit {
    let exit = match error {
        EvidenceError::Disk { .. } | EvidenceError::Journal(JournalError::Disk { .. }) => {
            Exit::Error
        }
        _ => Exit::Failed,
    };
    console.fail(
        exit,
        &format!("`{}`: {}", path.display(), run::chain(error)),
    )
}
