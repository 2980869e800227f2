//! The locks of a run from its beginning: the workspace, and its candidate if it is known. A dry
//! run takes no lock, because it changes nothing.

use std::time::Duration;

use tokio::sync::mpsc::UnboundedReceiver;

use super::contended::Contended;
use super::directory::{RunDirectory, SessionError};
use super::options::Options;
use crate::candidate::canonical;
use crate::engine::{Reporter, Signal};
use crate::journal;
use crate::model::{Holder, SubtaskId};
use crate::store::lock::{Asked, Held, Sharing, take};
use crate::store::sha256_hex;
use crate::world::live::LiveWorld;
use crate::world::{Now, Reservation, Reserve, Sleep, ask};

/// How often it is looked whether the workspace is free.
const EVERY: Duration = Duration::from_millis(500);

/// Locks what the run needs, or waits for it if requested. The world holds the lock of the
/// candidate until the world ends; the returned value holds that of the workspace.
///
/// # Errors
/// The holder of the lock, or that the operator stopped waiting.
pub(super) async fn hold(
    live: &LiveWorld,
    options: &Options,
    directory: &RunDirectory,
    reporters: &mut [Box<dyn Reporter>],
    signals: &mut UnboundedReceiver<Signal>,
) -> Result<Option<Held>, SessionError> {
    if options.asked.dry_run {
        return Ok(None);
    }
    let run = Run {
        live,
        options,
        directory,
    };
    let both = async {
        // In this order everywhere: a run that waits for the workspace holds no candidate.
        let workspace = run.workspace(reporters).await?;
        run.candidate(reporters).await?;
        Ok(Some(workspace))
    };
    tokio::select! {
        held = both => held,
        Some(Signal::Interrupt) = signals.recv() => Err(SessionError::Interrupted),
    }
}

struct Run<'r> {
    live: &'r LiveWorld,
    options: &'r Options,
    directory: &'r RunDirectory,
}

impl Run<'_> {
    /// Those that write in its checkouts have a workspace alone; others share it.
    async fn workspace(&self, reporters: &mut [Box<dyn Reporter>]) -> Result<Held, SessionError> {
        let workspace = &self.options.workspace;
        let name = &sha256_hex(workspace.as_str().as_bytes())[..16];
        let path = self.options.state.join("locks").join(name);
        let writes = self
            .options
            .gate
            .writes_checkouts(&self.options.asked.scope);
        let sharing = if writes {
            Sharing::Alone
        } else {
            Sharing::Together
        };
        let whole_run = SubtaskId::whole_run();
        let mut told = None;
        loop {
            let holder = Holder {
                run: self.directory.run.clone(),
                pid: std::process::id(),
                since: ask(self.live, &whole_run, Now).await?,
            };
            let asked = take(path.as_std_path(), sharing, &holder);
            let asked = asked.map_err(|source| {
                let path = path.clone();
                SessionError::File { path, source }
            })?;
            let by = match asked {
                Asked::Held(held, _) => return Ok(held),
                Asked::Taken(by) => by,
            };
            let busy = busy(Contended::Workspace(workspace.clone()), by.as_ref());
            if !self.options.asked.wait {
                return Err(busy);
            }
            if told.as_ref() != Some(&by) {
                notice(reporters, &format!("waiting: {busy}"));
                told = Some(by);
            }
            ask(self.live, &whole_run, Sleep(EVERY)).await?;
        }
    }

    /// The candidate, if it was requested or an earlier part of the run found it; the gate, if no
    /// subtask will find one.
    async fn candidate(&self, reporters: &mut [Box<dyn Reporter>]) -> Result<(), SessionError> {
        let gate = &self.options.gate;
        let candidate = self.found_before().or_else(|| gate.candidate_asked_for());
        let what = match candidate.clone() {
            Some(candidate) => Contended::Candidate {
                gate: gate.name.clone(),
                candidate,
            },
            None if gate.finds_candidate(&self.options.asked.scope) => return Ok(()),
            None => Contended::Gate(gate.name.clone()),
        };
        let reserve = |wait| Reserve {
            gate: gate.name.clone(),
            candidate: candidate.as_deref().map(canonical),
            wait,
        };
        let whole_run = SubtaskId::whole_run();
        let mut answer = ask(self.live, &whole_run, reserve(false)).await?;
        if let Reservation::HeldBy(by) = &answer {
            let busy = busy(what.clone(), by.as_ref());
            if !self.options.asked.wait {
                return Err(busy);
            }
            notice(reporters, &format!("waiting: {busy}"));
            answer = ask(self.live, &whole_run, reserve(true)).await?;
        }
        match answer {
            Reservation::Ours { left_by: None } => Ok(()),
            Reservation::Ours {
                left_by: Some(gone),
            } => {
                let line = format!("{what} was left by a run that was killed ({gone}): taken over");
                notice(reporters, &line);
                Ok(())
            }
            Reservation::HeldBy(by) => Err(busy(what, by.as_ref())),
        }
    }

    /// The candidate that an earlier part of this run found. A journal that cannot be read is
    /// refused where the run is resumed.
    fn found_before(&self) -> Option<String> {
        self.options.resume.as_ref()?;
        let folded = journal::read(self.directory.path.as_std_path()).ok()?;
        self.options.gate.candidate_of_run(&folded.facts().ok()?)
    }
}

fn busy(what: Contended, by: Option<&Holder>) -> SessionError {
    let unknown = || "it does not say which".to_owned();
    SessionError::Busy {
        what,
        holder: by.map_or_else(unknown, ToString::to_string),
    }
}

fn notice(reporters: &mut [Box<dyn Reporter>], line: &str) {
    for reporter in reporters {
        reporter.notice(line);
    }
}
