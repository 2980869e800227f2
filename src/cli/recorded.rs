//! What `verify`, `reproduce`, `diff` and `explain` share: finding a recording, and telling
//! what is wrong with one.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::args::GateArgs;
use super::console::Console;
use super::failure::{failed, with_causes};
use super::operator::Settings;
use super::{Exit, operator};
use crate::evidence::{EvidenceError, Recording};
use crate::journal::{FILE, JournalError};
use crate::model::escape::one_line;
use crate::session::{self, BundledRun};
use crate::store::disk::OsDisk;
use crate::store::{Limits, StoreError};

/// How much a bundle may hold.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct SizeArgs {
    /// Reads a bundle that unpacks to this much, such as 4GiB; a larger one is refused.
    #[arg(long, value_name = "SIZE", default_value = "1GiB", value_parser = size)]
    max_size: u64,
}

impl SizeArgs {
    pub(super) fn limits(self) -> Limits {
        Limits::of_total(self.max_size)
    }
}

/// Bytes, also as `500MiB`, `4GiB` or `2G`.
fn size(text: &str) -> Result<u64, String> {
    let end = text.find(|letter: char| !letter.is_ascii_digit());
    let (digits, unit) = text.split_at(end.unwrap_or(text.len()));
    let unit = unit.trim().to_ascii_lowercase();
    let shift = match unit.trim_end_matches('b').trim_end_matches('i') {
        "" => 0,
        "k" => 10,
        "m" => 20,
        "g" => 30,
        "t" => 40,
        _ => return Err("expected a size such as 500MiB or 4GiB".to_owned()),
    };
    let count: u64 = digits
        .parse()
        .map_err(|_| "expected a size such as 500MiB or 4GiB".to_owned())?;
    count
        .checked_mul(1 << shift)
        .ok_or_else(|| "that is more than can be counted".to_owned())
}

/// How a subcommand prints what it found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    Text,
    Json,
}

impl Format {
    /// A value in this format; `text` is what people read.
    pub(super) fn print(self, value: &impl Serialize, text: &str, console: &Console) {
        match self {
            Self::Text => console.out(&format!("{text}\n")),
            Self::Json => console.json(value),
        }
    }
}

/// Opens a bundle, packed or unpacked, a run directory, or a run by its id.
pub(super) fn open(
    name: &str,
    gate: &GateArgs,
    size: SizeArgs,
    console: &Console,
) -> Result<Recording, Exit> {
    let path = Path::new(name);
    let path = if path.is_dir() {
        directory(path, console)?
    } else if path.exists() {
        path.to_owned()
    } else {
        by_id(name, gate, console)?
    };
    let opened = Recording::open_within(Arc::new(OsDisk), &path, size.limits());
    opened.map_err(|error| refuse(&path, &error, console))
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
    let (given, overrides) = operator::gate(gate, &operator, console)?;
    let state = operator::settings(&operator, &overrides).state;
    let of_gate = gate.gate.is_some().then_some(given.name.as_str());
    match session::find_run_of(&state, name, of_gate) {
        Ok(directory) => Ok(directory.path.into_std_path_buf()),
        Err(error @ session::SessionError::NoSuchRun { .. }) if name != "latest" => {
            let exit = failed(&error, console);
            console.note(&format!("  → or name a bundle; there is no file `{name}`"));
            Err(exit)
        }
        Err(error) => Err(failed(&error, console)),
    }
}

/// The bundle at a path; none where there is no file.
pub(super) fn bundled(name: &str, console: &Console) -> Result<Option<BundledRun>, Exit> {
    let path = Path::new(name);
    if !path.is_file() {
        return Ok(None);
    }
    let opened = BundledRun::open(path);
    opened
        .map(Some)
        .map_err(|error| refuse(path, &error, console))
}

/// A bundle on this machine that has to be there.
pub(super) fn bundle(path: &Path, console: &Console) -> Result<(), Exit> {
    if path.is_file() {
        return Ok(());
    }
    let what = if path.is_dir() {
        "is a directory, not a bundle"
    } else {
        "is not there"
    };
    let exit = console.fail(Exit::Usage, &format!("`{}` {what}", path.display()));
    console.note(
        "  → a bundle is the `bundle.tar.gz` that a run leaves in `bundle/` below its directory",
    );
    Err(exit)
}

/// Says why a recording cannot be used. What is damaged fails; what could not be read at all is
/// an error.
pub(super) fn refuse(path: &Path, error: &EvidenceError, console: &Console) -> Exit {
    let exit = match error {
        EvidenceError::Store(StoreError::Disk { .. })
        | EvidenceError::Journal(JournalError::Disk { .. }) => Exit::Error,
        _ => Exit::Failed,
    };
    let exit = console.fail(
        exit,
        &one_line(&format!("`{}`: {}", path.display(), with_causes(error))),
    );
    if let EvidenceError::Store(StoreError::TooLarge { .. }) = error {
        console.note("  → if you trust whoever made it, give more room with --max-size SIZE");
    }
    exit
}

/// Whether a name means a run of this machine: a directory, or an id; a file is a bundle.
pub(super) fn is_here(name: &str) -> bool {
    let path = Path::new(name);
    path.is_dir() || (!path.is_file() && !name.contains('/') && !name.ends_with(".tar.gz"))
}

/// The id of the run to resume, which was named by itself or by its directory.
pub(super) fn resumed(
    name: &str,
    gate: Option<&str>,
    settings: &Settings,
    console: &Console,
) -> Result<String, Exit> {
    let found = session::find_run_of(&settings.state, name, gate);
    let found = found.map_err(|error| failed(&error, console))?;
    let runs = settings.state.join("runs");
    let runs = runs.canonicalize_utf8().unwrap_or(runs);
    let holds = found.path.parent().unwrap_or(&found.path);
    if holds.canonicalize_utf8().is_ok_and(|holds| holds != runs) {
        let state = holds.parent().unwrap_or(holds);
        let text = format!("`{}` is not a run of `{}`", found.path, settings.state);
        let exit = console.fail(Exit::Usage, &text);
        console.note(&format!(
            "  → resume it where it is: `--set state_dir={state}`"
        ));
        return Err(exit);
    }
    Ok(found.run)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_people_write_them() {
        for (text, bytes) in [
            ("12", 12),
            ("1GiB", 1 << 30),
            ("2g", 2 << 30),
            ("500 MB", 500 << 20),
        ] {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for text in ["", "GiB", "-1", "1.5GiB", "1 parsec", "99999999TiB"] {
            assert!(size(text).is_err(), "{text}");
        }
    }
}
