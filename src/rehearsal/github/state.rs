//! The embedded GitHub's state: repositories, who writes, what happens by itself, what was asked.
//!
//! Owns every change of it. Never speaks HTTP, never reads a clock of its own.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::access::Access;
use super::issue::{
    CloseReason, Closer, Comment, EventKind, Issue, IssueEvent, IssueState, Person,
};
use super::ledger::Ledger;
use super::name::{Clock, IssueRef, RepositoryName};
use super::repository::{PullRequest, Repository};

/// Length above which GitHub refuses a comment, in characters.
const LONGEST_BODY: usize = 65_536;

/// A moment at which something else happens by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Moment {
    /// A comment was written on this issue through the API.
    Commented(IssueRef),
    /// Releases were listed.
    ReleasesListed,
}

/// What somebody else does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Opens a closed issue again.
    Reopen(IssueRef),
    /// Closes an open issue.
    Close(IssueRef),
}

/// Something that happens once, at a moment, done by somebody who is not the gate.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Trigger {
    when: Moment,
    actor: String,
    act: Act,
}

/// Why a change is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    /// No issue has this global id.
    #[error("Could not resolve to a node with the global id of '{0}'")]
    NoNode(String),
    /// A comment without text.
    #[error("Body can't be blank")]
    Blank,
    /// A comment that is too long.
    #[error("Body is too long (maximum is {LONGEST_BODY} characters)")]
    TooLong,
}

/// All that the embedded GitHub knows.
#[derive(Debug)]
pub struct State {
    repositories: Vec<Repository>,
    renamed: Vec<(RepositoryName, RepositoryName)>,
    operator: Person,
    clock: Clock,
    triggers: Vec<Trigger>,
    next_id: u64,
    pub(super) access: Access,
    pub(super) ledger: Ledger,
    watcher: Option<Watcher>,
}

/// At which point of a request its watcher is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Point {
    /// It has come, and nothing was done.
    Come,
    /// It was done, and is not answered.
    Done,
}

/// Called with each request: at which point, whether it writes, what it is.
type Watch = dyn Fn(Point, bool, &str) + Send + Sync;

#[derive(Clone)]
struct Watcher(Arc<Watch>);

impl std::fmt::Debug for Watcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Watcher")
    }
}

impl State {
    /// A GitHub without repositories, whose tokens all belong to `operator`.
    #[must_use]
    pub fn new(operator: Person, clock: Clock) -> Self {
        Self {
            repositories: Vec::new(),
            renamed: Vec::new(),
            operator,
            clock,
            triggers: Vec::new(),
            next_id: 4_500_000_000,
            access: Access::default(),
            ledger: Ledger::default(),
            watcher: None,
        }
    }

    /// Calls back with every request that is let through: at which point, whether it writes, what
    /// it is. The callback runs on the server's task, and must not ask for the state.
    pub fn watch(&mut self, callback: impl Fn(Point, bool, &str) + Send + Sync + 'static) {
        self.watcher = Some(Watcher(Arc::new(callback)));
    }

    /// Adds a repository.
    pub fn add(&mut self, repository: Repository) {
        self.repositories.push(repository);
    }

    /// Gives a repository a new name; the old one goes on leading to it, as on GitHub.
    pub fn rename(&mut self, old: &RepositoryName, new: RepositoryName) {
        if let Some(found) = self.repositories.iter_mut().find(|one| one.name == *old) {
            found.name = new.clone();
            self.renamed.push((old.clone(), new));
        }
    }

    /// Takes times from another clock.
    pub fn set_clock(&mut self, clock: Clock) {
        self.clock = clock;
    }

    /// A number that no other comment, event, release or run has.
    pub fn fresh_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    /// Lets somebody do something once, when a moment comes.
    pub fn when(&mut self, moment: Moment, actor: &str, act: Act) {
        self.triggers.push(Trigger {
            when: moment,
            actor: actor.to_owned(),
            act,
        });
    }

    /// Opens an issue again on behalf of somebody who is not the gate; false if there is no such
    /// closed issue.
    pub fn reopen_by(&mut self, actor: &str, issue: &IssueRef) -> bool {
        self.set_open(actor, issue)
    }

    /// Closes an issue on behalf of somebody who is not the gate; false if there is no such open
    /// issue.
    pub fn close_by(&mut self, actor: &str, issue: &IssueRef) -> bool {
        self.set_closed(actor, issue, CloseReason::Completed, None)
    }

    /// Writes a comment on behalf of somebody who is not the gate.
    pub fn comment_by(&mut self, author: Person, issue: &IssueRef, body: &str) -> bool {
        self.append_comment(author, issue, body).is_some()
    }

    /// Who owns the tokens.
    pub(super) fn operator(&self) -> &Person {
        &self.operator
    }

    /// All repositories.
    pub(super) fn repositories(&self) -> &[Repository] {
        &self.repositories
    }

    /// The repository of this name, today's or an older one.
    pub(super) fn repository(&self, name: &RepositoryName) -> Option<&Repository> {
        self.repository_today(name).or_else(|| {
            let (_, new) = self.renamed.iter().find(|(old, _)| old == name)?;
            self.repository(new)
        })
    }

    /// The repository that has this name today.
    pub(super) fn repository_today(&self, name: &RepositoryName) -> Option<&Repository> {
        self.repositories.iter().find(|one| one.name == *name)
    }

    /// The repository with this number.
    pub(super) fn repository_by_id(&self, id: u64) -> Option<&Repository> {
        self.repositories.iter().find(|one| one.id == id)
    }

    /// One issue.
    pub(super) fn issue(&self, which: &IssueRef) -> Option<&Issue> {
        let repository = self.repository(&which.repository)?;
        repository.issues.get(&which.number)
    }

