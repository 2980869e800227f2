//! Issues: what GitHub knows of one, and how it changes. Knows nothing of HTTP or GraphQL.

use jiff::Timestamp;

/// What somebody is to the repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, async_graphql::Enum)]
#[graphql(name = "CommentAuthorAssociation")]
pub enum Association {
    /// Owns it.
    Owner,
    /// Member of the organisation that owns it.
    Member,
    /// Was invited to it.
    Collaborator,
    /// Has committed to it before.
    Contributor,
    /// Nothing.
    None,
}

impl Association {
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Owner => "OWNER",
            Self::Member => "MEMBER",
            Self::Collaborator => "COLLABORATOR",
            Self::Contributor => "CONTRIBUTOR",
            Self::None => "NONE",
        }
    }
}

/// Somebody who writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Login.
    pub login: String,
    /// What they are to the repository.
    pub association: Association,
}

impl Person {
    /// A member of the organisation.
    #[must_use]
    pub fn member(login: &str) -> Self {
        Self {
            login: login.to_owned(),
            association: Association::Member,
        }
    }

    /// Somebody without a role.
    #[must_use]
    pub fn stranger(login: &str) -> Self {
        Self {
            login: login.to_owned(),
            association: Association::None,
        }
    }
}

/// Why an issue was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseReason {
    /// Done.
    Completed,
    /// Not planned.
    NotPlanned,
    /// Another issue says the same.
    Duplicate,
}

impl CloseReason {
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Completed => "COMPLETED",
            Self::NotPlanned => "NOT_PLANNED",
            Self::Duplicate => "DUPLICATE",
        }
    }
}

/// Whether an issue is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IssueState {
    /// Open.
    Open {
        /// Whether it had been closed before.
        again: bool,
    },
    /// Closed.
    Closed {
        /// When.
        at: Timestamp,
        /// Why.
        reason: CloseReason,
    },
}

impl IssueState {
    pub(super) fn is_open(self) -> bool {
        matches!(self, Self::Open { .. })
    }

    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Open { .. } => "OPEN",
            Self::Closed { .. } => "CLOSED",
        }
    }

    pub(super) fn reason(self) -> Option<&'static str> {
        match self {
            Self::Open { again: false } => None,
            Self::Open { again: true } => Some("REOPENED"),
            Self::Closed { reason, .. } => Some(reason.text()),
        }
    }

    pub(super) fn closed_at(self) -> Option<Timestamp> {
        match self {
            Self::Open { .. } => None,
            Self::Closed { at, .. } => Some(at),
        }
    }
}

/// What closed an issue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Closer {
    /// A merged pull request of the same repository.
    PullRequest(u32),
    /// A commit that named the issue.
    Commit(String),
}

/// What happened to an issue's state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventKind {
    /// It was closed.
    Closed {
        /// Why.
        reason: CloseReason,
        /// By which change; a person's click has none.
        closer: Option<Closer>,
    },
    /// It was opened again.
    Reopened,
}

/// One event of an issue's timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssueEvent {
    /// Number that is unique in all of the embedded GitHub.
    pub id: u64,
    /// Login of who did it.
    pub actor: String,
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: EventKind,
}

/// One comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// Number that is unique in all of the embedded GitHub.
    pub id: u64,
    /// Who wrote it.
    pub author: Person,
    /// When.
    pub at: Timestamp,
    /// Markdown.
    pub body: String,
}

/// One issue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// Number in its repository.
    pub number: u32,
    /// Title.
    pub title: String,
    /// Markdown.
    pub body: String,
    /// Who opened it.
    pub author: Person,
    /// When it was opened.
    pub created_at: Timestamp,
    /// Open or closed.
    pub state: IssueState,
    /// Names of its labels.
    pub labels: Vec<String>,
    /// Comments, oldest first.
    pub comments: Vec<Comment>,
    /// Changes of its state, oldest first.
    pub events: Vec<IssueEvent>,
}

impl Issue {
    /// An open issue without comments.
    #[must_use]
    pub fn open(number: u32, title: &str, body: &str, author: Person, at: Timestamp) -> Self {
        Self {
            number,
            title: title.to_owned(),
            body: body.to_owned(),
            author,
            created_at: at,
            state: IssueState::Open { again: false },
            labels: Vec::new(),
            comments: Vec::new(),
            events: Vec::new(),
        }
    }

    /// The time of its last change.
    #[must_use]
    pub fn updated_at(&self) -> Timestamp {
        let comments = self.comments.iter().map(|comment| comment.at);
        let events = self.events.iter().map(|event| event.at);
        comments
            .chain(events)
            .fold(self.created_at, std::cmp::Ord::max)
    }
}
