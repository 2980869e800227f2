//! A world in which the requests of chosen subtasks go wrong.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::fault::{GateFault, GateFaultKind};
use super::stand_ins::ended;
use crate::model::SubtaskId;
use crate::world::{Effect, Ended, HttpAnswer, Program, Response, World, WorldError};

/// Breaks what these faults name; the rest goes through untouched.
pub(in crate::rehearsal) struct GateFaultLayer {
    inner: Arc<dyn World>,
    faults: Vec<GateFault>,
}

impl GateFaultLayer {
    /// Wraps a world.
    pub(in crate::rehearsal) fn new(inner: Arc<dyn World>, faults: Vec<GateFault>) -> Self {
        Self { inner, faults }
    }
}

#[async_trait]
impl World for GateFaultLayer {
    async fn perform(&self, by: &SubtaskId, effect: Effect) -> Result<Response, WorldError> {
        let of_subtask = self.faults.iter().filter(|fault| fault.subtask == *by);
        for fault in of_subtask {
            let broken = match &effect {
                Effect::HttpGet(get) => page(fault.kind, &get.url),
                Effect::HttpPost(post) => page(fault.kind, &post.url),
                Effect::Run(program) if means(fault, program) => run(fault, program),
                _ => None,
            };
            if let Some(broken) = broken {
                return broken;
            }
        }
        self.inner.perform(by, effect).await
    }
}

/// Whether a fault affects this program: it does not affect what only inspects the state before a
/// subtask acts.
fn means(fault: &GateFault, program: &Program) -> bool {
    let looked_at = program.argv.get(..3);
    let looked_at = looked_at.is_some_and(|words| words == ["git", "-c", "core.fsmonitor=false"]);
    !looked_at && program.argv.first() == Some(&fault.of)
}

fn page(kind: GateFaultKind, url: &str) -> Option<Result<Response, WorldError>> {
    match kind {
        GateFaultKind::Page503 => Some(Ok(Response::Http(HttpAnswer {
            status: 503,
            body: "{\"status\": \"unavailable\"}".to_owned(),
            ..HttpAnswer::default()
        }))),
        GateFaultKind::PageSilent => Some(Err(WorldError::NoAnswer {
            url: url.to_owned(),
            timed_out: true,
            reason: "the time was up".to_owned(),
        })),
        _ => None,
    }
}

fn run(fault: &GateFault, program: &Program) -> Option<Result<Response, WorldError>> {
    let (end, stderr, elapsed) = match fault.kind {
        GateFaultKind::ProgramFails => (Ended::Code(1), "fails, as rehearsed\n", Duration::ZERO),
        GateFaultKind::ProgramSilent => (Ended::Code(0), "", Duration::ZERO),
        GateFaultKind::ProgramHangs => (Ended::TimedOut, "", program.limit),
        GateFaultKind::ProgramMissing => {
            let program = fault.of.clone();
            return Some(Err(WorldError::ProgramNotFound { program }));
        }
        _ => return None,
    };
    let mut finished = ended(end, "", stderr);
    finished.elapsed = elapsed;
    Some(Ok(Response::Program(Box::new(finished))))
}
