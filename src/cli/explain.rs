//! `gate explain`: from a value in a report or comment back to the exchange and its bytes.

use clap::Args;

use super::Exit;
use super::args::GateArgs;
use super::console::Console;
use super::failure::with_causes;
use super::recorded::{self, Format, SizeArgs};
use crate::evidence::{ExplainError, Explanation, Field, InReport, Recording, explain, in_report};
use crate::session::RecordedGate;

#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    /// The fact or a value within one, or any field of the JSON report, such as `rc.version` or
    /// `canary.runs.runs[2].outcome`.
    fact: String,
    /// A bundle, a run directory, or a run by its id.
    #[arg(default_value = "latest")]
    run: String,
    /// How to print where it came from.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    size: SizeArgs,
    #[command(flatten)]
    gate: GateArgs,
}

pub(super) fn run(args: &ExplainArgs, console: &Console) -> Exit {
    let recording = match recorded::open(&args.run, &args.gate, args.size, console) {
        Ok(recording) => recording,
        Err(exit) => return exit,
    };
    match look(&recording, &args.fact) {
        Ok(Told::Field(field)) => {
            args.format.print(&field, &field.to_string(), console);
            Exit::Passed
        }
        Ok(Told::Fact(explanation)) => {
            args.format
                .print(&explanation, &explanation.to_string(), console);
            Exit::Passed
        }
        Err(error @ ExplainError::NoFact { .. }) => {
            console.note("  → `gate report --format json` lists all facts");
            console.fail(Exit::Usage, &with_causes(&error))
        }
        Err(error) => console.fail(Exit::Failed, &with_causes(&error)),
    }
}

/// What was explained.
enum Told {
    Fact(Box<Explanation>),
    Field(Box<Field>),
}

/// A fact's path or, where there is no such fact, a path in the report's JSON.
fn look(recording: &Recording, path: &str) -> Result<Told, ExplainError> {
    let missing = match explain(recording, path) {
        Ok(explanation) => return Ok(Told::Fact(Box::new(explanation))),
        Err(error @ ExplainError::NoFact { .. }) => error,
        Err(error) => return Err(error),
    };
    let Ok(gate) = RecordedGate::of_recording(recording) else {
        return Err(missing);
    };
    let report = serde_json::to_value(gate.report(&recording.folded)).unwrap_or_default();
    match in_report(recording, &report, path) {
        Some(InReport::Fact(path)) => {
            explain(recording, &path).map(|found| Told::Fact(Box::new(found)))
        }
        Some(InReport::Field(field)) => Ok(Told::Field(field)),
        None => Err(missing),
    }
}
