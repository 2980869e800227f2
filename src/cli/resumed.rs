//! What `gate run --resume` resumes: a run of this machine, or one that its bundle brings.

use std::path::Path;

use super::Exit;
use super::args::{GateArgs, RunArgs};
use super::console::Console;
use super::failure::failed;
use super::operator::{self, Settings};
use super::sign;
use crate::gate::{Gate, Overrides, leaves};
use crate::journal::HandedOn;
use crate::model::subject::WorldKind;
use crate::session;

/// Takes a run over from its bundle, where that was given to be resumed; from then on it is a run
/// of this machine.
pub(super) fn handed_on(
    args: &mut RunArgs,
    settings: &Settings,
    console: &Console,
) -> Result<Option<HandedOn>, Exit> {
    let Some(bundle) = args.resume.as_ref().filter(|name| is_bundle(name)) else {
        if !args.key.is_empty() {
            return Err(console.fail(
                Exit::Usage,
                "`--key` is for a bundle that is resumed; a run of this machine has no signature",
            ));
        }
        return Ok(None);
    };
    let trusted = match args.key.as_slice() {
        [] => None,
        files => Some(sign::trusted_keys(files, console)?),
    };
    let taken = session::take_over(&settings.state, Path::new(bundle), trusted.as_ref())
        .map_err(|error| failed(&error, console))?;
    let signed = trusted.map_or("", |_| " and signed");
    console.note(&format!(
        "run {} is imported from `{bundle}`, which is intact{signed}: sha256:{}",
        taken.run, taken.from.bundle
    ));
    args.resume = Some(taken.run);
    Ok(Some(taken.from))
}

/// Whether a name is a bundle's and no run's: it leads to a file, or could lead to nothing else.
pub(super) fn is_bundle(name: &str) -> bool {
    Path::new(name).is_file() || name.contains('/') || name.ends_with(".tar.gz")
}

/// The gate to resume with: the run's own, unless another was asked for in so many words; with the
/// parameters that it was started with, and what is set now over them. What does not fit is
/// refused before anything runs.
pub(super) fn earlier(
    run: &str,
    args: &GateArgs,
    given: Gate,
    overrides: &Overrides,
    settings: &Settings,
    world: &WorldKind,
    console: &Console,
) -> Result<Gate, Exit> {
    let earlier =
        session::earlier(&settings.state, run, world).map_err(|error| failed(&error, console))?;
    for write in &earlier.outstanding {
        console.note(&format!(
            "the run was interrupted in {write}; whether it happened is looked up before anything is \
             written"
        ));
    }
    let mut gate = if args.gate.is_some() {
        let mut corrected = given;
        let names: Vec<String> = leaves(&corrected.parameters)
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        let mut set = earlier.set;
        set.retain(|name, _| names.contains(name));
        corrected
            .set(&set)
            .map_err(|error| operator::refuse(&error, console))?;
        corrected
    } else {
        earlier.gate
    };
    gate.set(&overrides.parameters)
        .map_err(|error| operator::refuse(&error, console))?;
    Ok(gate)
}
