//! The groups of running programs: each is a session of its own, and is ended as a whole even if
//! nothing waits for it any more.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout, timeout_at};

use super::platform::{self, Child, Held, Pipes, Sent, Start};
use crate::world::{Ended, ProcessIdentity};

/// How long a group has between TERM and KILL.
pub(super) const GRACE: Duration = Duration::from_secs(2);
/// How long the system has to clear away what was killed.
pub(super) const AFTER_KILL: Duration = Duration::from_secs(5);
/// How often a group is looked at whose members cannot all be waited for.
const TICK: Duration = Duration::from_millis(20);

/// All programs of one world that run, and what earlier ones left behind.
#[derive(Debug, Default)]
pub(super) struct Groups {
    running: Mutex<BTreeSet<u32>>,
    /// Tasks that continue although nothing may wait for them any more.
    beside: Mutex<Vec<JoinHandle<()>>>,
    leftovers: Mutex<BTreeSet<ProcessIdentity>>,
}

impl Groups {
    pub(super) fn kill_all(&self) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        for leader in running.iter() {
            signal_group(*leader, Signal::SIGKILL);
        }
    }

    /// Runs something to its end, even if the caller is gone by then.
    pub(super) fn beside<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> impl Future<Output = Option<T>> {
        let (done, result) = oneshot::channel();
        let task = tokio::spawn(async move {
            // The receiver may be gone.
            let _gone = done.send(work.await);
        });
        let mut all = self.beside.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|task| !task.is_finished());
        all.push(task);
        async { result.await.ok() }
    }

    pub(super) async fn settle(&self) {
        let all = std::mem::take(&mut *self.beside.lock().unwrap_or_else(PoisonError::into_inner));
        for task in all {
            // A task that was cancelled with its runtime has no result.
            let _cancelled = task.await;
        }
    }

    /// Process ids of the programs that run.
    pub(super) fn running(&self) -> Vec<u32> {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.iter().copied().collect()
    }

    /// Reaps orphans that have ended, whenever a child of the gate ends: a program that waits for
    /// one of them by its pid would otherwise see it for ever.
    pub(super) async fn reap_orphans(self: Arc<Self>) {
        let Ok(mut ended) = signal(SignalKind::child()) else {
            return;
        };
        while ended.recv().await.is_some() {
            // Held while looking: a program that was just started is not an orphan, and whoever
            // waits for it must see its end.
            let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
            platform::reap_orphans(&running.iter().copied().collect::<Vec<u32>>());
        }
    }

    pub(super) fn remember(&self, left: impl IntoIterator<Item = ProcessIdentity>) {
        let mut all = self
            .leftovers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        all.extend(left);
    }

    pub(super) fn leftovers(&self) -> Vec<ProcessIdentity> {
        let all = self
            .leftovers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        all.iter().copied().collect()
    }
}

/// A running program with its group. Dropped before its end, it ends the group.
#[derive(Debug)]
pub(super) struct Group {
    // Invariant: present until `reaped`; so the leader's pid, which names the group, cannot be
    // reused while signals may be sent to it.
    child: Option<Child>,
    program: Started,
    groups: Arc<Groups>,
    /// Signals when it has ended, normally or by being abandoned.
    ended: watch::Sender<bool>,
}

/// What distinguishes the members of a program's group from all other processes.
#[derive(Debug, Clone)]
struct Started {
    /// The first process, after which session and group are named.
    leader: u32,
    /// When the program was started: no older process belongs to it.
    at: u64,
    /// The program's own directory for temporary files.
    temporary: String,
}

impl Started {
    /// Living members, without the leader.
    fn members(&self) -> Vec<u32> {
        platform::members(self.leader, self.at, &self.temporary)
    }
}

impl Group {
    /// Starts a program in a session of its own.
    pub(super) fn start(
        start: &Start<'_>,
        temporary: String,
        groups: Arc<Groups>,
    ) -> std::io::Result<(Self, Pipes)> {
        // Held until it is known: see `reap_orphans`.
        let mut running = groups
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let (child, pipes) = platform::start(start)?;
        let leader = child.id();
        running.insert(leader);
        drop(running);
        // It exists until it is waited for, even after it has ended.
        let at = platform::stat(leader).map_or(0, |stat| stat.started);
        let group = Self {
            child: Some(child),
            program: Started {
                leader,
                at,
                temporary,
            },
            groups,
            ended: watch::Sender::new(false),
        };
        Ok((group, pipes))
    }

    /// Turns true when the program has ended.
    pub(super) fn ended(&self) -> watch::Receiver<bool> {
        self.ended.subscribe()
    }

    /// Waits for the program's end, or ends its group when the time is up.
    pub(super) async fn end(&mut self, limit: Duration) -> std::io::Result<Ended> {
        let ended = self.end_within(limit).await;
        self.ended.send_replace(true);
        ended
    }

