//! `gate plan`.

use clap::{Args, ValueEnum};

use super::console::Console;
use super::{Exit, args::GateArgs, machine, operator};
use crate::gate::plan;
use crate::model::Scope;

#[derive(Debug, Args)]
pub(super) struct PlanArgs {
    #[command(flatten)]
    gate: GateArgs,
    /// How to print it.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Table,
    Json,
    Mermaid,
    Dot,
}

pub(super) fn run(args: &PlanArgs, console: &Console) -> Exit {
    let operator = match operator::of_process() {
        Ok(operator) => operator,
        Err(error) => return console.fail(Exit::Error, &error),
    };
    let (gate, overrides) = match operator::gate(&args.gate, &operator, console) {
        Ok(gate) => gate,
        Err(exit) => return exit,
    };
    if args.gate.gate.is_some() && overrides.settings.contains_key("workspace") {
        let settings = operator::settings(&operator, &overrides);
        machine::warn_of_missing_checkouts(&gate, &Scope::All, &settings, console);
    }
    console.out(&match args.format {
        Format::Table => plan::table(&gate),
        Format::Json => format!("{:#}\n", plan::json(&gate)),
        Format::Mermaid => plan::mermaid(&gate),
        Format::Dot => plan::dot(&gate),
    });
    Exit::Passed
}
