//! Runs a gate: a dispatcher that owns the run's state, one executor task per subtask, and
//! reporters that consume events. Messages only.

mod event;

pub use event::{EVENT_FORMAT, Event, EventKind};
