//! Runs one subtask: resolves its verb with the facts so far, lets it act, and turns every end,
//! a panic included, into an outcome.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::watch;

use crate::gate::{Fact, Facts, Finding, Gate, Outcome, Stop, SubtaskId};
use crate::verbs::{Ctx, Setting, Trouble};
use crate::world::{Effect, Response, World};

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
}

/// A subtask's end.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) id: SubtaskId,
    pub(super) outcome: Outcome,
    pub(super) facts: Vec<Fact>,
    /// When it ended; none when the clock could not be asked.
    pub(super) at: Option<Timestamp>,
}

/// Runs a subtask to its end.
pub(super) async fn execute(shared: Shared, id: SubtaskId, facts: Arc<Facts>) -> Ended {
    let mut cancelled = shared.cancelled.clone();
    let work = tokio::spawn(act(shared.clone(), id.clone(), facts));
    let guard = AbortOnDrop(work.abort_handle());
    let (outcome, facts) = tokio::select! {
        joined = work => joined.unwrap_or_else(|error| (broken(&error), Vec::new())),
        () = asked_to_stop(&mut cancelled) => {
            drop(guard);
            (Outcome::NotRun { because: Stop::Interrupted }, Vec::new())
        }
    };
    let at = now(&shared, &id).await;
    Ended {
        id,
        outcome,
        facts,
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
        // Nobody is left who could ask.
        std::future::pending::<()>().await;
    }
}

/// The time of day, as an exchange of this subtask.
pub(super) async fn now(shared: &Shared, id: &SubtaskId) -> Option<Timestamp> {
    match shared.world.perform(id, Effect::Now).await {
        Ok(Response::Now(at)) => Some(at),
        Ok(_) | Err(_) => None,
    }
}

async fn act(shared: Shared, id: SubtaskId, facts: Arc<Facts>) -> (Outcome, Vec<Fact>) {
    let (verb, limit) = match resolve(&shared, &id, &facts) {
        Ok(resolved) => resolved,
        Err(outcome) => return (outcome, Vec::new()),
    };
    let ctx = Ctx::new(
        id,
        shared.world,
        shared.setting,
        facts,
        limit,
        shared.progress,
    );
    let ended = tokio::time::timeout(limit + GRACE, verb.acts().act(&ctx)).await;
    let outcome = match ended {
        Ok(result) => result.unwrap_or_else(Trouble::outcome),
        Err(_) => Outcome::Error(Finding::new(format!(
            "not done within {} s",
            limit.as_secs()
        ))),
    };
    let outcome = outcome.beside(ctx.left_running());
    (outcome, ctx.take_published())
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