    /// The issue with this global id.
    pub(super) fn issue_by_node(&self, id: &str) -> Option<IssueRef> {
        self.repositories.iter().find_map(|repository| {
            let number = repository
                .issues
                .keys()
                .find(|number| issue_node(repository.id, **number) == id)?;
            Some(IssueRef {
                repository: repository.name.clone(),
                number: *number,
            })
        })
    }

    /// Writes a comment through the API.
    pub(super) fn comment(&mut self, which: &IssueRef, body: &str) -> Result<Comment, Refusal> {
        if body.trim().is_empty() {
            return Err(Refusal::Blank);
        }
        if body.chars().count() > LONGEST_BODY {
            return Err(Refusal::TooLong);
        }
        let comment = self
            .append_comment(self.operator.clone(), which, body)
            .ok_or_else(|| Refusal::NoNode(which.to_string()))?;
        self.ledger.writes(which).comments += 1;
        self.happened(&Moment::Commented(which.clone()));
        Ok(comment)
    }

    /// Closes an issue through the API; one that is closed already stays as it is.
    pub(super) fn close(&mut self, which: &IssueRef, reason: CloseReason) {
        let actor = self.operator.login.clone();
        self.ledger.writes(which).closes += 1;
        self.set_closed(&actor, which, reason, None);
    }

    /// Opens an issue again through the API; one that is open already stays as it is.
    pub(super) fn reopen(&mut self, which: &IssueRef) {
        let actor = self.operator.login.clone();
        self.ledger.writes(which).reopens += 1;
        self.set_open(&actor, which);
    }

    /// Lets everything happen that waits for this moment.
    pub(super) fn happened(&mut self, moment: &Moment) {
        let triggers = std::mem::take(&mut self.triggers);
        let (due, waiting) = triggers
            .into_iter()
            .partition(|trigger| self.same_moment(&trigger.when, moment));
        self.triggers = waiting;
        for trigger in due {
            match trigger.act {
                Act::Reopen(issue) => self.reopen_by(&trigger.actor, &issue),
                Act::Close(issue) => self.close_by(&trigger.actor, &issue),
            };
        }
    }

    /// Whether two moments are one, although a repository may have got a new name meanwhile.
    fn same_moment(&self, one: &Moment, other: &Moment) -> bool {
        match (one, other) {
            (Moment::Commented(one), Moment::Commented(other)) => {
                let id = |which: &IssueRef| self.repository(&which.repository).map(|it| it.id);
                one.number == other.number && id(one) == id(other)
            }
            (one, other) => one == other,
        }
    }

    fn append_comment(&mut self, author: Person, which: &IssueRef, body: &str) -> Option<Comment> {
        let comment = Comment {
            id: self.fresh_id(),
            author,
            at: self.clock.now(),
            body: body.to_owned(),
        };
        self.issue_mut(which)?.comments.push(comment.clone());
        Some(comment)
    }

    fn set_open(&mut self, actor: &str, which: &IssueRef) -> bool {
        if self.issue(which).is_none_or(|issue| issue.state.is_open()) {
            return false;
        }
        let event = self.event(actor, EventKind::Reopened);
        self.change(which, IssueState::Open { again: true }, event)
    }

    fn set_closed(
        &mut self,
        actor: &str,
        which: &IssueRef,
        reason: CloseReason,
        closer: Option<Closer>,
    ) -> bool {
        if self.issue(which).is_none_or(|issue| !issue.state.is_open()) {
            return false;
        }
        let event = self.event(actor, EventKind::Closed { reason, closer });
        let at = event.at;
        self.change(which, IssueState::Closed { at, reason }, event)
    }

    fn event(&mut self, actor: &str, kind: EventKind) -> IssueEvent {
        IssueEvent {
            id: self.fresh_id(),
            actor: actor.to_owned(),
            at: self.clock.now(),
            kind,
        }
    }

    fn change(&mut self, which: &IssueRef, state: IssueState, event: IssueEvent) -> bool {
        let Some(issue) = self.issue_mut(which) else {
            return false;
        };
        issue.state = state;
        issue.events.push(event);
        true
    }

    fn issue_mut(&mut self, which: &IssueRef) -> Option<&mut Issue> {
        let name = self.repository(&which.repository)?.name.clone();
        let repository = self.repositories.iter_mut().find(|one| one.name == name)?;
        repository.issues.get_mut(&which.number)
    }
}

/// Pull requests that closed, or say that they close, this issue; oldest first.
pub(super) fn closing_pull_requests(repository: &Repository, issue: u32) -> Vec<PullRequest> {
    let closes = |pull: &&PullRequest| pull.closes.contains(&issue);
    repository
        .pull_requests
        .values()
        .filter(closes)
        .cloned()
        .collect()
}

/// The global id of an issue.
pub(super) fn issue_node(repository: u64, number: u32) -> String {
    super::repository::node_id("I", repository, number)
}

/// The state, shared between the server and the rehearsal.
#[derive(Debug, Clone)]
pub struct SharedState(Arc<Mutex<State>>);

impl SharedState {
    /// Shares a state.
    #[must_use]
    pub fn new(state: State) -> Self {
        Self(Arc::new(Mutex::new(state)))
    }

    pub(super) fn pass(&self, point: Point, writes: bool, what: &str) {
        let watcher = self.lock().watcher.clone();
        if let Some(Watcher(callback)) = watcher {
            callback(point, writes, what);
        }
    }

    /// The state itself, for as long as the guard lives.
    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What GitHub looks like at the end, and everything that was asked of it.
    #[must_use]
    pub fn final_state(&self) -> serde_json::Value {
        self.lock().final_state()
    }
}
