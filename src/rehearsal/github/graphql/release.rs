//! Releases.

use async_graphql::{ID, SimpleObject};

use super::super::repository::{Release, Repository, node_id};
use super::git::{CommitNode, RefNode};
use super::scalar::{DateTime, Uri, User};

/// One release.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(name = "Release")]
#[expect(clippy::struct_excessive_bools, reason = "GitHub's type has them")]
pub(super) struct ReleaseNode {
    id: ID,
    database_id: u64,
    name: Option<String>,
    tag_name: String,
    tag_commit: Option<CommitNode>,
    #[graphql(name = "tag")]
    tag: Option<RefNode>,
    description: Option<String>,
    is_draft: bool,
    is_prerelease: bool,
    is_latest: bool,
    immutable: bool,
    created_at: DateTime,
    updated_at: DateTime,
    published_at: Option<DateTime>,
    author: Option<User>,
    url: Uri,
    resource_path: Uri,
}

impl ReleaseNode {
    pub(super) fn new(repository: &Repository, release: &Release) -> Self {
        let below = format!("releases/tag/{}", release.tag);
        let tag = repository.tags.iter().find(|tag| tag.name == release.tag);
        Self {
            id: ID(node_id("RE", repository.id, release.id)),
            database_id: release.id,
            name: Some(release.tag.clone()),
            tag_name: release.tag.clone(),
            tag_commit: CommitNode::find(repository, &release.commit),
            tag: tag.map(|tag| RefNode::tag(repository, tag)),
            description: Some(release.body.clone()),
            is_draft: release.draft,
            is_prerelease: release.prerelease,
            is_latest: latest(repository).is_some_and(|latest| latest.id == release.id),
            immutable: false,
            created_at: release.published_at.into(),
            updated_at: release.published_at.into(),
            published_at: (!release.draft).then(|| release.published_at.into()),
            author: Some(User::new(&release.author)),
            url: Uri(repository.url(&below)),
            resource_path: Uri(format!("/{}/{below}", repository.name)),
        }
    }
}

/// The newest release that is neither draft nor prerelease.
pub(super) fn latest(repository: &Repository) -> Option<&Release> {
    let mut final_ones = repository
        .releases
        .iter()
        .filter(|release| !release.draft && !release.prerelease);
    final_ones.next()
}
