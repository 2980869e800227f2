//! The real world: the only place that spawns, opens, connects, signals or reads a clock.
//!
//! Turns places into this machine's paths on the way out, and paths and secrets into tokens on
//! the way back. It decides nothing: what may happen is the policy's business.
#![expect(
    clippy::disallowed_methods,
    reason = "this is the one place behind the door where effects really happen"
)]

mod drain;
mod elsewhere;
mod ending;
mod environment;
mod files;
mod group;
mod http;
mod include;
mod killed;
mod observe;
mod pack;
mod platform;
mod process;
mod program;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use serde::Serialize;

pub use environment::{Operator, Places, ToolPath};
pub use killed::{end_by_identity, processes_of_run};
pub use observe::Clock;
pub use platform::is_ignored;

use group::Groups;
use http::Http;

use super::process_rule::CompiledRule;
use super::redact::Redactor;
use super::{Effect, FileFailure, ProcessRule, Receipt, Response, World, WorldError};
use crate::gate::SubtaskId;

/// What really keeps the programs of a run apart on this machine; part of the evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Isolation {
    /// Each program runs in a session of its own.
    pub session_per_program: bool,
    /// Orphans of programs become the gate's children.
    pub subreaper: bool,
    /// Processes are held by file descriptor, so a reused pid cannot be hit.
    pub pidfd: bool,
    /// Whether the gate runs in a pid namespace apart from the machine's own, as in a container;
    /// unknown where the system does not tell.
    pub pid_namespace: Option<bool>,
    /// The version 2 control group the gate runs in.
    pub cgroup: Option<String>,
}

/// Isolates the programs that this process is going to start, as far as the system can, and
/// says what is in force. Called once, by the program.
#[must_use]
pub fn isolate() -> Isolation {
    platform::isolate()
}

/// The real world, as one operator's run sees it.
pub struct LiveWorld {
    operator: Operator,
    places: Places,
    redactor: Arc<Redactor>,
    tools: RwLock<ToolPath>,
    http: Http,
    groups: Arc<Groups>,
    /// Clears away ended orphans, where they become the gate's children.
    reaper: Option<tokio::task::AbortHandle>,
    /// How many programs each subtask has started, for the names of logs.
    started: Mutex<BTreeMap<SubtaskId, u32>>,
    clock: Arc<dyn Clock>,
    /// Rules of daemons, whose arguments hold tokens; those of others are not told.
    daemons: Arc<[CompiledRule]>,
}

impl LiveWorld {
    /// A world of this operator's, to be made within the runtime; the operator's known secrets and the places are handed to
    /// the redactor.
    #[must_use]
    pub fn new(operator: Operator, places: Places, redactor: Arc<Redactor>) -> Self {
        for (name, value) in &operator.env {
            if environment::is_secret(name) {
                redactor.add_secret(name, value);
            }
        }
        for (token, path) in places.roots() {
            redactor.add_place(token, path.as_str());
            // Programs often report the path behind a symbolic link.
            if let Ok(real) = path.canonicalize_utf8() {
                redactor.add_place(token, real.as_str());
            }
        }
        let groups = Arc::<Groups>::default();
        let reaper = tokio::runtime::Handle::try_current()
            .ok()
            .filter(|_| platform::is_subreaper())
            .map(|runtime| {
                runtime
                    .spawn(Arc::clone(&groups).reap_orphans())
                    .abort_handle()
            });
        Self {
            http: Http::new(&operator),
            operator,
            places,
            redactor,
            tools: RwLock::default(),
            groups,
            reaper,
            started: Mutex::default(),
            clock: Arc::new(observe::SystemClock::new()),
            daemons: Arc::new([]),
        }
    }

