//! One run from beginning to end: run directory and lock, the world with its layers, the engine,
//! the journal, the report. The same code for the real world and for a rehearsal; only the
//! operator's environment differs.

mod auditing;
mod command;
mod directory;
mod journalled;
mod killed;
mod layers;
mod resume;
mod tools;

use std::sync::Arc;

use camino::Utf8PathBuf;
use jiff::Timestamp;
use tokio::sync::mpsc::UnboundedReceiver;

pub use auditing::Auditing;
pub use command::command_ctx;
pub use directory::{RunDirectory, SessionError, find as find_run, list as list_runs, report_of};
pub use killed::{Killed, killed};
pub use layers::Wrap;
pub use tools::{Survey, Tools, tools, world as survey_world};

use crate::audit;
use crate::engine::{self, Outcomes, Reporter, Request, Scope, Signal};
use crate::gate::{Gate, SubtaskId, Verdict};
use crate::journal::{GateRef, Header, Journal, Resumed};
use crate::report::{Report, markdown};
use crate::world::live::{Isolation, LiveWorld, Operator, Places, ToolPath, isolate};
use crate::world::redact::Redactor;
use crate::world::{Effect, Place, RecordLayer, Response, World, WriteFile};
use journalled::Journalled;

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
    /// Which part to run.
    pub scope: Scope,
    /// The run to go on with.
    pub resume: Option<String>,
    /// Reads only.
    pub dry_run: bool,
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
}

/// Runs a gate.
///
/// # Errors
/// If it could not begin: another run in the workspace, a run to resume that is not there or is
/// of another gate, a disk that refuses. Once begun, everything is an outcome.
pub async fn run(
    operator: Operator,
    options: Options,
    mut reporters: Vec<Box<dyn Reporter>>,
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
    let live = Arc::new(live(operator, &options, &directory));
    let started = clock(&live).await?;
    let (journal, folded) = open(&options, &directory, started)?;
    let outside = wrap(Arc::clone(&live) as Arc<dyn World>);
    let inner = layers::stack(outside, &options);
    let recorded = Arc::new(RecordLayer::new(inner, journal.clone()));
    let mut report = SharedReport::new(&options.gate);
    let mut all: Vec<Box<dyn Reporter>> = vec![Box::new(report.clone())];
    let (journalled, journal_failure) = Journalled::new(journal.clone());
    all.push(Box::new(journalled));
    all.append(&mut reporters);
    let resumed = folded
        .as_ref()
        .map(|folded| resume::kept(&options.gate, folded, started))
        .unwrap_or_default();
    report.keep(&resumed);
    let request = Request {
        gate: Arc::clone(&options.gate),
        run: directory.run.clone(),
        scope: options.scope.clone(),
        dry_run: options.dry_run,
        resumed,
    };
    prepare(recorded.as_ref(), &options, &isolation).await?;
    let outcomes = engine::run(request, recorded.clone(), &mut all, &mut signals).await;
    tokio::select! {
        () = live.settle() => {}
        // The operator insists: what was given time to end has none left.
        Some(Signal::Interrupt) = signals.recv() => live.kill_all(),
    }
    live.end_leftovers(std::time::Duration::from_secs(2)).await;
    // An audit that was interrupted could not; where git refuses, the resumed one tries again.
    let _left = audit::clean_up_below(live.as_ref(), &whole_run(), &Place::run("audit")).await;
    let verdict = conclude(
        &outcomes,
        recorded.as_ref(),
        &journal,
        &journal_failure,
        &mut report,
    )
    .await;
    if verdict == Verdict::Passed && !options.keep {
        directory.drop_home();
    }
    Ok(Finished {
        verdict,
        report: report.take(),
        directory,
    })
}

fn live(operator: Operator, options: &Options, directory: &RunDirectory) -> LiveWorld {
    let places = Places::new(
        directory.path.clone(),
        options.workspace.clone(),
        options.state.clone(),
        options.cache.clone(),
        operator.home.clone(),
    );
    let world = LiveWorld::new(operator, places, Arc::new(Redactor::new()));
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

type Opened = (Journal, Option<crate::journal::Folded>);

fn open(
    options: &Options,
    directory: &RunDirectory,
    started: Timestamp,
) -> Result<Opened, SessionError> {
    let version = env!("CARGO_PKG_VERSION").to_owned();
    let path = directory.path.as_std_path();
    let gate = GateRef {
        name: options.gate.name.clone(),
        sha256: options.gate.source.sha256.clone(),
    };
    if options.resume.is_some() {
        let resumed = Resumed {
            epoch: 0,
            started,
            version,
            tools: options.versions.clone(),
        };
        let (journal, folded) = Journal::resume(path, resumed)?;
        if folded.header.gate != gate {
            return Err(SessionError::OtherGate {
                run: directory.run.clone(),
                gate: folded.header.gate.name,
            });
        }
        return Ok((journal, Some(folded)));
    }
    let header = Header {
        format: crate::journal::FORMAT,
        run: directory.run.clone(),
        gate,
        parameters: parameters(&options.gate),
        tools: options.versions.clone(),
        version,
        flake: options.flake.clone(),
        started,
        plan: options
            .gate
            .subtasks()
            .map(|(_, subtask)| subtask.id.clone())
            .collect(),
    };
    Ok((Journal::create(path, header)?, None))
}

fn parameters(gate: &Gate) -> std::collections::BTreeMap<String, serde_json::Value> {
    crate::gate::leaves(&gate.parameters)
        .into_iter()
        .map(|(name, value)| (name, value.clone()))
        .collect()
}

/// What keeps the run's programs apart, and the gate file, go into the run directory, so that the run can be told and resumed without
/// the file it was started from.
async fn prepare(
    world: &dyn World,
    options: &Options,
    isolation: &Isolation,
) -> Result<(), SessionError> {
    let isolation = serde_json::to_string_pretty(isolation).unwrap_or_default();
    let mut files = vec![(Place::run("isolation.json"), isolation)];
    files.push((Place::run("gate.toml"), options.gate.source.text.clone()));
    for (name, text) in &options.gate.templates {
        files.push((Place::run("templates").join(name), text.clone()));
    }
    for (path, text) in files {
        let effect = Effect::WriteFile(WriteFile {
            path,
            text,
            replace: options.resume.is_some(),
        });
        world.perform(&whole_run(), effect).await?;
    }
    Ok(())
}

/// Writes the report and seals the journal. No evidence, no pass.
async fn conclude(
    outcomes: &Outcomes,
    world: &dyn World,
    journal: &Journal,
    journal_failure: &journalled::Failure,
    report: &mut SharedReport,
) -> Verdict {
    let told = report.take();
    let json = serde_json::to_string_pretty(&told).unwrap_or_default();
    let mut verdict = outcomes.verdict;
    for (name, text) in [("report.json", json), ("report.md", markdown(&told))] {
        let effect = Effect::WriteFile(WriteFile {
            path: Place::run(name),
            text,
            replace: true,
        });
        if let Err(error) = world.perform(&whole_run(), effect).await {
            report.unrecorded(&error.to_string());
            verdict = verdict.max(Verdict::Error);
        }
    }
    let sealed = journal
        .seal(outcomes.verdict)
        .err()
        .map(|error| error.to_string());
    if let Some(failure) = journal_failure.take().or(sealed) {
        report.unrecorded(&failure);
        verdict = verdict.max(Verdict::Error);
    }
    verdict
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
