//! The interfaces of a run to the outside: reporters consume events, and the operator may
//! interrupt.

use crate::model::Event;

/// Consumes what happens during a run.
pub trait Reporter: Send {
    /// Handles one event. Must not block for long: the run waits for it.
    fn event(&mut self, event: &Event);

    /// Handles a notice before the run begins, such as what it waits for.
    fn notice(&mut self, _line: &str) {}

    /// Handles the description of what a resumed run keeps and what it runs again, before its first
    /// event.
    fn resumed(&mut self, _lines: &[String]) {}
}

/// An external signal of the operator to a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Ctrl-C, SIGTERM or a hang-up: the first is graceful, the second is not.
    Interrupt,
}
