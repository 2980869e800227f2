//! `gate status`: how far a run is.

use clap::Args;

use super::Exit;
use super::args::GateArgs;
use super::console::Console;
use super::{operator, report};
use crate::report::{label, note};
use crate::session;

#[derive(Debug, Args)]
pub(super) struct StatusArgs {
    /// The run, by its id or the beginning of it.
    #[arg(default_value = "latest")]
    run: String,
    /// Lists all runs there are.
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    gate: GateArgs,
}

pub(super) fn run(args: &StatusArgs, console: &Console) -> Exit {
    if args.all {
        return list(args, console);
    }
    let report::Loaded { report, .. } = match report::load(&args.run, &args.gate, console) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    let total = report.subtasks().count();
    let ended = report
        .subtasks()
        .filter(|subtask| subtask.result.is_some())
        .count();
    let verdict = report.verdict_in_words();
    console.out(&format!(
        "{} {}: {verdict}, {ended} of {total} subtasks ended\n",
        report.gate, report.run
    ));
    for subtask in report.subtasks() {
        let Some(result) = &subtask.result else {
            continue;
        };
        let word = console
            .output_style()
            .outcome(Some(result), &format!("{:<9}", label(Some(result))));
        console.out(&format!(
            "{:<5} {word} {} – {}\n",
            subtask.id,
            subtask.title,
            note(result)
        ));
    }
    Exit::Passed
}

fn list(args: &StatusArgs, console: &Console) -> Exit {
    let operator = match operator::of_process() {
        Ok(operator) => operator,
        Err(error) => return console.fail(Exit::Error, &error),
    };
    let overrides = match operator::gate(&args.gate, &operator, console) {
        Ok((_, overrides)) => overrides,
        Err(exit) => return exit,
    };
    match session::list_runs(&operator::settings(&operator, &overrides).state) {
        Ok(runs) if runs.is_empty() => console.out("no runs yet\n"),
        Ok(runs) => runs
            .iter()
            .for_each(|run| console.out(&format!("{}  {}\n", run.run, run.path))),
        Err(error) => return console.fail(Exit::Error, &error.to_string()),
    }
    Exit::Passed
}
