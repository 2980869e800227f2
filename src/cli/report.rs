//! `gate report`: a run so far, in words or for machines. Read from the journal alone.

use clap::{Args, ValueEnum};

use super::Exit;
use super::args::GateArgs;
use super::console::Console;
use super::operator;
use crate::report::{self, Report, Where, text};
use crate::session::{self, RunDirectory};

#[derive(Debug, Args)]
pub(super) struct ReportArgs {
    /// The run, by its id or the beginning of it.
    #[arg(default_value = "latest")]
    run: String,
    /// How to print it.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    gate: GateArgs,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Md,
    Json,
    Html,
    Junit,
}

pub(super) fn run(args: &ReportArgs, console: &Console) -> Exit {
    let (report, directory) = match load(&args.run, &args.gate, console) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    let made = match args.format {
        Format::Text => Ok(text(&report, console.style(), &place(&directory))),
        Format::Md => Ok(report::markdown(&report)),
        Format::Json => Ok(report::json(&report)),
        Format::Html => report::html(&report),
        Format::Junit => report::junit(&report),
    };
    match made {
        Ok(text) => console.out(&text),
        Err(error) => return console.fail(Exit::Error, &error),
    }
    Exit::Passed
}

fn place(directory: &RunDirectory) -> Where {
    Where {
        run_directory: Some(directory.path.to_string()),
        resume: Some(format!("gate run --resume {}", directory.run)),
        bundle: None,
    }
}

/// Finds a run and puts its report together.
pub(super) fn load(
    name: &str,
    gate: &GateArgs,
    console: &Console,
) -> Result<(Report, RunDirectory), Exit> {
    let operator = operator::of_process().map_err(|error| console.fail(Exit::Error, &error))?;
    let (_, overrides) = operator::gate(gate, &operator, console)?;
    let state = operator::settings(&operator, &overrides).state;
    let directory =
        session::find_run(&state, name).map_err(|error| super::run::failed(&error, console))?;
    let report =
        session::report_of(&directory).map_err(|error| super::run::failed(&error, console))?;
    Ok((report, directory))
}
