//! The embedded GitHub's state: repositories, permissions, scheduled changes, logged requests.
//!
//! Owns every change of it. Never speaks HTTP, never reads a clock of its own.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

use super::access::{Access, Hits, Outage};
use super::issue::{CloseReason, Comment, EventKind, Issue, IssueEvent, IssueState, Person};
use super::ledger::Ledger;
use super::name::{IssueRef, RepositoryName};
use super::repository::Repository;

/// Length above which GitHub refuses a comment, in characters.
const LONGEST_BODY: usize = 65_536;

/// The trigger of a scheduled change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Moment {
    /// A comment was written on this issue through the API.
    Commented(IssueRef),
    /// Releases were listed.
    ReleasesListed,
}

/// A change made by somebody else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Re-opens a closed issue.
    Reopen(IssueRef),
    /// Closes an open issue.
    Close(IssueRef),
    /// Moves a tag and its release to where another tag points.
    MoveTag {
        /// The repository.
        repository: RepositoryName,
        /// The tag.
        tag: String,
        /// The other.
        to: String,
    },
}

/// A change that somebody else makes once, on a trigger.
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

/// The complete state of the embedded GitHub.
#[derive(Debug)]
pub struct State {
    repositories: Vec<Repository>,
    renamed: Vec<(RepositoryName, RepositoryName)>,
    operator: Person,
    /// The time of the next comment or event; each is one second after the previous one, so that
    /// the same requests give the same bytes.
    now: Timestamp,
    triggers: Vec<Trigger>,
    next_id: u64,
    pub(super) access: Access,
    pub(super) ledger: Ledger,
    watcher: Option<Watcher>,
    /// In how many listings more the operator's comments are not to be seen.
    late: u32,
}

/// The point of a request at which its watcher is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Point {
    /// It has arrived, and nothing was executed.
    Come,
    /// It was executed, but not answered yet.
    Done,
}

/// Called with each request: the point, whether it writes, and its description.
type Watch = dyn Fn(Point, bool, &str) + Send + Sync;

#[derive(Clone)]
struct Watcher(Arc<Watch>);

impl std::fmt::Debug for Watcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Watcher")
    }
}

impl State {
    /// A GitHub without repositories, whose tokens all belong to `operator`; its first comment or
    /// event is at `start`.
    #[must_use]
    pub fn new(operator: Person, start: Timestamp) -> Self {
        Self {
            repositories: Vec::new(),
            renamed: Vec::new(),
            operator,
            now: start,
            triggers: Vec::new(),
            next_id: 4_500_000_000,
            access: Access::default(),
            ledger: Ledger::default(),
            watcher: None,
            late: 0,
        }
    }

    /// Calls back for every accepted request, with the point, whether it writes, and its
    /// description. The callback runs on the server's task, and must not lock the state.
    pub fn watch(&mut self, callback: impl Fn(Point, bool, &str) + Send + Sync + 'static) {
        self.watcher = Some(Watcher(Arc::new(callback)));
    }

    /// Removes the write scopes from the environment's token.
    pub fn weaken_environment_token(&mut self) {
        self.access.weaken_environment_token();
    }

    /// Plans an outage for the next request of a kind, after those already planned.
    pub fn plan_outage(&mut self, hits: Hits, outage: Outage) {
        self.access.plan_outage(hits, outage);
    }

    /// Adds a repository.
    pub fn add(&mut self, repository: Repository) {
        self.repositories.push(repository);
    }

    /// Renames a repository; the old name still redirects to it, as on GitHub.
    pub fn rename(&mut self, old: &RepositoryName, new: RepositoryName) {
        if let Some(found) = self.repositories.iter_mut().find(|one| one.name == *old) {
            found.name = new.clone();
            self.renamed.push((old.clone(), new));
        }
    }

    /// A number that no other comment or event has.
    fn fresh_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    fn tick(&mut self) -> Timestamp {
        let now = self.now;
        self.now = now.checked_add(SignedDuration::from_secs(1)).unwrap_or(now);
        now
    }

    /// Schedules one change by somebody for a trigger.
    pub fn when(&mut self, moment: Moment, actor: &str, act: Act) {
        self.triggers.push(Trigger {
            when: moment,
            actor: actor.to_owned(),
            act,
        });
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
        let today = self.repositories.iter().find(|one| one.name == *name);
        today.or_else(|| {
            let (_, new) = self.renamed.iter().find(|(old, _)| old == name)?;
            self.repository(new)
        })
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
        let comment = Comment {
            id: self.fresh_id(),
            author: self.operator.clone(),
            at: self.tick(),
            body: body.to_owned(),
        };
        let issue = self.issue_mut(which);
        let issue = issue.ok_or_else(|| Refusal::NoNode(which.to_string()))?;
        issue.comments.push(comment.clone());
        self.ledger.writes(which).comments += 1;
        self.happened(&Moment::Commented(which.clone()));
        Ok(comment)
    }

    /// Closes an issue through the API; a closed one stays unchanged.
    pub(super) fn close(&mut self, which: &IssueRef, reason: CloseReason) {
        let actor = self.operator.login.clone();
        self.ledger.writes(which).closes += 1;
        self.set_closed(&actor, which, reason);
    }

    /// Re-opens an issue through the API; an open one stays unchanged.
    pub(super) fn reopen(&mut self, which: &IssueRef) {
        let actor = self.operator.login.clone();
        self.ledger.writes(which).reopens += 1;
        self.set_open(&actor, which);
    }

