//! The command line. clap lives here and nowhere else; what it reads is turned into the
//! library's own types at once.

mod actions;
mod again;
mod args;
mod attest;
mod audit;
mod checked;
mod console;
mod diff;
mod directories;
mod doctor;
mod exit;
mod explain;
mod failure;
mod faults;
mod init;
mod install;
mod machine;
mod matrix;
mod operator;
mod plan;
mod provenance;
mod reap;
mod recorded;
mod rehearse;
mod report;
mod reproduce;
mod resumed;
mod run;
mod runs;
mod sandbox;
mod schema;
mod shell;
mod sign;
mod signals;
mod status;
mod verbs;
mod verify;
mod workflow;

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
  3  blocked: waiting on an external condition; says which, and the command to resume
  4  error: could not be determined (a tool missing, no login, network, disk)
  5  critical: an invariant was violated by someone else (the release tracker is closed)
  130  interrupted; resumable";

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the gate on the real world (the default).
    Run(args::RunArgs),
    /// Runs the same gate in the embedded world; nothing real is touched.
    Rehearse(rehearse::RehearseArgs),
    /// Writes a gate file to begin with, and the template of its comment.
    Init(init::InitArgs),
    /// Prints the plan.
    Plan(plan::PlanArgs),
    /// Lists what a subtask can do, or shows one verb: fields, facts, writes, policy, an example.
    Verbs(verbs::VerbsArgs),
    /// Prints the JSON Schema of gate files.
    Schema,
    /// Prints a GitHub Actions workflow that runs the gate on as many machines as it needs.
    Workflow(workflow::WorkflowArgs),
    /// Says how far a run is, in a few lines.
    Status(status::StatusArgs),
    /// Lists the runs there are, and removes those that nobody needs any more.
    Runs(runs::RunsArgs),
    /// Prints a run's report.
    Report(report::ReportArgs),
    /// Traces a value of a report or comment back to the exchange and the bytes it came from.
    Explain(explain::ExplainArgs),
    /// Checks a bundle: digests, chain of records, seal, verdict, reports.
    Verify(verify::VerifyArgs),
    /// Signs what a bundle shows, as in-toto statements in a file beside it.
    Attest(attest::AttestArgs),
    /// Runs a bundle's gate again in its recorded world and compares byte for byte.
    Reproduce(reproduce::ReproduceArgs),
    /// Compares two runs: where they parted, and every fact that differs.
    Diff(diff::DiffArgs),
    /// Puts the verdicts of several bundles side by side: candidates × platforms.
    Matrix(matrix::MatrixArgs),
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
    let taken = crate::world::live::take_environment();
    let cli = match parse() {
        Ok(cli) => cli,
        Err(error) => return exit::of_clap(&error),
    };
    let mut console = Console::of_process();
    console.log_when_asked();
    if let Err(error) = taken {
        console.note(&format!(
            "what you have in the environment can be read by the programs of this run: {error}"
        ));
    }
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
        Command::Init(args) => init::run(&args, console),
        Command::Plan(args) => plan::run(&args, console),
        Command::Verbs(args) => verbs::run(&args, console),
        Command::Schema => schema::run(console),
        Command::Status(args) => status::run(&args, console).await,
        Command::Runs(args) => runs::run(&args, console).await,
        Command::Workflow(args) => workflow::run(args, console),
        Command::Report(args) => report::run(&args, console),
        Command::Explain(args) => explain::run(&args, console),
        Command::Verify(args) => verify::run(&args, console).await,
        Command::Attest(args) => attest::run(args, console).await,
        Command::Reproduce(args) => reproduce::run(args, console).await,
        Command::Diff(args) => diff::run(&args, console),
        Command::Matrix(args) => matrix::run(&args, console),
        Command::Doctor(args) => doctor::run(&args, console).await,
        Command::Reap(args) => reap::run(&args, console).await,
        Command::Install(args) => install::run(args, console).await,
        Command::Audit(args) => audit::run(args, console).await,
        Command::Completions(args) => shell::completions(&args, &mut Cli::command(), console),
        Command::Man(args) => shell::man(&args, Cli::command(), console),
    }
}