    async fn end_within(&mut self, limit: Duration) -> std::io::Result<Ended> {
        let held = Held::open(self.program.leader)?;
        let ended = async {
            if let Some(held) = &held {
                held.ended().await;
            }
        };
        if timeout(limit, ended).await.is_err() {
            end_group(&self.program).await;
            self.reaped().await?;
            return Ok(Ended::TimedOut);
        }
        self.reaped().await
    }

    /// Living processes that the ended program left behind.
    pub(super) fn leftovers(&self) -> Vec<u32> {
        // Inspecting every process of the system is slow; where orphans become the gate's children,
        // there is nothing to find if none appeared since this program was started.
        if platform::is_subreaper()
            && !group_has_members(self.program.leader)
            && !self.has_new_orphans()
        {
            return Vec::new();
        }
        self.program.members()
    }

    fn has_new_orphans(&self) -> bool {
        platform::adopted(&self.groups.running())
            .into_iter()
            .filter_map(platform::stat)
            .any(|stat| stat.started >= self.program.at)
    }

    async fn reaped(&mut self) -> std::io::Result<Ended> {
        let Some(child) = self.child.as_mut() else {
            return Err(std::io::Error::other("it was waited for already"));
        };
        let ended = child.wait().await?;
        self.child = None;
        self.forget();
        Ok(ended)
    }

    fn forget(&self) {
        let mut running = self
            .groups
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        running.remove(&self.program.leader);
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let Some(mut child) = self.child.take() else {
            return;
        };
        let (program, groups) = (self.program.clone(), Arc::clone(&self.groups));
        let leader = program.leader;
        if tokio::runtime::Handle::try_current().is_err() {
            signal_group(leader, Signal::SIGKILL);
            self.forget();
            return;
        }
        // TERM at once: a caller that abandons a program may have no time left for the task.
        signal_group(leader, Signal::SIGTERM);
        // Its remaining output is captured meanwhile.
        let ended = self.ended.clone();
        drop(groups.clone().beside(async move {
            end_group(&program).await;
            // Processes that left its session are handled by the cleanup after the run.
            groups.remember(program.members().into_iter().filter_map(identity));
            let _ended = child.wait().await;
            ended.send_replace(true);
            let mut running = groups
                .running
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            running.remove(&leader);
        }));
    }
}

fn identity(pid: u32) -> Option<ProcessIdentity> {
    let started = platform::stat(pid)?.started;
    Some(ProcessIdentity { pid, started })
}

/// TERM to the whole group, grace, KILL, and waits until none of it lives. The leader must not
/// have been reaped.
async fn end_group(program: &Started) {
    signal_all(program, Signal::SIGTERM);
    if !all_ended(program, GRACE).await {
        let deadline = Instant::now() + AFTER_KILL;
        // Repeatedly: a member may have forked while the others were killed.
        while Instant::now() < deadline {
            signal_all(program, Signal::SIGKILL);
            if all_ended(program, TICK).await {
                return;
            }
        }
    }
}

/// Signals the group, then what left the group but not the session.
fn signal_all(program: &Started, signal: Signal) {
    let leader = program.leader;
    signal_group(leader, signal);
    for pid in program.members() {
        if let Ok(Some(held)) = Held::open(pid)
            && platform::stat(pid)
                .is_some_and(|stat| stat.session == leader && stat.group != leader)
        {
            let _sent: Sent = held.signal(signal);
        }
    }
}

/// Whether leader and members have ended before the time is up.
async fn all_ended(program: &Started, within: Duration) -> bool {
    let leader = program.leader;
    let deadline = Instant::now() + within;
    loop {
        let in_session =
            |pid: &u32| platform::stat(*pid).is_some_and(|stat| stat.session == leader);
        let mut living = program.members();
        living.retain(in_session);
        if platform::stat(leader).is_some_and(|stat| !stat.ended) {
            living.push(leader);
        }
        let Some(first) = living.first() else {
            return true;
        };
        let wait = async {
            match Held::open(*first) {
                Ok(Some(held)) => held.ended().await,
                Ok(None) => {}
                Err(_) => tokio::time::sleep(TICK).await,
            }
        };
        if timeout_at(deadline, wait).await.is_err() {
            return false;
        }
        if *first != leader {
            platform::reap(*first);
        }
    }
}

fn signal_group(leader: u32, signal: Signal) {
    if let Ok(group) = i32::try_from(leader) {
        // ESRCH: it has already ended.
        let _gone = killpg(Pid::from_raw(group), signal);
    }
}

fn group_has_members(leader: u32) -> bool {
    i32::try_from(leader).is_ok_and(|group| killpg(Pid::from_raw(group), None).is_ok())
}
