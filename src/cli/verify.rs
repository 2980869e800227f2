//! `gate verify`: is a bundle intact, does its journal give what it says, and is it what the reader
//! requires?

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use serde::Serialize;

use super::Exit;
use super::args::GateArgs;
use super::console::Console;
use super::operator;
use super::provenance::reproduce_command;
use super::recorded::{self, Format, SizeArgs};
use super::sign;
use crate::evidence::{
    EvidenceError, Held, Online, Recording, Requirement, Verified, attestation_of, gate_of, held,
    online, open_to_verify, verify_opened,
};
use crate::journal::Folded;
use crate::session::{self, RecordedGate};
use crate::signing::Trusted;
use crate::store::disk::OsDisk;
use crate::store::{Limits, Opened};
use crate::toolbox::Needed;

#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    /// The bundle.
    bundle: PathBuf,
    /// Fails unless all of these hold: real, rehearsal, complete, passed, signed, sandboxed,
    /// gate=builtin, gate=SHA256, parameters=own, candidate=VERSION, program=VERSION.
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    require: Vec<Requirement>,
    /// Fails unless this is the journal's head, which covers every file of the bundle; `gate run`
    /// prints it at its end.
    #[arg(long, value_name = "HEX")]
    head: Option<String>,
    /// Reads anew what the record says of the outside: comments with the journal's head, issues,
    /// release and tag, the index's digests; fails where something never was.
    #[arg(long)]
    online: bool,
    /// Public keys that you trust: a PEM file, or one of allowed signers as ssh-keygen takes it;
    /// may be given several times.
    #[arg(long, value_name = "FILE")]
    key: Vec<PathBuf>,
    /// How many of them have to have signed; keys of one name count once.
    #[arg(long, value_name = "COUNT", default_value_t = 1, requires = "key")]
    #[arg(value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..=64))]
    signers: usize,
    /// The attestation; without it, BUNDLE.intoto.jsonl.
    #[arg(long, value_name = "FILE", requires = "key")]
    attestation: Option<PathBuf>,
    /// How to print what was checked.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    size: SizeArgs,
}

/// What is printed.
#[derive(Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    verified: &'a Verified,
    intact: bool,
    verdict_in_words: Option<String>,
    /// What was required, and whether it holds.
    required: &'a [Held],
    /// The outside as it is now, where it was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    online: Option<Online>,
}

pub(super) async fn run(args: &VerifyArgs, console: &Console) -> Exit {
    if let Err(exit) = recorded::bundle(&args.bundle, console) {
        return exit;
    }
    let trusted = match sign::trusted_keys(&args.key, console) {
        Ok(trusted) => trusted,
        Err(exit) => return exit,
    };
    let mut verified = match check(args, &trusted) {
        Ok(verified) => verified,
        Err(error) => return recorded::refuse(&args.bundle, &error, console),
    };
    if let Some(head) = &args.head {
        verified.must_have_head(head);
    }
    let required = held(&verified, &args.require);
    let online = if args.online && verified.intact() {
        match look_online(&args.bundle, args.size.limits(), console).await {
            Ok(online) => Some(online),
            Err(exit) => return exit,
        }
    } else {
        None
    };
    let told = Told {
        verified: &verified,
        intact: verified.intact(),
        verdict_in_words: verified.in_words(),
        required: &required,
        online,
    };
    args.format.print(&told, &in_words(&told), console);
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
    if told.online.as_ref().is_some_and(|online| !online.holds()) {
        return console.fail(
            Exit::Failed,
            "some recorded external facts never existed or are unknown",
        );
    }
    let unmet: Vec<&Held> = required.iter().filter(|one| one.fault.is_some()).collect();
    if unmet.is_empty() {
        return Exit::Passed;
    }
    let names: Vec<&str> = unmet.iter().map(|one| one.requirement.as_str()).collect();
    console.fail(
        Exit::Failed,
        &format!("requirements not met: {}", names.join(", ")),
    )
}

fn in_words(told: &Told<'_>) -> String {
    let mut text = told.verified.to_string();
    if !told.required.is_empty() {
        text.push_str("\nrequired:");
    }
    for one in told.required {
        text.push('\n');
        text.push_str(&one.to_string());
    }
    if let Some(online) = &told.online {
        text = format!("{text}\nthe outside now:\n{online}");
    }
    text
}

/// Holds an intact bundle against the outside.
async fn look_online(bundle: &Path, limits: Limits, console: &Console) -> Result<Online, Exit> {
    let operator = operator::of_process().map_err(|error| console.fail(Exit::Error, &error))?;
    let (_, overrides) = operator::gate(&GateArgs::default(), &operator, console)?;
    let settings = operator::settings(&operator, &overrides);
    let tools = super::run::tools(&operator, &settings, &Needed::All, console).await?;
    let ctx = session::reading_ctx(
        &operator,
        &settings.cache,
        &settings.state,
        &settings.workspace,
        &tools,
    )
    .map_err(|error| console.fail(Exit::Error, &error.to_string()))?;
    let refuse = |error| recorded::refuse(bundle, &error, console);
    let opened = open_to_verify(&OsDisk, bundle, limits).map_err(refuse)?;
    let gate = gate_of(&opened).map_err(refuse)?;
    let recording = Recording::open_within(Arc::new(OsDisk), bundle, limits).map_err(refuse)?;
    online(&ctx, &gate, &recording).await.map_err(refuse)
}

fn check(args: &VerifyArgs, trusted: &Trusted) -> Result<Verified, EvidenceError> {
    let opened = open_to_verify(&OsDisk, &args.bundle, args.size.limits())?;
    let beside = || attestation_of(&args.bundle);
    let attestation = args.attestation.clone().unwrap_or_else(beside);
    let asked = (!args.key.is_empty()).then_some((trusted, args.signers));
    let mut verified = verified(&opened);
    verified.look_for_signature(&OsDisk, &opened, &attestation, asked);
    Ok(verified)
}

/// Checks everything of a bundle but who says so.
pub(super) fn verified(opened: &Opened) -> Verified {
    // A gate file that is not one any more is a fault of the reports, not a reason to stop.
    let gate = RecordedGate::of_opened(opened);
    let render = |folded: &Folded| match &gate {
        Ok(gate) => gate.reports(folded),
        Err(error) => Err(error.to_string()),
    };
    verify_opened(opened, Some(&render))
}
