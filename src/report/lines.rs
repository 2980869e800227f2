//! Events as JSON lines, each written as it happens.

use std::io::Write;

use crate::engine::Reporter;
use crate::model::{Event, escape};

/// Writes one JSON object per line, and flushes each.
pub struct JsonLines<W> {
    to: W,
    /// Reports why nothing more is written; none once it was reported.
    tell: Option<Box<dyn FnOnce(std::io::Error) + Send>>,
}

impl<W: Write + Send> JsonLines<W> {
    /// Writes to `to`. A reader that went away must not end a release, because the record is the
    /// journal; its failure is passed to `tell`.
    pub fn new(to: W, tell: impl FnOnce(std::io::Error) + Send + 'static) -> Self {
        Self {
            to,
            tell: Some(Box::new(tell)),
        }
    }
}

impl<W: Write + Send> Reporter for JsonLines<W> {
    fn event(&mut self, event: &Event) {
        if self.tell.is_none() {
            return;
        }
        let written = serde_json::to_string(event)
            .map_err(std::io::Error::from)
            .and_then(|line| writeln!(self.to, "{}", escape::json(&line)))
            .and_then(|()| self.to.flush());
        if let Err(error) = written
            && let Some(tell) = self.tell.take()
        {
            tell(error);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::model::EventKind;

    struct Full;

    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::StorageFull.into())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_is_lost_is_told_once() {
        let told = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&told);
        let mut lines = JsonLines::new(Full, move |error| {
            heard.lock().unwrap().push(error.kind());
        });
        let event = Event {
            time: jiff::Timestamp::UNIX_EPOCH,
            elapsed: std::time::Duration::ZERO,
            kind: EventKind::Interrupted,
        };
        lines.event(&event);
        lines.event(&event);
        assert_eq!(*told.lock().unwrap(), [std::io::ErrorKind::StorageFull]);
    }
}
