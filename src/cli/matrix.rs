//! `gate matrix`: the verdicts of several bundles side by side.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::Exit;
use super::console::Console;
use super::failure::with_causes;
use super::recorded;
use crate::evidence::{EvidenceError, open_to_verify, platform_of, subject_of, verify_opened};
use crate::journal::Folded;
use crate::model::Verdict;
use crate::model::subject::{JudgedCandidate, WorldKind};
use crate::report::{Matrix, MatrixCell, matrix_html, matrix_json, matrix_markdown, matrix_text};
use crate::session::RecordedGate;
use crate::store::Limits;
use crate::store::disk::OsDisk;

#[derive(Debug, Args)]
pub(super) struct MatrixArgs {
    /// The bundles.
    #[arg(required = true)]
    bundles: Vec<PathBuf>,
    /// How to print them.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Json,
    Md,
    Html,
}

/// Ends with the worst verdict; 4 where a bundle does not hold, or a passed one is only of a part
/// or of a rehearsal.
pub(super) fn run(args: &MatrixArgs, console: &Console) -> Exit {
    for bundle in &args.bundles {
        if let Err(exit) = recorded::bundle(bundle, console) {
            return exit;
        }
    }
    let matrix = Matrix::new(args.bundles.iter().map(|bundle| cell(bundle)).collect());
    console.out(&match args.format {
        Format::Text => matrix_text(&matrix, console.output_style()),
        Format::Json => matrix_json(&matrix),
        Format::Md => matrix_markdown(&matrix),
        Format::Html => matrix_html(&matrix),
    });
    match matrix.verdict {
        Some(Verdict::Passed) if !matrix.all_passed() => Exit::Error,
        Some(verdict) => verdict.into(),
        None => Exit::Usage,
    }
}

fn cell(bundle: &Path) -> MatrixCell {
    judged(bundle).unwrap_or_else(|error| MatrixCell {
        bundle: bundle.display().to_string(),
        sha256: None,
        run: None,
        gate: None,
        candidate: None,
        platform: None,
        words: "NOT A BUNDLE".to_owned(),
        verdict: None,
        whole: false,
        faults: vec![with_causes(&error)],
    })
}

/// What a bundle says, as far as it holds.
fn judged(bundle: &Path) -> Result<MatrixCell, EvidenceError> {
    let opened = open_to_verify(&OsDisk, bundle, Limits::default())?;
    let gate = RecordedGate::of_opened(&opened);
    let render = |folded: &Folded| match &gate {
        Ok(gate) => gate.reports(folded),
        Err(error) => Err(error.to_string()),
    };
    let verified = verify_opened(&opened, Some(&render));
    let faults = verified.checks.iter().filter_map(|check| {
        let fault = check.fault.as_ref()?;
        Some(format!("{}: {fault}", check.name))
    });
    let faults: Vec<String> = faults.collect();
    let subject = subject_of(&opened).ok();
    let verdict = verified.verdict.filter(|_| faults.is_empty());
    let real = subject
        .as_ref()
        .is_some_and(|subject| subject.world == Some(WorldKind::Real) && subject.complete);
    let words = match (verdict, &subject) {
        (Some(verdict), Some(subject)) => subject.in_words(&verdict.to_string()),
        _ => "NOT INTACT".to_owned(),
    };
    let dry = verified.dry_run && verdict.is_some();
    Ok(MatrixCell {
        bundle: bundle.display().to_string(),
        sha256: Some(opened.archive.sha256.clone()),
        run: verified.run,
        gate: subject.as_ref().map(|subject| subject.gate.to_string()),
        candidate: subject
            .as_ref()
            .and_then(|subject| subject.candidate.as_ref())
            .map(named),
        platform: platform_of(&opened),
        words: if dry {
            format!("{words} (dry run)")
        } else {
            words
        },
        verdict,
        whole: real && !dry,
        faults,
    })
}

fn named(candidate: &JudgedCandidate) -> String {
    let of = |part: &Option<String>| part.clone().unwrap_or_else(|| "?".to_owned());
    match &candidate.package {
        Some(package) => format!("{package} {}", of(&candidate.version)),
        None => of(&candidate.version),
    }
}
