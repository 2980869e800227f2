//! Follows a run of another process: reads its journal as it grows. Writes nothing.
#![expect(
    clippy::disallowed_methods,
    reason = "who looks on at another process has no world to ask"
)]

use std::time::Duration;

use camino::Utf8Path;
use jiff::Timestamp;

use super::directory::{RunDirectory, SessionError};
use super::killed;
use crate::journal::{self, FILE, Folded, Record};
use crate::model::{Event, EventKind, Verdict};

/// How often it is looked whether there is more.
const PAUSE: Duration = Duration::from_millis(300);

/// How a followed run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FollowEnd {
    /// It has a verdict.
    Ended(Verdict),
    /// No process is working on it any more, and it has no verdict.
    Dead,
}

/// Passes each event of a run to `heard`, with its age, until the run ends or its process is gone.
///
/// # Errors
/// If its journal cannot be read.
pub fn follow(
    state: &Utf8Path,
    directory: &RunDirectory,
    heard: &mut dyn FnMut(&Event, Duration),
) -> Result<FollowEnd, SessionError> {
    let path = directory.path.join(FILE);
    let (mut seen, mut size) = (0, None);
    loop {
        // Checked first: what it wrote before it died is read after that.
        let lives = killed::lives(state, &directory.run);
        let now = path.as_std_path().metadata().ok().map(|file| file.len());
        if now != size {
            size = now;
            let folded = journal::read(directory.path.as_std_path())?;
            seen = tell(&folded, seen, heard);
            if let Some(sealed) = &folded.sealed {
                let verdict = sealed.verdict;
                heard(&last(EventKind::RunEnded { verdict }), Duration::ZERO);
                return Ok(FollowEnd::Ended(verdict));
            }
        }
        if !lives {
            return Ok(FollowEnd::Dead);
        }
        std::thread::sleep(PAUSE);
    }
}

/// Passes on the events of the records from this one on; returns the number of the next.
fn tell(folded: &Folded, seen: usize, heard: &mut dyn FnMut(&Event, Duration)) -> usize {
    let now = Timestamp::now();
    for line in &folded.lines[seen.min(folded.lines.len())..] {
        if let Record::Event(event) = &line.record {
            let ago = Duration::try_from(now.duration_since(event.time));
            heard(event, ago.unwrap_or_default());
        }
    }
    folded.lines.len()
}

fn last(kind: EventKind) -> Event {
    Event {
        time: Timestamp::now(),
        elapsed: Duration::ZERO,
        kind,
    }
}
