//! One run from beginning to end: run directory and lock, the world with its layers, the engine,
//! the journal, the report. The same code for the real world and for a rehearsal; only the
//! operator's environment differs.

mod auditing;
mod command;
mod conclusion;
mod directory;
mod journalled;
mod killed;
mod layers;
mod opening;
mod outside;
mod rerun;
mod resume;
mod tools;

use std::sync::Arc;

use camino::Utf8PathBuf;
use jiff::Timestamp;
use tokio::sync::mpsc::UnboundedReceiver;

pub use auditing::Auditing;
pub use command::{InstallHands, check_private, command_ctx, install_hands};
pub use directory::{RunDirectory, SessionError, find as find_run, list as list_runs, report_of};
pub use killed::{Killed, killed, lives};
pub use layers::Wrap;
pub use opening::{Earlier, earlier};
pub use tools::{Survey, Tools, tools, world as survey_world};

use crate::audit;
use crate::engine::{self, Asked, Reporter, Request, Scope, Signal};
use crate::evidence::Bundled;
use crate::gate::{Gate, SubtaskId, Verdict};
use crate::journal::Folded;
use crate::report::Report;
use crate::world::live::{LiveWorld, Operator, Places, ToolPath, isolate};
use crate::world::redact::Redactor;
use crate::world::{Effect, Place, Receipt, RecordLayer, Response, World};
use journalled::Journalled;
pub use rerun::RecordedGate;

/// What a run needs to know besides the gate.
#[derive(Debug, Clone)]
pub struct Options {
    /// The gate, parameters set.
    pub gate: Arc<Gate>,
    /// Directory that holds the checkouts.
    pub workspace: Utf8PathBuf,
    /// Directory that holds runs and attempts.
    pub state: Utf8PathBuf,
    /// The gate's own download cache.
    pub cache: Utf8PathBuf,
    /// Tools that the gate brought itself.
    pub tools: ToolPath,
    /// Versions of the tools by name, for the evidence.
    pub versions: std::collections::BTreeMap<String, String>,
    /// Revision of the flake that this program comes from, when it does.
    pub flake: Option<String>,
    /// Which part to run, and whether it may write.
    pub asked: Asked,
    /// Home directory of whoever rehearses; none on the real world.
    pub rehearser: Option<Utf8PathBuf>,
    /// The run to go on with.
    pub resume: Option<String>,
    /// Keeps the throwaway home when all has passed.
    pub keep: bool,
}

/// A run that came to its end.
#[derive(Debug)]
pub struct Finished {
    /// The gate's verdict.
    pub verdict: Verdict,
    /// Its report.
    pub report: Report,
    /// Where everything is.
    pub directory: RunDirectory,
    /// The run as one file; none when the evidence is not complete.
    pub bundle: Option<Bundled>,
}

