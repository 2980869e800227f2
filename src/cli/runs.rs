//! `gate runs`: the runs there are, and removing those that nobody needs any more.

use std::collections::BTreeSet;
use std::time::Duration;

use clap::{Args, Subcommand};
use jiff::Timestamp;

use super::Exit;
use super::args::GateArgs;
use super::console::Console;
use super::failure::failed;
use super::operator::{self, Settings};
use crate::model::SubtaskId;
use crate::session::{self, RunSummary};
use crate::world::{Now, ask};

#[derive(Debug, Args)]
pub(super) struct RunsArgs {
    #[command(subcommand)]
    what: Option<What>,
    #[command(flatten)]
    gate: GateArgs,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Removes runs with all they hold, after asking: bundles that were not copied go with them.
    Prune(PruneArgs),
}

#[derive(Debug, Args)]
struct PruneArgs {
    /// A run to keep, by its id or the beginning of it; may be given several times.
    #[arg(long, value_name = "RUN")]
    keep: Vec<String>,
    /// Answers yes.
    #[arg(long, short)]
    yes: bool,
}

pub(super) async fn run(args: &RunsArgs, console: &Console) -> Exit {
    match &args.what {
        None => list(&args.gate, console).await,
        Some(What::Prune(prune)) => match pruned(prune, &args.gate, console).await {
            Ok(()) => Exit::Passed,
            Err(exit) => exit,
        },
    }
}

/// Prints all runs: gate, world, verdict, candidate, age.
pub(super) async fn list(gate: &GateArgs, console: &Console) -> Exit {
    match looked_up(gate, console).await {
        Ok((_, runs, _)) if runs.is_empty() => console.out("no runs yet\n"),
        Ok((_, runs, now)) => {
            let runs: Vec<&RunSummary> = runs.iter().collect();
            console.out(&table(&runs, now));
        }
        Err(exit) => return exit,
    }
    Exit::Passed
}

/// The runs of a state directory, those of one gate where one is given, and the time of day.
async fn looked_up(
    gate: &GateArgs,
    console: &Console,
) -> Result<(Settings, Vec<RunSummary>, Timestamp), Exit> {
    let operator = operator::of_process().map_err(|error| console.fail(Exit::Error, &error))?;
    let (given, overrides) = operator::gate(gate, &operator, console)?;
    let settings = operator::settings(&operator, &overrides);
    let mut runs = session::summaries(&settings.state).map_err(|error| failed(&error, console))?;
    if gate.gate.is_some() {
        let of_gate = |run: &RunSummary| {
            let subject = run.subject.as_ref();
            subject.is_some_and(|subject| subject.gate.name == given.name)
        };
        runs.retain(of_gate);
    }
    let survey = session::survey_world(&operator, &settings.cache);
    let now = ask(&survey.world, &SubtaskId::new("runs"), Now).await;
    let now = now.map_err(|error| console.fail(Exit::Error, &error.to_string()))?;
    Ok((settings, runs, now))
}

async fn pruned(args: &PruneArgs, gate: &GateArgs, console: &Console) -> Result<(), Exit> {
    let (settings, runs, now) = looked_up(gate, console).await?;
    let mut kept = BTreeSet::new();
    for name in &args.keep {
        let found = session::find_run(&settings.state, name);
        kept.insert(found.map_err(|error| failed(&error, console))?.run);
    }
    let goes = |run: &&RunSummary| !run.lives && !kept.contains(&run.run);
    let going: Vec<&RunSummary> = runs.iter().filter(goes).collect();
    if going.is_empty() {
        console.out("no run to remove\n");
        return Ok(());
    }
    console.note(table(&going, now).trim_end());
    if !args.yes {
        if !console.can_ask() {
            let text = "no terminal to ask on: give --yes to remove these runs";
            return Err(console.fail(Exit::Usage, text));
        }
        if !console.ask("Remove these runs, with all they hold?") {
            return Err(console.fail(Exit::Usage, "not confirmed; nothing was removed"));
        }
    }
    for run in going {
        session::remove_run(&settings.state, &run.run).map_err(|error| failed(&error, console))?;
        console.out(&format!("removed {}\n", run.run));
    }
    Ok(())
}

fn table(runs: &[&RunSummary], now: Timestamp) -> String {
    let head = ["run", "gate", "world", "verdict", "candidate", "age"].map(str::to_owned);
    let rows: Vec<[String; 6]> = std::iter::once(head)
        .chain(runs.iter().map(|run| row(run, now)))
        .collect();
    let width = |column: usize| {
        let widths = rows.iter().map(|row| row[column].chars().count());
        widths.max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..6).map(width).collect();
    let line = |row: &[String; 6]| {
        let cells = row.iter().zip(&widths);
        let cells: Vec<String> = cells
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        cells.join("  ").trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}

fn row(run: &RunSummary, now: Timestamp) -> [String; 6] {
    let none = || "–".to_owned();
    let subject = run.subject.as_ref();
    let verdict = match subject {
        None => "cannot be read".to_owned(),
        Some(_) if run.lives => "in progress".to_owned(),
        Some(subject) => match subject.verdict {
            Some(verdict) if subject.dry_run => format!("{verdict} (dry run)"),
            Some(verdict) => verdict.to_string(),
            None => "interrupted".to_owned(),
        },
    };
    let candidate = subject.and_then(|subject| subject.candidate.as_ref()?.version.clone());
    let world = subject.and_then(|subject| subject.world.as_ref());
    [
        run.run.clone(),
        subject.map_or_else(none, |subject| subject.gate.name.clone()),
        world.map_or_else(none, ToString::to_string),
        verdict,
        candidate.unwrap_or_else(none),
        run.started.map_or_else(none, |started| age(started, now)),
    ]
}

/// How long ago something was, as people say it.
fn age(started: Timestamp, now: Timestamp) -> String {
    let passed = Duration::try_from(now.duration_since(started)).unwrap_or_default();
    match passed.as_secs() {
        seconds if seconds < 120 => format!("{seconds} s"),
        seconds if seconds < 7200 => format!("{} min", seconds / 60),
        seconds if seconds < 172_800 => format!("{} h", seconds / 3600),
        seconds => format!("{} d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_short() {
        let now = Timestamp::UNIX_EPOCH;
        let ago = |seconds: i64| age(Timestamp::from_second(-seconds).unwrap(), now);
        let ages = [5, 300, 10_000, 500_000].map(ago);
        assert_eq!(ages, ["5 s", "5 min", "2 h", "5 d"]);
    }
}
