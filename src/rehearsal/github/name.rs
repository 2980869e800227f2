//! Names of repositories and issues.

use std::fmt;

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
    /// The repository, under its current name.
    pub repository: RepositoryName,
    /// Number of the issue.
    pub number: u32,
}

impl fmt::Display for IssueRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.repository, self.number)
    }
}
