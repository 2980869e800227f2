//! `gate attest`: who says so, beside a bundle that is intact.

use std::path::{Path, PathBuf};

use clap::Args;

use super::console::Console;
use super::recorded::SizeArgs;
use super::{Exit, operator, recorded, sign, verify};
use crate::evidence::{AttestError, Attested, Claims, attest, attestation_of, open_to_verify};
use crate::model::Verdict;
use crate::session::Finished;
use crate::signing::Signer;
use crate::store::Limits;
use crate::store::disk::OsDisk;

#[derive(Debug, Args)]
pub(super) struct AttestArgs {
    /// The bundle.
    bundle: PathBuf,
    /// Key that signs: a file (Ed25519 or ECDSA P-256 in PKCS#8 PEM, or Ed25519 of OpenSSH), or
    /// `agent:NAME` with the comment or fingerprint of an Ed25519 key in the ssh agent.
    #[arg(long, value_name = "KEY")]
    sign: String,
    /// The attestation; without it, BUNDLE.intoto.jsonl. What is in it stays.
    #[arg(long, value_name = "FILE")]
    attestation: Option<PathBuf>,
    #[command(flatten)]
    size: SizeArgs,
}

pub(super) async fn run(args: AttestArgs, console: &Console) -> Exit {
    if let Err(exit) = recorded::bundle(&args.bundle, console) {
        return exit;
    }
    let operator = match operator::of_process() {
        Ok(operator) => operator,
        Err(error) => return console.fail(Exit::Error, &error),
    };
    let signer = match sign::signer(&args.sign, &operator, console).await {
        Ok(signer) => signer,
        Err(exit) => return exit,
    };
    let beside = attestation_of(&args.bundle);
    let to = args.attestation.unwrap_or(beside);
    match sign_bundle(&args.bundle, args.size.limits(), &[to], &signer, console).await {
        Ok(()) => Exit::Passed,
        Err(exit) => exit,
    }
}

/// Signs what a bundle shows, once it is found intact, into each of these files.
pub(super) async fn sign_bundle(
    bundle: &Path,
    limits: Limits,
    into: &[PathBuf],
    signer: &Signer,
    console: &Console,
) -> Result<(), Exit> {
    let opened = open_to_verify(&OsDisk, bundle, limits)
        .map_err(|error| recorded::refuse(bundle, &error, console))?;
    let verified = verify::verified(&opened);
    if !verified.intact() {
        console.note(&verified.to_string());
        let what = format!("`{}` is not intact; nothing was signed", bundle.display());
        return Err(console.fail(Exit::Failed, &what));
    }
    let claims = Claims::of(&opened).map_err(|error| recorded::refuse(bundle, &error, console))?;
    let public = signer.public();
    for to in into {
        let attested = attest(&OsDisk, to, &claims, signer).await;
        let attested =
            attested.map_err(|error| console.fail(exit_of(&error), &error.to_string()))?;
        let done = match attested {
            Attested::Added(count) => format!("{count} statements signed"),
            Attested::AlreadyThere => "signed by this key before".to_owned(),
        };
        console.out(&format!(
            "{}: {done}, {} key {}\n",
            to.display(),
            public.algorithm(),
            public.id()
        ));
    }
    Ok(())
}

fn exit_of(error: &AttestError) -> Exit {
    match error {
        AttestError::Foreign { .. } => Exit::Failed,
        _ => Exit::Error,
    }
}

/// Signs a run's bundle wherever it stays: in its directory, and where it was copied. A run that
/// was to be signed and is not is no pass.
pub(super) async fn sign_run(
    finished: &Finished,
    directory_stays: bool,
    copied: Option<&Path>,
    signer: &Signer,
    console: &Console,
) -> Exit {
    let Some(bundled) = &finished.bundle else {
        console.fail(Exit::Error, "there is no bundle to sign");
        return finished.verdict.max(Verdict::Error).into();
    };
    let bundle = finished.directory.bundle(bundled).into_std_path_buf();
    let kept = directory_stays.then_some(bundle.as_path());
    let into: Vec<PathBuf> = { kept.into_iter() }
        .chain(copied)
        .map(attestation_of)
        .collect();
    // It was made here a moment ago.
    let limits = Limits::of_total(u64::MAX);
    match sign_bundle(&bundle, limits, &into, signer, console).await {
        Ok(()) => finished.verdict.into(),
        Err(_) => finished.verdict.max(Verdict::Error).into(),
    }
}
