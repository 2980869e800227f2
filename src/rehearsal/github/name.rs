//! Names of repositories and issues, and the clock of the embedded GitHub.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};

/// `owner/name` of a repository. GitHub compares it without regard to case.
#[derive(Debug, Clone, Eq)]
pub struct RepositoryName {
    /// User or organisation.
    pub owner: String,
    /// Name below it.
    pub name: String,
}

impl RepositoryName {
    /// A name from its two parts.
    pub fn new(owner: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            owner: owner.into(),
            name: name.into(),
        }
    }
}

impl PartialEq for RepositoryName {
    fn eq(&self, other: &Self) -> bool {
        self.owner.eq_ignore_ascii_case(&other.owner) && self.name.eq_ignore_ascii_case(&other.name)
    }
}

impl fmt::Display for RepositoryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner, self.name)
    }
}

/// One issue of one repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssueRef {
    /// The repository, under its present name.
    pub repository: RepositoryName,
    /// Number of the issue.
    pub number: u32,
}

impl fmt::Display for IssueRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.repository, self.number)
    }
}

/// Where times of new comments and events come from.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// A clock that asks `now` each time.
    pub fn new(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// A clock that starts at `start` and moves on by one second each time it is asked, so that
    /// the same requests give the same bytes.
    #[must_use]
    pub fn stepping(start: Timestamp) -> Self {
        let asked = AtomicI64::new(0);
        Self::new(move || {
            let seconds = asked.fetch_add(1, Ordering::Relaxed);
            start
                .checked_add(SignedDuration::from_secs(seconds))
                .unwrap_or(start)
        })
    }

    pub(super) fn now(&self) -> Timestamp {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}
