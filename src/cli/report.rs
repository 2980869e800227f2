//! `gate report`: a run so far, in words or for machines. Read from the journal alone.

use clap::{Args, ValueEnum};

use super::Exit;
use super::again::Again;
use super::args::GateArgs;
use super::console::Console;
use super::{operator, recorded};
use crate::report::{self, Report, Where, text};
use crate::session::{self, BundledRun, RunDirectory};

#[derive(Debug, Args)]
pub(super) struct ReportArgs {
    /// The run: its id or the beginning of it, its directory, or its bundle.
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
    let Loaded { report, of } = match load(&args.run, &args.gate, console) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    let made = match args.format {
        Format::Text => Ok(text(&report, console.output_style(), &of.place())),
        Format::Md => of.markdown(&report),
        Format::Json => Ok(report::json(&report)),
        Format::Html => of.page(&report),
        Format::Junit => report::junit(&report),
    };
    match made {
        Ok(text) => console.out(&text),
        Err(error) => return console.fail(Exit::Error, &error),
    }
    Exit::Passed
}

/// Prints a run as text.
pub(super) fn print(name: &str, gate: &GateArgs, console: &Console) -> Result<(), Exit> {
    let Loaded { report, of } = load(name, gate, console)?;
    console.out(&text(&report, console.output_style(), &of.place()));
    Ok(())
}

/// Where a report was read.
enum Of {
    Run(RunDirectory, Again),
    Bundle(Box<BundledRun>),
}

impl Of {
    fn place(&self) -> Where {
        match self {
            Self::Run(directory, again) => Where {
                run_directory: Some(directory.path.to_string()),
                resume: Some(again.command(&directory.run)),
                rest: Some(again.rest(&directory.run)),
                bundle: None,
            },
            Self::Bundle(_) => Where::default(),
        }
    }

    fn page(&self, report: &Report) -> Result<String, String> {
        match self {
            Self::Run(directory, _) => {
                session::page_of(directory, report).map_err(|error| error.to_string())
            }
            Self::Bundle(bundle) => bundle.page(report),
        }
    }

    fn markdown(&self, report: &Report) -> Result<String, String> {
        match self {
            Self::Run(directory, _) => {
                session::markdown_of(directory, report).map_err(|error| error.to_string())
            }
            Self::Bundle(bundle) => Ok(bundle.markdown(report)),
        }
    }
}

/// A run that was found.
pub(super) struct Loaded {
    pub(super) report: Report,
    of: Of,
}

/// Finds a run, by its id, its directory or its bundle, and puts its report together.
pub(super) fn load(name: &str, gate: &GateArgs, console: &Console) -> Result<Loaded, Exit> {
    if let Some(bundle) = recorded::bundled(name, console)? {
        return Ok(Loaded {
            report: bundle.report(),
            of: Of::Bundle(Box::new(bundle)),
        });
    }
    let failed = |error| super::failure::failed(&error, console);
    let operator = operator::of_process().map_err(|error| console.fail(Exit::Error, &error))?;
    let (given, overrides) = operator::gate(gate, &operator, console)?;
    let settings = operator::settings(&operator, &overrides);
    let of_gate = gate.gate.is_some().then_some(given.name.as_str());
    let directory = session::find_run_of(&settings.state, name, of_gate).map_err(failed)?;
    let so_far = session::report_of(&directory).map_err(failed)?;
    let mut report = so_far.report;
    report.cut_off = report.verdict.is_none() && !session::lives(&settings.state, &directory.run);
    let again = Again::new(
        &overrides,
        &settings,
        &so_far.asked,
        so_far.world.as_ref(),
        false,
    );
    Ok(Loaded {
        report,
        of: Of::Run(directory, again),
    })
}
