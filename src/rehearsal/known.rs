//! The data about the generated checkouts that the embedded GitHub needs.

use super::github::{RepositoryFacts, TagFact};
use super::product::repositories::Repositories;

/// What GitHub has to know of the checkouts.
pub(super) fn facts(repositories: &Repositories) -> RepositoryFacts {
    let tags = repositories.tags.iter();
    let rollback_fix = &repositories.rollback_fix;
    let first = repositories.diagnostics.as_ref().unwrap_or(rollback_fix);
    RepositoryFacts {
        tags: tags
            .map(|(name, commit)| tag(repositories, name, commit))
            .collect(),
        first_rollback_fix: first.clone(),
        rollback_fix: rollback_fix.clone(),
        classification_fix: repositories.classification_fix.clone(),
    }
}

/// A release follows its tag by an hour and a half.
fn tag(repositories: &Repositories, name: &str, commit: &str) -> TagFact {
    let tagged = repositories.tagged_at.get(name).copied();
    let tagged = tagged.unwrap_or_default();
    let later = jiff::SignedDuration::from_mins(90);
    TagFact {
        name: name.to_owned(),
        commit: commit.to_owned(),
        object: None,
        prerelease: name.contains("rc") || name.contains('a'),
        published_at: tagged.checked_add(later).unwrap_or(tagged),
        released: repositories.released.contains(name),
    }
}
