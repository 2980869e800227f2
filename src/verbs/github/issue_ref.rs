//! An issue's address as gate files write it. Pure.

use crate::model::Finding;
use crate::verb::VerbError;

/// An issue's address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::verbs) struct IssueRef {
    pub(in crate::verbs) owner: String,
    pub(in crate::verbs) repository: String,
    pub(in crate::verbs) number: u64,
}

impl IssueRef {
    /// Reads `owner/repo#N`.
    pub(in crate::verbs) fn parse(text: &str) -> Result<Self, VerbError> {
        let parts = text.split_once('#').and_then(|(slug, number)| {
            let (owner, repository) = slug.split_once('/')?;
            Some(Self {
                owner: owner.to_owned(),
                repository: repository.to_owned(),
                number: number.parse().ok()?,
            })
        });
        parts.ok_or_else(|| {
            VerbError::error(
                Finding::new(format!("`{text}` is not an issue")).remedy("write `owner/repo#N`"),
            )
        })
    }

    /// `owner/repo`.
    pub(in crate::verbs) fn slug(&self) -> String {
        format!("{}/{}", self.owner, self.repository)
    }
}

impl std::fmt::Display for IssueRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}#{}", self.slug(), self.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issue_is_named_by_owner_repository_and_number() {
        let parsed = IssueRef::parse("o/r#41").unwrap();
        assert_eq!((parsed.slug().as_str(), parsed.number), ("o/r", 41));
        for wrong in ["o/r", "o#1", "o/r#x", "o/r#-1", ""] {
            assert!(IssueRef::parse(wrong).is_err(), "{wrong}");
        }
    }
}