    /// Closes an issue before the rehearsal begins, as if somebody had done it then.
    pub fn closed_before(&mut self, which: &IssueRef, reason: CloseReason, at: Timestamp) {
        let closer = None;
        let kind = EventKind::Closed { reason, closer };
        self.changed_before(which, IssueState::Closed { at, reason }, kind, at);
    }

    /// Re-opens a closed issue, or closes an open one, before the rehearsal begins.
    pub fn turned_before(&mut self, which: &IssueRef, at: Timestamp) {
        if self.issue(which).is_some_and(|issue| issue.state.is_open()) {
            self.closed_before(which, CloseReason::Completed, at);
        } else {
            let open = IssueState::Open { again: true };
            self.changed_before(which, open, EventKind::Reopened, at);
        }
    }

    /// Ids of what was there before stay below those that the running GitHub gives.
    fn changed_before(
        &mut self,
        which: &IssueRef,
        state: IssueState,
        kind: EventKind,
        at: Timestamp,
    ) {
        let count = self
            .issue(which)
            .map_or(0, |issue| issue.events.len() as u64);
        let event = IssueEvent {
            id: 3_900_000_000 + u64::from(which.number) * 100 + 50 + count,
            actor: "somebody".to_owned(),
            at,
            kind,
        };
        self.change(which, state, event);
    }

    /// Makes all changes that are scheduled for this trigger.
    pub(super) fn happened(&mut self, moment: &Moment) {
        let triggers = std::mem::take(&mut self.triggers);
        let (due, waiting) = triggers
            .into_iter()
            .partition(|trigger| self.same_moment(&trigger.when, moment));
        self.triggers = waiting;
        for trigger in due {
            self.act(&trigger.actor, trigger.act);
        }
    }

    /// Makes a change by somebody now.
    pub fn act(&mut self, actor: &str, act: Act) {
        match act {
            Act::Reopen(issue) => self.set_open(actor, &issue),
            Act::Close(issue) => self.set_closed(actor, &issue, CloseReason::Completed),
            Act::MoveTag {
                repository,
                tag,
                to,
            } => self.move_tag(&repository, &tag, &to),
        }
    }

    /// Lets a tag and its release lead where another tag leads.
    pub(super) fn move_tag(&mut self, name: &RepositoryName, tag: &str, to: &str) {
        let found = self.repositories.iter_mut().find(|one| one.name == *name);
        let Some(repository) = found else { return };
        let other = repository.tags.iter().find(|one| one.name == to);
        let Some(commit) = other.map(|one| one.commit.clone()) else {
            return;
        };
        for one in repository.tags.iter_mut().filter(|one| one.name == tag) {
            one.commit.clone_from(&commit);
        }
        let mut releases = repository.releases.iter_mut();
        if let Some(release) = releases.find(|one| one.tag == tag) {
            release.commit = commit;
        }
    }

    /// Shows the operator's new comments only after so many listings of comments.
    pub(super) fn show_late(&mut self, listings: u32) {
        self.late = listings;
    }

    /// Whether this listing of comments, which has one of the operator's, does not show it yet.
    pub(super) fn is_late(&mut self) -> bool {
        let late = self.late > 0;
        self.late = self.late.saturating_sub(1);
        late
    }

    /// Whether two triggers are the same, even if a repository was renamed in between.
    fn same_moment(&self, one: &Moment, other: &Moment) -> bool {
        match (one, other) {
            (Moment::Commented(one), Moment::Commented(other)) => {
                let id = |which: &IssueRef| self.repository(&which.repository).map(|it| it.id);
                one.number == other.number && id(one) == id(other)
            }
            (one, other) => one == other,
        }
    }

    fn set_open(&mut self, actor: &str, which: &IssueRef) {
        if self
            .issue(which)
            .is_some_and(|issue| !issue.state.is_open())
        {
            let event = self.event(actor, EventKind::Reopened);
            self.change(which, IssueState::Open { again: true }, event);
        }
    }

    fn set_closed(&mut self, actor: &str, which: &IssueRef, reason: CloseReason) {
        if self.issue(which).is_some_and(|issue| issue.state.is_open()) {
            let closer = None;
            let event = self.event(actor, EventKind::Closed { reason, closer });
            let at = event.at;
            self.change(which, IssueState::Closed { at, reason }, event);
        }
    }

    fn event(&mut self, actor: &str, kind: EventKind) -> IssueEvent {
        IssueEvent {
            id: self.fresh_id(),
            actor: actor.to_owned(),
            at: self.tick(),
            kind,
        }
    }

    fn change(&mut self, which: &IssueRef, state: IssueState, event: IssueEvent) {
        if let Some(issue) = self.issue_mut(which) {
            issue.state = state;
            issue.events.push(event);
        }
    }

    fn issue_mut(&mut self, which: &IssueRef) -> Option<&mut Issue> {
        let name = self.repository(&which.repository)?.name.clone();
        let repository = self.repositories.iter_mut().find(|one| one.name == name)?;
        repository.issues.get_mut(&which.number)
    }
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

    /// The locked state, for as long as the guard lives.
    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state of GitHub at the end, and all requests to it.
    #[must_use]
    pub fn final_state(&self) -> serde_json::Value {
        self.lock().final_state()
    }
}
