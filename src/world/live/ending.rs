//! Ends only positively identified processes: all are pinned first, then inspected, then signalled,
//! so that the inspected process is the one that gets the signal.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::join_all;
use nix::sys::signal::Signal;
use tokio::time::timeout;

use super::common::blocking;
use super::environment::Places;
use super::group::Groups;
use super::platform::{self, Held, Sent};
use super::{home_of, process};
use crate::world::Spared;
use crate::world::redact::Redactor;
use crate::world::{EndProcesses, Fate, ProcessIdentity, ProcessSeen, Receipt, WorldError};

/// How long a killed process may take to disappear.
const AFTER_KILL: Duration = Duration::from_secs(5);

/// How many are looked at together: the first of them end while the next are looked at.
const PIECE: usize = 64;

/// Why a process must be left alone.
type Judge<'a> = dyn Fn(&ProcessSeen) -> Result<(), Spared> + Sync + 'a;

/// Ends processes in parallel; termination records in the order of the request.
pub(super) async fn end(
    end: &EndProcesses,
    redactor: &Arc<Redactor>,
    places: &Places,
) -> Result<Vec<Receipt>, WorldError> {
    let rule = end.rule.compile().map_err(|error| WorldError::Processes {
        reason: error.to_string(),
    })?;
    // The rule contains symbolic paths; the process's home is one of this machine's paths.
    let judge = |process: &ProcessSeen| {
        let named = |home: &String| home_of::named(places, process.identity.pid, home);
        let home = process
            .home
            .as_ref()
            .map(|home| redactor.text(&named(home)));
        rule.explain(&ProcessSeen {
            home,
            ..process.clone()
        })
    };
    end_all(&end.targets, rule.name(), &judge, end.grace).await
}

/// Ends what programs of this world left behind, by identity.
pub(super) async fn end_leftovers(groups: &Groups, grace: Duration) -> Vec<Receipt> {
    by_identity(&groups.leftovers(), grace)
        .await
        .unwrap_or_default()
}

/// Ends processes that are known only by their identity.
pub(super) async fn by_identity(
    targets: &[ProcessIdentity],
    grace: Duration,
) -> Result<Vec<Receipt>, WorldError> {
    let judge = |process: &ProcessSeen| match process {
        ProcessSeen { ancestor: true, .. } => Err(Spared::Ancestor),
        ProcessSeen { ours: false, .. } => Err(Spared::AnotherUser),
        _ => Ok(()),
    };
    end_all(targets, "leftover", &judge, grace).await
}

async fn end_all(
    targets: &[ProcessIdentity],
    rule: &str,
    judge: &Judge<'_>,
    grace: Duration,
) -> Result<Vec<Receipt>, WorldError> {
    let mut receipts = Vec::with_capacity(targets.len());
    for some in targets.chunks(platform::held_at_once()) {
        let mut ending: Vec<Ending> = some.iter().map(|target| Ending::new(*target)).collect();
        for piece in ending.chunks_mut(PIECE) {
            hold(piece)?;
            identify(piece, judge).await?;
            // Without a grace period there is no TERM either: some programs fork when they get it.
            if !grace.is_zero() {
                tell(piece, Signal::SIGTERM);
            }
        }
        if !grace.is_zero() {
            wait(&mut ending, Fate::Terminated, grace).await;
            // A second check: a process that ignores TERM may have executed another program in the
            // meantime.
            identify(&mut ending, judge).await?;
        }
        tell(&mut ending, Signal::SIGKILL);
        wait(&mut ending, Fate::Killed, AFTER_KILL).await;
        receipts.extend(ending.into_iter().map(|one| one.receipt(rule)));
    }
    Ok(receipts)
}

/// One process on its way out.
struct Ending {
    target: ProcessIdentity,
    held: Option<Held>,
    program: String,
    /// When it got its first signal.
    begun: Option<Instant>,
    fate: Option<(Fate, Duration)>,
}

