//! The run's loop: feeds events to the dispatcher, carries out its answers, informs the reporters.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::dispatcher::{Action, Dispatcher, Input, Step};
use super::executor::{self, Ended, Shared};
use super::inputs::NotesInputs;
use super::inputs::setting_of;
use super::reporter::{Reporter, Signal};
use super::reserves::Reserves;
use crate::gate::Gate;
use crate::model::{
    Asked, EVENT_FORMAT, Event, EventKind, Fact, Facts, Finding, Outcome, SubtaskId, Verdict,
};
use crate::verb::Inputs;
use crate::world::World;

/// What to run.
pub struct Request {
    /// The gate, with its parameters set.
    pub gate: Arc<Gate>,
    /// Id of the run.
    pub run: String,
    /// Format of its journal: a replay requests nothing that its recording did not know.
    pub format: u32,
    /// Which part of it, and whether it may write.
    pub asked: Asked,
    /// Results of an earlier part of this run, in plan order.
    pub resumed: Vec<(SubtaskId, Outcome, Vec<Fact>)>,
    /// Whether the inputs of each result are recorded. A replay does what its recording did.
    pub inputs: NotesInputs,
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

/// Runs a gate to its end. `signals` are the operator's; a closed channel means none will come.
pub async fn run(
    mut request: Request,
    world: Arc<dyn World>,
    reporters: &mut [Box<dyn Reporter>],
    signals: &mut mpsc::UnboundedReceiver<Signal>,
) -> Outcomes {
    let steps = super::plan::steps(&request.gate, &request.asked);
    // Kept results count as done, whether they were requested again or not.
    let kept = |step: &&Step| request.resumed.iter().any(|(id, ..)| *id == step.id);
    let counted = steps.iter().filter(|step| step.in_scope || kept(step));
    let counted = counted.count();
    let mut dispatcher = Dispatcher::new(steps).through(request.asked.through);
    for (id, outcome, facts) in std::mem::take(&mut request.resumed) {
        dispatcher.resume_with(&id, outcome, facts);
    }
    let started = EventKind::RunStarted {
        format: EVENT_FORMAT,
        run: request.run.clone(),
        gate: request.gate.name.clone(),
        subtasks: counted,
    };
    let mut run = Loop::new(dispatcher, &request, world, reporters);
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
    /// Inputs of results that are not reported yet.
    inputs: BTreeMap<SubtaskId, Inputs>,
    began: Timestamp,
    latest: Timestamp,
    reporters: &'r mut [Box<dyn Reporter>],
    verdict: Option<Verdict>,
}

impl<'r> Loop<'r> {
    fn new(
        dispatcher: Dispatcher,
        request: &Request,
        world: Arc<dyn World>,
        reporters: &'r mut [Box<dyn Reporter>],
    ) -> Self {
        let (cancel, cancelled) = watch::channel(false);
        let (progress_sender, progress) = mpsc::unbounded_channel();
        let again = request.asked.again;
        let setting = setting_of(&request.gate, &request.run, request.format, again);
        let setting = Arc::new(setting);
        let shared = Shared {
            gate: Arc::clone(&request.gate),
            world,
            setting,
            progress: progress_sender,
            cancelled,
            inputs: request.inputs,
            reserves: Reserves::of(&request.asked, request.format),
        };
        Self {
            dispatcher,
            shared,
            cancel,
            progress,
            tasks: JoinSet::new(),
            started: BTreeMap::new(),
            inputs: BTreeMap::new(),
            began: Timestamp::UNIX_EPOCH,
            latest: Timestamp::UNIX_EPOCH,
            reporters,
            verdict: None,
        }
    }

    async fn begin(&mut self, started: EventKind) {
        if let Some(now) = executor::now(&self.shared, &SubtaskId::whole_run()).await {
            self.began = now;
            self.latest = now;
        }
        self.emit(started);
        self.feed(Input::Begin).await;
    }

    /// Runs until the dispatcher ends the run.
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
        // An executor catches its verb's panic; a panic of its own leaves a subtask without an end,
        // and the dispatcher would wait for it for ever.
        let Ok(Ended {
            id,
            mut outcome,
            facts,
            inputs,
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
        self.inputs.insert(id.clone(), inputs);
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

    fn emit(&mut self, mut kind: EventKind) {
        if let EventKind::SubtaskEnded {
            subtask, inputs, ..
        } = &mut kind
        {
            *inputs = self.inputs.remove(subtask).unwrap_or_default();
        }
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
