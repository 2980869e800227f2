//! Runs a gate: a dispatcher that owns the run's state, one executor task per subtask, and
//! reporters that consume events. Messages only.

mod dispatcher;
mod event;
mod executor;
mod plan;
mod run;

pub use dispatcher::{Action, Dispatcher, Input, Step};
pub use event::{EVENT_FORMAT, Event, EventKind};
pub use plan::{Asked, Scope, UnknownWorkPackage, steps};
pub use run::{Outcomes, Request, run};

/// Consumes what happens during a run.
pub trait Reporter: Send {
    /// Takes one event. It must not block for long: the run waits for it.
    fn event(&mut self, event: &Event);
}

/// What the operator does to a run from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Ctrl-C, SIGTERM or a hang-up: the first is graceful, the second is not.
    Interrupt,
}