impl Ending {
    fn new(target: ProcessIdentity) -> Self {
        Self {
            target,
            held: None,
            program: String::new(),
            begun: None,
            fate: None,
        }
    }

    fn is_open(&self) -> bool {
        self.fate.is_none()
    }

    fn settle(&mut self, fate: Fate) {
        let after = self.begun.map_or(Duration::ZERO, |begun| begun.elapsed());
        self.fate = Some((fate, after));
        if matches!(fate, Fate::Terminated | Fate::Killed) {
            platform::reap(self.target.pid);
        }
        self.held = None;
    }

    /// One that is not there any more.
    fn gone(&mut self) {
        // After TERM it ended because of it, even if at the last moment.
        self.settle(if self.begun.is_some() {
            Fate::Terminated
        } else {
            Fate::AlreadyGone
        });
    }

    fn tell(&mut self, signal: Signal) {
        let Some(held) = self.held.as_ref() else {
            return;
        };
        let now = Instant::now();
        match held.signal(signal) {
            Sent::Gone => self.gone(),
            Sent::NotPermitted => self.settle(Fate::NotPermitted),
            Sent::Delivered => {
                self.begun.get_or_insert(now);
            }
        }
    }

    /// Waits for the end of a signalled process.
    async fn wait(&mut self, fate: Fate, within: Duration) {
        let Some(held) = self.held.as_ref() else {
            return;
        };
        if timeout(within, held.ended()).await.is_ok() {
            self.settle(fate);
        } else if fate == Fate::Killed {
            self.settle(Fate::Survived);
        }
    }

    fn receipt(self, rule: &str) -> Receipt {
        // Every path ends in a fate; a process without one still runs.
        let (fate, after) = self.fate.unwrap_or((Fate::Survived, Duration::ZERO));
        Receipt {
            identity: self.target,
            rule: rule.to_owned(),
            program: self.program,
            fate,
            after,
        }
    }
}

fn hold(ending: &mut [Ending]) -> Result<(), WorldError> {
    for one in ending {
        match Held::open(one.target.pid) {
            Ok(Some(held)) => one.held = Some(held),
            Ok(None) => one.settle(Fate::AlreadyGone),
            Err(error) => {
                return Err(WorldError::Processes {
                    reason: format!("process {}: {error}", one.target.pid),
                });
            }
        }
    }
    Ok(())
}

/// Checks all that are still running; a process that does not match gets no signal.
async fn identify(ending: &mut [Ending], judge: &Judge<'_>) -> Result<(), WorldError> {
    let open = ending.iter().filter(|one| one.is_open());
    let pids: Vec<u32> = open.map(|one| one.target.pid).collect();
    if pids.is_empty() {
        return Ok(());
    }
    let now = blocking(move || process::look(Some(&pids), &|_| true)).await??;
    for one in ending.iter_mut().filter(|one| one.is_open()) {
        let seen = now
            .binary_search_by_key(&one.target.pid, |seen| seen.identity.pid)
            .map(|index| &now[index]);
        match seen {
            Err(_) => one.gone(),
            Ok(seen) => {
                one.program.clone_from(&seen.program);
                match judge(seen) {
                    _ if seen.identity != one.target => one.settle(Fate::NotTheSame),
                    Ok(()) => {}
                    Err(Spared::AnotherUser | Spared::Ancestor) => one.settle(Fate::NotPermitted),
                    Err(_) => one.settle(Fate::NotTheSame),
                }
            }
        }
    }
    Ok(())
}

fn tell(ending: &mut [Ending], signal: Signal) {
    for one in ending.iter_mut().filter(|one| one.is_open()) {
        one.tell(signal);
    }
}

async fn wait(ending: &mut [Ending], fate: Fate, within: Duration) {
    let open = ending.iter_mut().filter(|one| one.is_open());
    join_all(open.map(|one| one.wait(fate, within))).await;
}
