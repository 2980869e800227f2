//! `gate reproduce`: the recorded gate once more, in the world of its recording, byte for byte.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use super::Exit;
use super::console::Console;
use super::provenance::{Provenance, reproduce_command};
use super::recorded::{self, Format, SizeArgs};
use crate::evidence::{EvidenceError, Promise, RecordedBy, Reproduced, Rerun, reproduce_within};
use crate::session::RecordedGate;
use crate::store::disk::OsDisk;
use crate::store::{Limits, Opened};

#[derive(Debug, Args)]
pub(super) struct ReproduceArgs {
    /// The bundle.
    bundle: PathBuf,
    /// How to print what came of it.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    size: SizeArgs,
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
    let unpacked = scratch.path().join("bundle");
    let again = match again(&args.bundle, &unpacked, args.size.limits()).await {
        Ok(again) => again,
        Err(error) => return recorded::refuse(&args.bundle, &error, console),
    };
    args.format.print(&again, &again.to_string(), console);
    let own = RecordedBy {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        flake: Provenance::revisions().flake,
    };
    if let Some(hint) = another(&again, &own, &args.bundle) {
        console.note(&hint);
    }
    match (again.kept(), &again.replayed) {
        (true, _) => Exit::Passed,
        (false, Promise::NotTried(_)) if matches!(again.same_bytes, Promise::Kept(_)) => {
            Exit::Error
        }
        (false, _) => Exit::Failed,
    }
}

/// What to do about a bundle that another version made, and this one does not reproduce.
fn another(again: &Reproduced, own: &RecordedBy, bundle: &Path) -> Option<String> {
    let theirs = again.recorded_by.as_ref();
    let theirs = theirs.filter(|theirs| !again.kept() && *theirs != own)?;
    let told = |by: &RecordedBy| match &by.flake {
        Some(revision) => format!("gate {} of the flake's {revision}", by.version),
        None => format!("gate {}, not from the flake", by.version),
    };
    let (told, own) = (told(theirs), told(own));
    let command = reproduce_command(theirs.flake.as_deref(), &bundle.display().to_string());
    Some(format!(
        "it was recorded by {told}; this is {own}. There: {command}"
    ))
}

async fn again(bundle: &Path, scratch: &Path, limits: Limits) -> Result<Reproduced, EvidenceError> {
    let gate = |opened: &Opened| Ok(Arc::new(RecordedGate::of_opened(opened)?) as Arc<dyn Rerun>);
    reproduce_within(Arc::new(OsDisk), bundle, scratch, limits, gate).await
}

#[cfg(test)]
mod tests {
    use super::*;

    const REVISION: &str = "5880666fd9eb563038431edb35c2d0aa595884e6";

    fn by(flake: Option<&str>) -> RecordedBy {
        RecordedBy {
            version: "0.1.0".to_owned(),
            flake: flake.map(str::to_owned),
        }
    }

    fn again(theirs: Option<&str>, replayed: Promise) -> Reproduced {
        Reproduced {
            sha256: String::new(),
            recorded_by: Some(by(theirs)),
            same_bytes: Promise::Kept(String::new()),
            replayed,
        }
    }

    #[test]
    fn what_another_version_recorded_names_it() {
        let bundle = Path::new("b.tar.gz");
        let broken = || Promise::Broken("another request".to_owned());
        let hint = another(&again(Some(REVISION), broken()), &by(None), bundle).unwrap();
        assert!(hint.contains(&format!("the flake's {REVISION}")), "{hint}");
        assert!(
            hint.contains("this is gate 0.1.0, not from the flake"),
            "{hint}"
        );
        let command = format!("nix run '<flake>?rev={REVISION}#gate' -- reproduce b.tar.gz");
        assert!(hint.ends_with(&command), "{hint}");
        let same = another(&again(None, broken()), &by(None), bundle);
        assert_eq!(same, None, "this version's own difference");
        let kept = Promise::Kept(String::new());
        let reproduced = another(&again(Some(REVISION), kept), &by(None), bundle);
        assert_eq!(reproduced, None, "there is nothing to be done");
    }
}
