//! The command line. clap lives here and nowhere else; what it reads is turned into the
//! library's own types at once.

mod again;
mod args;
mod audit;
mod checked;
mod console;
mod diff;
mod directories;
mod doctor;
mod exit;
mod explain;
mod install;
mod operator;
mod plan;
mod provenance;
mod reap;
mod recorded;
mod rehearse;
mod report;
mod reproduce;
mod run;
mod schema;
mod shell;
mod status;
mod verify;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use console::Console;
pub use exit::Exit;

/// Runs a release gate: a runbook as data, every exchange with the outside recorded, a verdict
/// that can be shown.
#[derive(Debug, Parser)]
#[command(name = "gate", args_conflicts_with_subcommands = true)]
#[command(after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    run: args::RunArgs,
}

const EXIT_CODES: &str = "\
Exit codes:
  0  passed
  1  failed: a regression was found; evidence kept, issues re-opened
  2  the command line or the gate file is wrong; nothing ran
  3  blocked: the outside must change first; says what, and the command to resume
  4  error: could not be determined (a tool missing, no login, network, disk)
  5  critical: a law was found broken from outside (the release tracker is closed)
  130  interrupted; resumable";

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the gate on the real world (the default).
    Run(args::RunArgs),
    /// Runs the same gate in the embedded world; nothing real is touched.
    Rehearse(rehearse::RehearseArgs),
    /// Prints the plan.
    Plan(plan::PlanArgs),
    /// Prints the JSON Schema of gate files.
    Schema,
    /// Says how far a run is, in a few lines.
    Status(status::StatusArgs),
    /// Prints a run's report.
    Report(report::ReportArgs),
    /// Traces a value of a report or comment back to the exchange and the bytes it came from.
    Explain(explain::ExplainArgs),
    /// Checks a bundle: digests, chain of records, seal, verdict, reports.
    Verify(verify::VerifyArgs),
    /// Runs a bundle's gate again in its recorded world and compares byte for byte.
    Reproduce(reproduce::ReproduceArgs),
    /// Compares two runs: where they parted, and every fact that differs.
    Diff(diff::DiffArgs),
    /// Lists every tool with path, version, login and remedy.
    Doctor(doctor::DoctorArgs),
    /// Ends orphan daemons, or shows which it would end and why look-alikes are spared.
    Reap(reap::ReapArgs),
    /// Installs one version of the candidate, locked by hash, away from your own tools, and prints the environment to use it.
    Install(install::InstallArgs),
    /// Shows whether a fix changes behaviour and is proved by a test.
    Audit(audit::AuditArgs),
    /// Prints a completion script for a shell.
    Completions(shell::CompletionArgs),
    /// Prints the man page, or writes all of them.
    Man(shell::ManArgs),
}

/// Parses the command line, does it, and gives the exit code.
#[must_use]
pub fn main() -> ExitCode {
    let cli = match parse() {
        Ok(cli) => cli,
        Err(error) => return exit::of_clap(&error),
    };
    let mut console = Console::of_process();
    console.log_when_asked();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            return console
                .fail(Exit::Error, &format!("cannot start: {error}"))
                .into();
        }
    };
    let exit = runtime.block_on(dispatch(cli, &mut console));
    // What still runs after a second Ctrl-C was already told to end; nobody waits for it.
    runtime.shutdown_background();
    console.exit(exit).into()
}

fn parse() -> Result<Cli, clap::Error> {
    let version = provenance::Provenance::revisions().version();
    let command = Cli::command().version(version);
    Cli::from_arg_matches(&command.try_get_matches()?)
}

async fn dispatch(cli: Cli, console: &mut Console) -> Exit {
    match cli.command.unwrap_or(Command::Run(cli.run)) {
        Command::Run(args) => run::run(args, console).await,
        Command::Rehearse(args) => rehearse::run(args, console).await,
        Command::Plan(args) => plan::run(&args, console),
        Command::Schema => schema::run(console),
        Command::Status(args) => status::run(&args, console),
        Command::Report(args) => report::run(&args, console),
        Command::Explain(args) => explain::run(&args, console),
        Command::Verify(args) => verify::run(&args, console),
        Command::Reproduce(args) => reproduce::run(args, console).await,
        Command::Diff(args) => diff::run(&args, console),
        Command::Doctor(args) => doctor::run(&args, console).await,
        Command::Reap(args) => reap::run(&args, console).await,
        Command::Install(args) => install::run(args, console).await,
        Command::Audit(args) => audit::run(args, console).await,
        Command::Completions(args) => shell::completions(&args, &mut Cli::command(), console),
        Command::Man(args) => shell::man(&args, Cli::command(), console),
    }
}
