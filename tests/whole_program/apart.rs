//! Who must not run beside whom where tests are threads of one process. nextest makes each a
//! process; there, `.config/nextest.toml` says the same.

use std::sync::{Condvar, Mutex, PoisonError};

/// The two kinds: of each, any number at a time.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    /// A whole gate, which watches the machine for interventions.
    Watching,
    /// Whoever runs a real `pkill` or `flyctl` outside of any gate, or a thousand daemons.
    Intervening,
}

static RUNNING: Mutex<[usize; 2]> = Mutex::new([0; 2]);
static CHANGED: Condvar = Condvar::new();

/// Keeps the other kind waiting. A test may hold several of one kind, never of both.
pub(crate) struct Apart(Kind);

impl Apart {
    /// Waits until none of the other kind runs.
    pub(crate) fn begin(kind: Kind) -> Self {
        let running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
        let other = 1 - kind as usize;
        let mut running = CHANGED
            .wait_while(running, |running| running[other] > 0)
            .unwrap_or_else(PoisonError::into_inner);
        running[kind as usize] += 1;
        Self(kind)
    }
}

impl Drop for Apart {
    fn drop(&mut self) {
        let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
        running[self.0 as usize] -= 1;
        CHANGED.notify_all();
    }
}
