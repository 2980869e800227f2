//! The run's loop: feeds the dispatcher what happens, does what it answers, tells the reporters.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::dispatcher::{Action, Dispatcher, Input};
use super::executor::{self, Ended, Shared};
use super::{Asked, EVENT_FORMAT, Event, EventKind, Reporter, Signal};
use crate::gate::{Fact, Facts, Finding, Gate, Outcome, SubtaskId, Verdict};
use crate::verbs::Setting;
use crate::world::World;

/// What to run.
pub struct Request {
    /// The gate, parameters set.
    pub gate: Arc<Gate>,
    /// Id of the run.
    pub run: String,
    /// Which part of it, and whether it may write.
    pub asked: Asked,
    /// What an earlier part of this run found out already, in plan order.
    pub resumed: Vec<(SubtaskId, Outcome, Vec<Fact>)>,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcomes {
    /// The gate's verdict.
    pub verdict: Verdict,
    /// How each subtask ended, in plan order.
    pub subtasks: Vec<(SubtaskId, Outcome)>,
    /// All facts.
    pub facts: Arc<Facts>,
}

/// Exchanges of the run as a whole, such as the time it began, belong to this name.
fn whole_run() -> SubtaskId {
    SubtaskId::new("run")
}

/// Runs a gate to its end. `signals` are the operator's; a closed channel means none will come.
pub async fn run(
    request: Request,
    world: Arc<dyn World>,
    reporters: &mut [Box<dyn Reporter>],
    signals: &mut mpsc::UnboundedReceiver<Signal>,
) -> Outcomes {
    let steps = super::plan::steps(&request.gate, &request.asked.scope, request.asked.dry_run);
    let in_scope = steps.iter().filter(|step| step.in_scope).count();
    let mut dispatcher = Dispatcher::new(steps);
    for (id, outcome, facts) in request.resumed {
        dispatcher.resume_with(&id, outcome, facts);
    }
    let started = EventKind::RunStarted {
        format: EVENT_FORMAT,
        run: request.run.clone(),
        gate: request.gate.name.clone(),
        subtasks: in_scope,
    };
    let mut run = Loop::new(dispatcher, &request.gate, &request.run, world, reporters);
    run.begin(started).await;
    run.turn(signals).await
}

struct Loop<'r> {
    dispatcher: Dispatcher,
    shared: Shared,
    cancel: watch::Sender<bool>,
    progress: mpsc::UnboundedReceiver<(SubtaskId, String)>,
    tasks: JoinSet<Ended>,
    started: BTreeMap<SubtaskId, Timestamp>,
    began: Timestamp,
    latest: Timestamp,
    reporters: &'r mut [Box<dyn Reporter>],
    verdict: Option<Verdict>,
}

impl<'r> Loop<'r> {
    fn new(
        dispatcher: Dispatcher,
        gate: &Arc<Gate>,
        run: &str,
        world: Arc<dyn World>,
        reporters: &'r mut [Box<dyn Reporter>],
    ) -> Self {
        let (cancel, cancelled) = watch::channel(false);
        let (progress_sender, progress) = mpsc::unbounded_channel();
        let setting = Arc::new(Setting {
            run: run.to_owned(),
            processes: gate.processes.clone(),
            triage: gate.triage.clone(),
            templates: gate.templates.clone(),
            parameters: gate.parameters.clone(),
        });
        let shared = Shared {
            gate: Arc::clone(gate),
            world,
            setting,
            progress: progress_sender,
            cancelled,
        };
        Self {
            dispatcher,
            shared,
            cancel,
            progress,
            tasks: JoinSet::new(),
            started: BTreeMap::new(),
            began: Timestamp::UNIX_EPOCH,
            latest: Timestamp::UNIX_EPOCH,
            reporters,
            verdict: None,
        }
    }

    async fn begin(&mut self, started: EventKind) {
        if let Some(now) = executor::now(&self.shared, &whole_run()).await {
            self.began = now;
            self.latest = now;
        }
        self.emit(started);
        self.feed(Input::Begin).await;
    }

    /// Until the dispatcher says that the run is over.
    async fn turn(mut self, signals: &mut mpsc::UnboundedReceiver<Signal>) -> Outcomes {
        let mut interrupts = 0_u32;
        while self.verdict.is_none() {
            tokio::select! {
                Some(joined) = self.tasks.join_next() => self.ended(joined).await,
                Some((subtask, line)) = self.progress.recv() => self.emit(EventKind::Progress { subtask, line }),
                Some(Signal::Interrupt) = signals.recv() => {
                    interrupts += 1;
                    self.feed(if interrupts == 1 { Input::Interrupt } else { Input::InterruptAgain }).await;
                }
            }
        }
        Outcomes {
            verdict: self.verdict.unwrap_or(Verdict::Error),
            subtasks: self.dispatcher.outcomes(),
            facts: self.dispatcher.facts(),
        }
    }

    async fn ended(&mut self, joined: Result<Ended, tokio::task::JoinError>) {
        // An executor catches its verb's panic; one of its own leaves a subtask without an end,
        // and the dispatcher would wait for it for ever.
        let Ok(Ended {
            id,
            mut outcome,
            facts,
            at,
        }) = joined
        else {
            self.verdict = Some(Verdict::Error);
            return;
        };
        match at {
            Some(at) => self.latest = self.latest.max(at),
            None if outcome.lets_on() => {
                outcome = Outcome::Error(Finding::new("its end could not be recorded"));
            }
            None => {}
        }
        let took = self.started.get(&id).map_or(Duration::ZERO, |started| {
            between(*started, at.unwrap_or(self.latest))
        });
        self.drain_progress();
        self.feed(Input::Ended {
            id,
            outcome,
            facts,
            took,
        })
        .await;
    }

    /// Lines that a subtask sent before it ended come before its end.
    fn drain_progress(&mut self) {
        while let Ok((subtask, line)) = self.progress.try_recv() {
            self.emit(EventKind::Progress { subtask, line });
        }
    }

    async fn feed(&mut self, input: Input) {
        for action in self.dispatcher.handle(input) {
            match action {
                Action::Emit(EventKind::SubtaskStarted { subtask }) => {
                    if let Some(now) = executor::now(&self.shared, &subtask).await {
                        self.latest = self.latest.max(now);
                        self.started.insert(subtask.clone(), now);
                    }
                    self.emit(EventKind::SubtaskStarted { subtask });
                }
                Action::Emit(kind) => self.emit(kind),
                Action::Start(id) => {
                    let facts = self.dispatcher.facts();
                    self.tasks
                        .spawn(executor::execute(self.shared.clone(), id, facts));
                }
                Action::Cancel => drop(self.cancel.send(true)),
                Action::Abandon => self.tasks.abort_all(),
                Action::Finish(verdict) => self.verdict = Some(verdict),
            }
        }
    }

    fn emit(&mut self, kind: EventKind) {
        let event = Event {
            time: self.latest,
            elapsed: between(self.began, self.latest),
            kind,
        };
        for reporter in self.reporters.iter_mut() {
            reporter.event(&event);
        }
    }
}

fn between(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or(Duration::ZERO)
}
