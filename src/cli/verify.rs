//! `gate verify`: is a bundle intact, and does its journal give what it says?

use std::path::PathBuf;

use clap::Args;

use super::Exit;
use super::console::Console;
use super::provenance::reproduce_command;
use super::recorded::{self, Format};
use crate::evidence::{Limits, Verified, open_to_verify, verify_opened};
use crate::journal::Folded;
use crate::journal::disk::OsDisk;
use crate::session::RecordedGate;

#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    /// The bundle.
    bundle: PathBuf,
    /// How to print what was checked.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

pub(super) fn run(args: &VerifyArgs, console: &Console) -> Exit {
    if let Err(exit) = recorded::bundle(&args.bundle, console) {
        return exit;
    }
    let verified = match check(&args.bundle) {
        Ok(verified) => verified,
        Err(error) => return recorded::refuse(&args.bundle, &error, console),
    };
    args.format.print(&verified, &verified.to_string(), console);
    if !verified.intact() {
        return Exit::Failed;
    }
    if args.format == Format::Text {
        let bundle = args.bundle.display().to_string();
        console.out(&format!(
            "reproduce: {}\n",
            reproduce_command(verified.flake.as_deref(), &bundle)
        ));
    }
    Exit::Passed
}

fn check(bundle: &std::path::Path) -> Result<Verified, crate::evidence::EvidenceError> {
    let opened = open_to_verify(&OsDisk, bundle, Limits::default())?;
    // A gate file that is not one any more is a fault of the reports, not a reason to stop.
    let gate = RecordedGate::of_opened(&opened);
    let render = |folded: &Folded| match &gate {
        Ok(gate) => gate.reports(folded),
        Err(error) => Err(error.to_string()),
    };
    Ok(verify_opened(&opened, Some(&render)))
}
