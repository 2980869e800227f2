//! `gate explain`: from a value in a report or comment back to the exchange and its bytes.

use clap::Args;

use super::Exit;
use super::args::GateArgs;
use super::console::Console;
use super::recorded::{self, Format};
use super::run::chain;
use crate::evidence::{ExplainError, explain};

#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    /// The fact or a value within one, such as `rc.version` or `canary.runs[2].outcome`.
    fact: String,
    /// A bundle, a run directory, or a run by its id.
    #[arg(default_value = "latest")]
    run: String,
    /// How to print where it came from.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    gate: GateArgs,
}

pub(super) fn run(args: &ExplainArgs, console: &Console) -> Exit {
    let recording = match recorded::open(&args.run, &args.gate, console) {
        Ok(recording) => recording,
        Err(exit) => return exit,
    };
    match explain(&recording, &args.fact) {
        Ok(explanation) => {
            args.format
                .print(&explanation, &explanation.to_string(), console);
            Exit::Passed
        }
        Err(error @ ExplainError::NoFact { .. }) => {
            console.note("  → `gate report --format json` lists all facts");
            console.fail(Exit::Usage, &chain(&error))
        }
        Err(error) => console.fail(Exit::Failed, &chain(&error)),
    }
}