/// Runs a gate.
///
/// # Errors
/// If it could not begin: another run in the workspace, a run to resume that is not there or is
/// of another gate, a disk that refuses. Once begun, everything is an outcome.
pub async fn run(
    operator: Operator,
    mut options: Options,
    reporters: Vec<Box<dyn Reporter>>,
    mut signals: UnboundedReceiver<Signal>,
    wrap: Wrap<'_>,
) -> Result<Finished, SessionError> {
    let isolation = isolate();
    let _lock = directory::lock_workspace(&options.state, &options.workspace)?;
    let directory = match &options.resume {
        Some(name) => directory::find(&options.state, name)?,
        None => RunDirectory::new(&options.state),
    };
    let _alive = killed::Alive::mark(&options.state, &directory.run)?;
    let redactor = Arc::new(Redactor::new());
    let live = Arc::new(live(operator, &options, &directory, &redactor));
    options.gate = opening::recorded(&options.gate, &redactor)?;
    let started = clock(&live).await?;
    let outside = wrap(Arc::clone(&live) as Arc<dyn World>);
    let inner = layers::stack(outside, &options, &redactor);
    let keep = conclusion::keep_what_was_run(inner.as_ref(), &options, &isolation);
    let (journal, folded) = opening::open(&options, &directory, started, keep).await?;
    let mut report = SharedReport::new(&options.gate);
    let (journalled, journal_failure) = Journalled::new(journal.clone());
    let own: [Box<dyn Reporter>; 2] = [Box::new(report.clone()), Box::new(journalled)];
    let mut all: Vec<_> = own.into_iter().chain(reporters).collect();
    let resumed = taken_over(&options.gate, folded.as_ref(), started, &directory);
    report.keep(&resumed);
    let request = Request {
        gate: Arc::clone(&options.gate),
        run: directory.run.clone(),
        asked: options.asked.clone(),
        resumed,
    };
    let recorded = RecordLayer::new(Arc::clone(&inner), journal.clone());
    let world = layers::refusing_secrets(recorded, &redactor);
    let outcomes = engine::run(request, world, &mut all, &mut signals).await;
    let ended = wind_down(&live, &mut signals).await;
    let mut end = conclusion::Conclusion {
        world: inner.as_ref(),
        journal: &journal,
        journal_failure: &journal_failure,
        report: &mut report,
        verdict: outcomes.verdict,
    };
    end.keep_receipts(&ended).await;
    let bundle = end.conclude(&directory, &redactor).await;
    let verdict = end.verdict;
    // What is still to be done goes on in the same home.
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

/// What of an earlier part of the run still holds, when there was one.
fn taken_over(
    gate: &Gate,
    folded: Option<&Folded>,
    now: Timestamp,
    directory: &RunDirectory,
) -> Vec<resume::Kept> {
    let Some(folded) = folded else {
        return Vec::new();
    };
    let changed = opening::changed(folded, gate);
    resume::kept(gate, folded, now, directory.home(), &changed)
}

/// Ends what still runs once the engine is through, and takes away what it worked in. Until then
/// what a program left behind was only named: it may be a daemon that the next one works with.
async fn wind_down(live: &LiveWorld, signals: &mut UnboundedReceiver<Signal>) -> Vec<Receipt> {
    tokio::select! {
        () = live.settle() => {}
        // The operator insists: what was given time to end has none left.
        Some(Signal::Interrupt) = signals.recv() => live.kill_all(),
    }
    let ended = live.end_leftovers(std::time::Duration::from_secs(2)).await;
    // An audit that was interrupted could not; where git refuses, the resumed one tries again.
    let _left = audit::clean_up_below(live, &whole_run(), &Place::run("audit")).await;
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
        .learning_from(options.gate.processes.values());
    world.set_tools(options.tools.clone());
    world
}

/// Exchanges of the run as a whole belong to this name.
fn whole_run() -> SubtaskId {
    SubtaskId::new("run")
}

async fn clock(live: &LiveWorld) -> Result<Timestamp, SessionError> {
    match live.perform(&whole_run(), Effect::Now).await {
        Ok(Response::Now(now)) => Ok(now),
        Ok(_) | Err(_) => Err(SessionError::Clock),
    }
}

/// A report that the engine fills and the session reads.
#[derive(Clone)]
struct SharedReport(Arc<std::sync::Mutex<Report>>);

impl SharedReport {
    fn new(gate: &Gate) -> Self {
        Self(Arc::new(std::sync::Mutex::new(Report::new(gate))))
    }

    fn with<T>(&self, change: impl FnOnce(&mut Report) -> T) -> T {
        change(
            &mut self
                .0
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner),
        )
    }

    fn take(&self) -> Report {
        self.with(|report| report.clone())
    }

    /// What an earlier part of this run found out is in its report too.
    fn keep(&self, resumed: &[resume::Kept]) {
        self.with(|report| {
            for (id, outcome, facts) in resumed {
                report.keep(id, outcome, facts);
            }
        });
    }

    /// The evidence is not complete: said in the report, and never a pass.
    fn unrecorded(&self, why: &str) {
        self.with(|report| report.evidence_incomplete(why));
    }
}

impl Reporter for SharedReport {
    fn event(&mut self, event: &crate::engine::Event) {
        self.with(|report| report.take(event));
    }
}
