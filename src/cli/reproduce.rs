//! `gate reproduce`: the recorded gate once more, in the world of its recording, byte for byte.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use super::Exit;
use super::console::Console;
use super::recorded::{self, Format};
use crate::evidence::{EvidenceError, Opened, Promise, Reproduced, Rerun, reproduce};
use crate::journal::disk::OsDisk;
use crate::session::RecordedGate;

#[derive(Debug, Args)]
pub(super) struct ReproduceArgs {
    /// The bundle.
    bundle: PathBuf,
    /// How to print what came of it.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

pub(super) async fn run(args: ReproduceArgs, console: &Console) -> Exit {
    if let Err(exit) = recorded::bundle(&args.bundle, console) {
        return exit;
    }
    let scratch = match tempfile::Builder::new().prefix("gate-").tempdir() {
        Ok(scratch) => scratch,
        Err(error) => {
            return console.fail(
                Exit::Error,
                &format!("no temporary directory to unpack in: {error}"),
            );
        }
    };
    let again = match again(&args.bundle, &scratch.path().join("bundle")).await {
        Ok(again) => again,
        Err(error) => return recorded::refuse(&args.bundle, &error, console),
    };
    args.format.print(&again, &again.to_string(), console);
    match (again.kept(), &again.replayed) {
        (true, _) => Exit::Passed,
        (false, Promise::NotTried(_)) if matches!(again.same_bytes, Promise::Kept(_)) => {
            Exit::Error
        }
        (false, _) => Exit::Failed,
    }
}

async fn again(bundle: &Path, scratch: &Path) -> Result<Reproduced, EvidenceError> {
    let gate = |opened: &Opened| Ok(Arc::new(RecordedGate::of_opened(opened)?) as Arc<dyn Rerun>);
    reproduce(Arc::new(OsDisk), bundle, scratch, gate).await
}
