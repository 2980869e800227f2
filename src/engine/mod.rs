//! Runs a gate: a dispatcher that owns the run's state, one executor task per subtask, and
//! reporters that consume events. Messages only.

mod dispatcher;
mod executor;
mod inputs;
mod plan;
mod reporter;
mod reserves;
mod run;

pub use dispatcher::{Action, Dispatcher, Input, Step};
pub use inputs::{NotesInputs, inputs_of, setting_of};
pub use plan::steps;
pub use reporter::{Reporter, Signal};
pub use run::{Outcomes, Request, run};
