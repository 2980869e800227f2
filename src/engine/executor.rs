//! Runs one subtask: resolves its verb with the facts so far, lets it act, and turns every end,
//! including a panic, into an outcome.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::watch;

use super::inputs::NotesInputs;
use super::inputs::inputs_of;
use super::reserves::Reserves;
use crate::gate::Gate;
use crate::model::{Fact, Facts, Finding, Outcome, Stop, SubtaskId};
use crate::verb::{Ctx, Inputs, Setting, VerbError};
use crate::world::{Now, World, ask};

/// A verb's own programs have the subtask's time limit and are ended with their last output
/// shown; this much later the subtask as a whole is given up.
const GRACE: Duration = Duration::from_secs(30);

/// What an executor has in common with all others of its run.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) gate: Arc<Gate>,
    pub(super) world: Arc<dyn World>,
    pub(super) setting: Arc<Setting>,
    pub(super) progress: UnboundedSender<(SubtaskId, String)>,
    pub(super) cancelled: watch::Receiver<bool>,
    pub(super) inputs: NotesInputs,
    pub(super) reserves: Reserves,
}

/// A subtask's end.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) id: SubtaskId,
    pub(super) outcome: Outcome,
    pub(super) facts: Vec<Fact>,
    /// What its result depends on.
    pub(super) inputs: Inputs,
    /// When it ended; none if the clock could not be read.
    pub(super) at: Option<Timestamp>,
}

/// Runs a subtask to its end.
pub(super) async fn execute(shared: Shared, id: SubtaskId, facts: Arc<Facts>) -> Ended {
    let mut cancelled = shared.cancelled.clone();
    let work = tokio::spawn(act(shared.clone(), id.clone(), facts));
    let guard = AbortOnDrop(work.abort_handle());
    let (outcome, facts, inputs) = tokio::select! {
        joined = work => joined.unwrap_or_else(|error| (broken(&error), Vec::new(), Inputs::new())),
        () = asked_to_stop(&mut cancelled) => {
            drop(guard);
            (Outcome::NotRun { because: Stop::Interrupted }, Vec::new(), Inputs::new())
        }
    };
    let at = now(&shared, &id).await;
    Ended {
        id,
        outcome,
        facts,
        inputs,
        at,
    }
}

struct AbortOnDrop(tokio::task::AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn asked_to_stop(cancelled: &mut watch::Receiver<bool>) {
    if cancelled.wait_for(|stop| *stop).await.is_err() {
        // The requester is gone.
        std::future::pending::<()>().await;
    }
}

/// The time of day, requested on behalf of this subtask.
pub(super) async fn now(shared: &Shared, id: &SubtaskId) -> Option<Timestamp> {
    ask(shared.world.as_ref(), id, Now).await.ok()
}

async fn act(shared: Shared, id: SubtaskId, facts: Arc<Facts>) -> (Outcome, Vec<Fact>, Inputs) {
    let (verb, limit) = match resolve(&shared, &id, &facts) {
        Ok(resolved) => resolved,
        Err(outcome) => return (outcome, Vec::new(), Inputs::new()),
    };
    let setting = Setting {
        candidate: shared.gate.candidate_for(&id, &facts),
        ..(*shared.setting).clone()
    };
    let ctx = Ctx::new(
        id.clone(),
        shared.world,
        Arc::new(setting),
        facts,
        limit,
        shared.progress,
    );
    if let Some(subtask) = shared.gate.subtask(&id) {
        let quoted = shared.gate.quoted(subtask);
        ctx.reads(quoted.iter().map(AsRef::as_ref));
    }
    // Before it acts: changes made while it acts are not what it saw.
    let inputs = match shared.inputs {
        NotesInputs::Yes => inputs_of(&ctx, &shared.gate, &id, &verb).await,
        NotesInputs::No => Inputs::new(),
    };
    let ended = tokio::time::timeout(limit + GRACE, verb.acts().act(&ctx)).await;
    let outcome = match ended {
        Ok(result) => result.unwrap_or_else(VerbError::outcome),
        Err(_) => Outcome::Error(Finding::new(format!(
            "not done within {} s",
            limit.as_secs()
        ))),
    };
    let facts = ctx.take_published();
    let outcome = match verb.finds_candidate() {
        Some(fact) if outcome.lets_on() => {
            let found = facts.iter().find(|one| one.name == fact);
            shared.reserves.reserve(&ctx, found, outcome).await
        }
        _ => outcome,
    };
    (outcome.beside(ctx.left_running()), facts, inputs)
}

fn resolve(
    shared: &Shared,
    id: &SubtaskId,
    facts: &Facts,
) -> Result<(crate::verbs::Verb, Duration), Outcome> {
    let error = |text: String| Outcome::Error(Finding::new(text));
    let subtask = shared
        .gate
        .subtask(id)
        .ok_or_else(|| error(format!("no subtask `{id}`")))?;
    let context = subtask
        .context(&shared.gate.parameters, facts)
        .map_err(|e| error(e.to_string()))?;
    let verb = subtask
        .resolve(&context)
        .map_err(|e| error(e.to_string()))?;
    let limit = subtask
        .time_limit(&context)
        .map_err(|e| error(e.to_string()))?;
    Ok((verb, limit))
}

fn broken(error: &tokio::task::JoinError) -> Outcome {
    Outcome::Error(
        Finding::new(format!("a defect of the gate itself: {error}"))
            .remedy("please report it with the run directory's journal"),
    )
}