    /// Learns the tokens of the processes that these rules may mean, so that they are hidden
    /// wherever they stand; and lists no other's arguments, which are nobody's business. Without
    /// a rule, nothing is learnt and nothing left out. A rule that is not valid means none; the gate file's are.
    #[must_use]
    pub fn learning_from<'r>(mut self, rules: impl IntoIterator<Item = &'r ProcessRule>) -> Self {
        let compiled = rules.into_iter().filter_map(|rule| rule.compile().ok());
        self.daemons = compiled.collect();
        self
    }

    /// Observes by another clock than the system's.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Puts directories of tools on the programs' `PATH`, from the next program on.
    pub fn set_tools(&self, tools: ToolPath) {
        *self.tools.write().unwrap_or_else(PoisonError::into_inner) = tools;
    }

    /// Waits until every program that was given up has really ended.
    pub async fn settle(&self) {
        self.groups.settle().await;
    }

    /// Ends what the programs of this world left behind and is still there.
    pub async fn end_leftovers(&self, grace: Duration) -> Vec<Receipt> {
        ending::end_leftovers(&self.groups, grace).await
    }

    /// Kills the group of every running program at once; for the second interrupt.
    pub fn kill_all(&self) {
        self.groups.kill_all();
    }

    fn tools(&self) -> ToolPath {
        self.tools
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn next_number(&self, by: &SubtaskId) -> u32 {
        let mut started = self.started.lock().unwrap_or_else(PoisonError::into_inner);
        let number = started.entry(by.clone()).or_default();
        *number += 1;
        *number
    }
}

impl Drop for LiveWorld {
    fn drop(&mut self) {
        if let Some(reaper) = &self.reaper {
            reaper.abort();
        }
        self.groups.kill_all();
    }
}

#[async_trait]
impl World for LiveWorld {
    async fn perform(&self, by: &SubtaskId, effect: Effect) -> Result<Response, WorldError> {
        match effect {
            Effect::Run(program) => program::run(self, by, &program)
                .await
                .map(|finished| Response::Program(Box::new(finished))),
            Effect::HttpGet(get) => self.get(&get).await.map(Response::Http),
            Effect::ReadFile(_)
            | Effect::ListFiles(_)
            | Effect::WriteFile(_)
            | Effect::MakeDir { .. }
            | Effect::SealDir { .. }
            | Effect::KeepFiles(_)
            | Effect::Pack(_) => self.file_effect(effect).await,
            Effect::ListProcesses => process::list(self).await.map(Response::Processes),
            Effect::EndProcesses(end) => {
                ending::end(&end, &self.redactor).await.map(Response::Ended)
            }
            Effect::FindProgram { name } => Ok(Response::Found(self.find(&name))),
            Effect::Now => Ok(Response::Now(jiff::Timestamp::now())),
            Effect::Sleep { duration } => {
                tokio::time::sleep(duration).await;
                Ok(Response::Done)
            }
            Effect::FreshId => Ok(Response::Id(ulid::Ulid::generate().to_string())),
        }
    }
}

impl LiveWorld {
    /// File effects block, so they run on a thread of their own.
    async fn file_effect(&self, effect: Effect) -> Result<Response, WorldError> {
        let desk = files::Desk {
            places: self.places.clone(),
            redactor: Arc::clone(&self.redactor),
        };
        blocking(move || desk.perform(effect)).await?
    }

    fn find(&self, name: &str) -> Vec<String> {
        let all = self.tools().around(&self.operator, &self.places);
        let mut found: Vec<String> = Vec::new();
        for directory in all {
            let path = self.redactor.text(directory.join(name).as_str());
            if program::is_executable(&directory.join(name)) && !found.contains(&path) {
                found.push(path);
            }
        }
        found
    }
}

/// Runs blocking work beside the asynchronous one.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, WorldError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_stopped| WorldError::Interrupted)
}

/// A file failure in the world's words.
fn file_error(operation: &str, path: &str, error: &std::io::Error) -> WorldError {
    use std::io::ErrorKind;
    WorldError::File {
        operation: operation.to_owned(),
        path: path.to_owned(),
        kind: match error.kind() {
            ErrorKind::NotFound => FileFailure::NotFound,
            ErrorKind::AlreadyExists => FileFailure::AlreadyExists,
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
                FileFailure::NotPermitted
            }
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => FileFailure::NoSpace,
            ErrorKind::FileTooLarge => FileFailure::TooLarge,
            ErrorKind::InvalidData => FileFailure::NotText,
            _ => FileFailure::Other,
        },
        reason: error.to_string(),
    }
}
