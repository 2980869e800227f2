//! `gate report`: a run so far, in words or for machines. Read from the journal alone.

use clap::{Args, ValueEnum};

use super::Exit;
use super::again::Again;
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
    let Loaded {
        report,
        directory,
        again,
    } = match load(&args.run, &args.gate, console) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    let made = match args.format {
        Format::Text => Ok(text(
            &report,
            console.output_style(),
            &place(&directory, &again),
        )),
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

fn place(directory: &RunDirectory, again: &Again) -> Where {
    Where {
        run_directory: Some(directory.path.to_string()),
        resume: Some(again.command(&directory.run)),
        rest: Some(again.rest(&directory.run)),
        bundle: None,
    }
}

/// A run that was found.
pub(super) struct Loaded {
    pub(super) report: Report,
    directory: RunDirectory,
    again: Again,
}

/// Finds a run and puts its report together.
pub(super) fn load(name: &str, gate: &GateArgs, console: &Console) -> Result<Loaded, Exit> {
    let failed = |error| super::run::failed(&error, console);
    let operator = operator::of_process().map_err(|error| console.fail(Exit::Error, &error))?;
    let (_, overrides) = operator::gate(gate, &operator, console)?;
    let settings = operator::settings(&operator, &overrides);
    let directory = session::find_run(&settings.state, name).map_err(failed)?;
    let (mut report, asked) = session::report_of(&directory).map_err(failed)?;
    report.cut_off = report.verdict.is_none() && !session::lives(&settings.state, &directory.run);
    let again = Again::new(&overrides, &settings, &asked, false);
    Ok(Loaded {
        report,
        directory,
        again,
    })
}
