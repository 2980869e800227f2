//! Events as JSON lines, each written as it happens.

use std::io::Write;

use crate::engine::{Event, Reporter};

/// Writes one JSON object a line, and flushes each.
pub struct JsonLines<W> {
    to: W,
    failed: bool,
}

impl<W: Write + Send> JsonLines<W> {
    /// Writes to `to`.
    pub fn new(to: W) -> Self {
        Self { to, failed: false }
    }
}

impl<W: Write + Send> Reporter for JsonLines<W> {
    fn event(&mut self, event: &Event) {
        if self.failed {
            return;
        }
        let written = serde_json::to_string(event)
            .map_err(std::io::Error::from)
            .and_then(|line| writeln!(self.to, "{line}"))
            .and_then(|()| self.to.flush());
        if let Err(error) = written {
            // A reader that went away must not end a release; the journal is the record.
            self.failed = true;
            tracing::warn!("events are no longer written: {error}");
        }
    }
}
