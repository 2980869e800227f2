//! Issues: GitHub's data about one, and how it changes. Knows nothing of HTTP or GraphQL.

use jiff::Timestamp;

/// A person's role in the repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Association {
    /// Member of the organisation that owns it.
    Member,
    /// No role.
    None,
}

impl Association {
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Member => "MEMBER",
            Self::None => "NONE",
        }
    }
}

/// An author.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Login.
    pub login: String,
    /// Their role in the repository.
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

    /// A person without a role.
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
    /// Duplicate of another issue.
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

/// A change of an issue's state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventKind {
    /// It was closed.
    Closed {
        /// Why.
        reason: CloseReason,
        /// By which merged pull request of the same repository; a person's click has none.
        closer: Option<u32>,
    },
    /// It was opened again.
    Reopened,
}

/// One event of an issue's timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssueEvent {
    /// Number that is unique in all of the embedded GitHub.
    pub id: u64,
    /// Login of the person who did it.
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
    /// Open or closed.
    pub state: IssueState,
    /// Comments, oldest first.
    pub comments: Vec<Comment>,
    /// Changes of its state, oldest first.
    pub events: Vec<IssueEvent>,
}

impl Issue {
    /// An open issue without comments.
    #[must_use]
    pub fn open(number: u32, title: &str) -> Self {
        Self {
            number,
            title: title.to_owned(),
            state: IssueState::Open { again: false },
            comments: Vec::new(),
            events: Vec::new(),
        }
    }
}
