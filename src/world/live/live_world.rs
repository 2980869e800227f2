//! The real world's state: the operator, the places, the running programs.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use super::environment::{self, Places, ToolPath};
use super::group::Groups;
use super::held::Held;
use super::http::Http;
use super::observe::clock::{Clock, SystemClock};
use super::operator::Operator;
use super::platform;
use super::reserve::Reserved;
use super::sandbox::{SandboxChoice, Sandboxes};
use crate::model::SubtaskId;
use crate::world::ProcessRule;
use crate::world::process_rule::CompiledRule;
use crate::world::redact::Redactor;

/// The real world, as one operator's run sees it.
pub struct LiveWorld {
    pub(super) operator: Operator,
    pub(super) places: Places,
    pub(super) redactor: Arc<Redactor>,
    pub(super) tools: RwLock<ToolPath>,
    pub(super) http: Http,
    pub(super) groups: Arc<Groups>,
    /// Reaps ended orphans, where they become the gate's children.
    pub(super) reaper: Option<tokio::task::AbortHandle>,
    /// How many programs each subtask has started, for the names of logs.
    pub(super) started: Mutex<BTreeMap<SubtaskId, u32>>,
    pub(super) clock: Arc<dyn Clock>,
    /// Rules of daemons, whose arguments contain tokens; arguments of other processes are not
    /// reported.
    pub(super) daemons: Arc<[CompiledRule]>,
    pub(super) sandboxes: Sandboxes,
    pub(super) held: Arc<Held>,
    pub(super) reserved: Reserved,
}

impl LiveWorld {
    /// A world of this operator, to be created within the runtime; the operator's known secrets and
    /// the places are passed to the redactor.
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
            clock: Arc::new(SystemClock::new()),
            daemons: Arc::new([]),
            sandboxes: Sandboxes::default(),
            held: Arc::default(),
            reserved: Reserved::default(),
        }
    }

    /// Learns the tokens in the arguments of processes that may match these rules, so that they are
    /// redacted everywhere, and lists no other process's arguments. Without a rule, nothing is
    /// learnt and nothing left out. An invalid rule matches nothing; the gate file's rules are
    /// valid.
    #[must_use]
    pub fn learning_from<'r>(mut self, rules: impl IntoIterator<Item = &'r ProcessRule>) -> Self {
        let compiled = rules.into_iter().filter_map(|rule| rule.compile().ok());
        self.daemons = compiled.collect();
        self
    }

    /// Sets how sandboxes are used; by default, a program that asks for one does not run without.
    #[must_use]
    pub fn with_sandbox(mut self, choice: SandboxChoice) -> Self {
        self.sandboxes = Sandboxes::new(choice);
        self
    }

    /// Uses another clock than the system's for observations.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Puts directories of tools on the programs' `PATH`, from the next program on.
    pub fn set_tools(&self, tools: ToolPath) {
        *self.tools.write().unwrap_or_else(PoisonError::into_inner) = tools;
    }

    /// Waits until every abandoned program has ended.
    pub async fn settle(&self) {
        self.groups.settle().await;
    }

    /// Kills the group of every running program at once; for the second interrupt.
    pub fn kill_all(&self) {
        self.groups.kill_all();
    }

    pub(super) fn tools(&self) -> ToolPath {
        self.tools
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(super) fn next_number(&self, by: &SubtaskId) -> u32 {
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
