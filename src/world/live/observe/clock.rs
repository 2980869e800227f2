//! Compares two clocks: the time of day, and the elapsed time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::world::Incident;

/// Both clocks of a machine.
pub trait Clock: Send + Sync {
    /// The time of day, which can be set.
    fn wall(&self) -> Timestamp;
    /// The time since some moment, which cannot be set.
    fn steady(&self) -> Duration;
}

/// The system's.
#[derive(Debug)]
pub(in crate::world::live) struct SystemClock(Instant);

impl SystemClock {
    pub(in crate::world::live) fn new() -> Self {
        Self(Instant::now())
    }
}

impl Clock for SystemClock {
    fn wall(&self) -> Timestamp {
        Timestamp::now()
    }

    fn steady(&self) -> Duration {
        self.0.elapsed()
    }
}

/// A clock that is disciplined over the network goes off by far less between two looks.
const STEP: i64 = 500;

/// Notices when the clock is set.
pub(super) struct Steps {
    clock: Arc<dyn Clock>,
    last: (Timestamp, Duration),
}

impl Steps {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        let last = (clock.wall(), clock.steady());
        Self { clock, last }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.wall()
    }

    /// How far the time of day went off since the last look, if it did.
    pub(super) fn look(&mut self) -> Option<Incident> {
        let now = (self.clock.wall(), self.clock.steady());
        let told = now.0.as_millisecond() - self.last.0.as_millisecond();
        let passed = i64::try_from(now.1.saturating_sub(self.last.1).as_millis()).unwrap_or(0);
        self.last = now;
        let milliseconds = told - passed;
        (milliseconds.abs() >= STEP).then_some(Incident::ClockStep { milliseconds })
    }
}
