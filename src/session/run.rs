//! Runs a gate from the lock to the bundle.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc::UnboundedReceiver;

use super::conclusion::{self, Conclusion};
use super::directory::{RunDirectory, SessionError, find};
use super::finished::Finished;
use super::hold::hold;
use super::journalled::Journalled;
use super::layers::{self, Wrap};
use super::options::Options;
use super::shared_report::SharedReport;
use super::{killed, opening, outside, remake, resume};
use crate::audit;
use crate::engine::{self, NotesInputs, Reporter, Request, Signal};
use crate::journal::{FORMAT, Folded, RecordLayer};
use crate::model::{Scope, SubtaskId, Verdict};
use crate::world::live::{LiveWorld, Operator, Places, isolate};
use crate::world::redact::Redactor;
use crate::world::{Now, Place, Receipt, World, ask};

/// Runs a gate.
///
/// # Errors
/// If it could not start: another run in the workspace, a run to resume that does not exist or
/// belongs to another gate, a file operation that failed. Once it has started, every error is an
/// outcome.
pub async fn run(
    operator: Operator,
    mut options: Options,
    reporters: Vec<Box<dyn Reporter>>,
    mut signals: UnboundedReceiver<Signal>,
    wrap: Wrap<'_>,
) -> Result<Finished, SessionError> {
    let mut isolation = isolate();
    isolation.sandbox.clone_from(&options.sandbox.version);
    let directory = match &options.resume {
        Some(name) => find(&options.state, name)?,
        None => RunDirectory::new(&options.state),
    };
    let _alive = killed::Alive::mark(&options.state, &directory.run)?;
    let redactor = Arc::new(Redactor::new());
    let live = Arc::new(live(operator, &options, &directory, &redactor));
    let mut reporters = reporters;
    let _workspace = hold(&live, &options, &directory, &mut reporters, &mut signals).await?;
    options.gate = opening::recorded(&options.gate, &redactor)?;
    let started = clock(&live).await?;
    let outside = wrap(Arc::clone(&live) as Arc<dyn World>);
    let inner = layers::stack(outside, &options, &redactor);
    let keep = conclusion::keep_what_was_run(inner.as_ref(), &options, &isolation);
    let (journal, folded) = opening::open(&options, &directory, started, keep).await?;
    let mut report = SharedReport::new(&options.gate);
    report.with(|report| report.unconfined = options.asked.unconfined);
    let (journalled, journal_failure) = Journalled::new(journal.clone());
    let own: [Box<dyn Reporter>; 2] = [Box::new(report.clone()), Box::new(journalled)];
    let mut all: Vec<_> = own.into_iter().chain(reporters).collect();
    let recorded = RecordLayer::new(Arc::clone(&inner), journal.clone());
    let world = layers::refusing_secrets(recorded, &redactor);
    let resumption = taken_over(&options, folded.as_ref(), started, &directory, &world).await?;
    if folded.is_some() {
        let lines = resumption.lines();
        for reporter in &mut all {
            reporter.resumed(&lines);
        }
    }
    report.keep(&resumption.kept);
    let request = Request {
        gate: Arc::clone(&options.gate),
        run: directory.run.clone(),
        // A run keeps its original behaviour: its recording requests nothing that was added later.
        format: folded
            .as_ref()
            .map_or(FORMAT, |folded| folded.header.format),
        asked: options.asked.clone(),
        resumed: resumption.kept,
        inputs: NotesInputs::Yes,
    };
    let outcomes = engine::run(request, world, &mut all, &mut signals).await;
    let ended = wind_down(&live, &mut signals).await;
    let mut end = Conclusion {
        world: inner.as_ref(),
        journal: &journal,
        journal_failure: &journal_failure,
        report: &mut report,
        verdict: outcomes.verdict,
    };
    end.keep_receipts(&ended).await;
    let bundle = end.conclude(&directory, &redactor).await;
    let verdict = end.verdict;
    // The remaining subtasks run in the same home.
    let whole = options.asked.scope == Scope::All;
    if verdict == Verdict::Passed && whole && !options.keep {
        directory.drop_throwaway();
    }
    Ok(Finished {
        verdict,
        report: report.take(),
        directory,
        bundle,
    })
}

/// Which results of an earlier part of the run are still valid, if there was one.
async fn taken_over(
    options: &Options,
    folded: Option<&Folded>,
    started: Timestamp,
    directory: &RunDirectory,
    world: &Arc<dyn World>,
) -> Result<resume::Resumption, SessionError> {
    let Some(folded) = folded else {
        return Ok(resume::Resumption::default());
    };
    let gate = &options.gate;
    let handed_on = options.handed_on.is_some();
    let found = remake::found(gate, folded, handed_on, &options.asked, world).await;
    let now = resume::Now {
        at: started,
        home: found.home.unwrap_or_else(|| directory.home()),
        parameters: &opening::changed(folded, gate),
        inputs: &found.changed,
        ageless: &resume::ageless(gate, &options.asked.scope, handed_on),
    };
    let mut resumption = resume::resumption(gate, folded, &now);
    resumption.made = found.made;
    if handed_on {
        resume::must_be_given(gate, &options.asked.scope, &resumption)
            .map_err(|(subtask, why)| SessionError::NotGiven { subtask, why })?;
    }
    Ok(resumption)
}

/// Ends the remaining processes once the engine is done, and removes the working directories. Until
/// then, what a program left behind was only reported: it may be a daemon that the next one uses.
async fn wind_down(live: &LiveWorld, signals: &mut UnboundedReceiver<Signal>) -> Vec<Receipt> {
    tokio::select! {
        () = live.settle() => {}
        // The operator asked again: programs that were given time to end have none left.
        Some(Signal::Interrupt) = signals.recv() => live.kill_all(),
    }
    let ended = live.end_leftovers(Duration::from_secs(2)).await;
    // An interrupted audit could not do this; if git refuses, the resumed one tries again.
    let _left = audit::clean_up_below(live, &SubtaskId::whole_run(), &Place::run("audit")).await;
    ended
}

fn live(
    operator: Operator,
    options: &Options,
    directory: &RunDirectory,
    redactor: &Arc<Redactor>,
) -> LiveWorld {
    let places = Places::new(
        directory.path.clone(),
        options.workspace.clone(),
        options.state.clone(),
        options.cache.clone(),
        operator.home.clone(),
    )
    .with_pipx_of(&operator);
    let places = outside::with_outside(places, &operator, options.rehearser.as_deref());
    let world = LiveWorld::new(operator, places, Arc::clone(redactor))
        .learning_from(options.gate.processes.values())
        .with_sandbox(options.sandbox.choice);
    world.set_tools(options.tools.clone());
    world
}

async fn clock(live: &LiveWorld) -> Result<Timestamp, SessionError> {
    let now = ask(live, &SubtaskId::whole_run(), Now).await;
    now.map_err(|_| SessionError::Clock)
}
