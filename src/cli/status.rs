//! `gate status`: how far a run is.

use std::collections::BTreeMap;

use clap::Args;

use super::Exit;
use super::args::GateArgs;
use super::console::Console;
use super::{operator, report, runs};
use crate::engine::Reporter as _;
use crate::model::subject::Subject;
use crate::model::{Outcome, Stop, SubtaskId};
use crate::report::{Live, Plain, label, note};
use crate::session::{self, FollowEnd};

#[derive(Debug, Args)]
pub(super) struct StatusArgs {
    /// The run: its id or the beginning of it, its directory, or its bundle.
    #[arg(default_value = "latest")]
    run: String,
    /// Lists all runs there are: gate, world, verdict, candidate, age.
    #[arg(long)]
    all: bool,
    /// Follows the run from this terminal until it ends; then the exit code is the run's.
    #[arg(long, conflicts_with = "all")]
    follow: bool,
    #[command(flatten)]
    gate: GateArgs,
}

pub(super) async fn run(args: &StatusArgs, console: &Console) -> Exit {
    if args.all {
        return runs::list(&args.gate, console).await;
    }
    if args.follow {
        return follow(args, console).unwrap_or_else(|exit| exit);
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
    for (what, which) in report.subject.iter().flat_map(Subject::lines) {
        console.out(&format!("{what:<10} {which}\n"));
    }
    let mut stopped: BTreeMap<SubtaskId, Vec<SubtaskId>> = BTreeMap::new();
    for subtask in report.subtasks() {
        let Some(result) = &subtask.result else {
            continue;
        };
        if let Outcome::NotRun {
            because: Stop::Subtask(by),
        } = result
        {
            let all = stopped.entry(by.clone()).or_default();
            all.push(subtask.id.clone());
            continue;
        }
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
    for (by, all) in &stopped {
        console.out(&format!("{}\n", crate::report::stopped(by, all)));
    }
    Exit::Passed
}

/// Shows a run that another process is at work on, as that process shows it.
fn follow(args: &StatusArgs, console: &Console) -> Result<Exit, Exit> {
    let failed = |error| super::failure::failed(&error, console);
    let operator = operator::of_process().map_err(|error| console.fail(Exit::Error, &error))?;
    let (given, overrides) = operator::gate(&args.gate, &operator, console)?;
    let state = operator::settings(&operator, &overrides).state;
    let of_gate = args.gate.gate.is_some().then_some(given.name.as_str());
    let directory = session::find_run_of(&state, &args.run, of_gate).map_err(failed)?;
    let gate = session::gate_of(&directory).map_err(failed)?;
    let end = if console.live {
        let estimates = session::estimates(&state, &gate.name);
        let columns = Box::new(Console::columns);
        let mut live = Live::new(&gate, console.style(), estimates, columns);
        let end = session::follow(&state, &directory, &mut |event, ago| {
            live.event_of(event, ago);
        });
        live.clear();
        end
    } else {
        let mut plain = Plain::new(&gate, console.style(), std::io::stderr());
        session::follow(&state, &directory, &mut |event, _| plain.event(event))
    };
    match end.map_err(failed)? {
        FollowEnd::Ended(verdict) => {
            report::print(&args.run, &args.gate, console)?;
            Ok(verdict.into())
        }
        FollowEnd::Dead => {
            console.note(&format!(
                "run {} is dead: no process is at work on it, and it has no verdict",
                directory.run
            ));
            report::print(&args.run, &args.gate, console)?;
            Ok(Exit::Interrupted)
        }
    }
}
