//! What git has: commits, annotated tags, refs.
#![expect(
    clippy::unused_async,
    reason = "a resolver must be async for the schema's macro"
)]

use async_graphql::{Context, Error, ID, Interface, Object, SimpleObject};

use super::super::name::RepositoryName;
use super::super::repository::{Commit, Repository, Tag, node_id, page};
use super::page::{Connection, Window};
use super::pull_request::PullNode;
use super::scalar::{DateTime, Oid, Uri, User};
use super::shared;

/// Who made a commit.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(name = "GitActor")]
pub(super) struct GitActor {
    name: String,
    email: String,
    date: DateTime,
    user: Option<User>,
}

/// One commit.
#[derive(Debug, Clone)]
pub(super) struct CommitNode {
    repository: u64,
    name: RepositoryName,
    commit: Commit,
}

impl CommitNode {
    pub(super) fn find(repository: &Repository, oid: &str) -> Option<Self> {
        let commit = repository.commits.get(oid)?.clone();
        Some(Self {
            repository: repository.id,
            name: repository.name.clone(),
            commit,
        })
    }

    fn git_actor(&self) -> GitActor {
        GitActor {
            name: "Spec Kitty".to_owned(),
            email: "dev@example.org".to_owned(),
            date: self.commit.at.into(),
            user: None,
        }
    }

    fn headline_and_body(&self) -> (&str, &str) {
        let message = &self.commit.message;
        let (first, rest) = message.split_once('\n').unwrap_or((message, ""));
        (first, rest.trim_start())
    }
}

#[Object(name = "Commit")]
impl CommitNode {
    async fn id(&self) -> ID {
        ID(node_id("C", self.repository, &self.commit.oid))
    }

    async fn oid(&self) -> Oid {
        self.commit.oid.as_str().into()
    }

    async fn abbreviated_oid(&self) -> &str {
        self.commit.oid.get(..7).unwrap_or(&self.commit.oid)
    }

    async fn url(&self) -> Uri {
        Uri(page(&self.name, &format!("commit/{}", self.commit.oid)))
    }

    async fn commit_url(&self) -> Uri {
        Uri(page(&self.name, &format!("commit/{}", self.commit.oid)))
    }

    async fn message(&self) -> &str {
        &self.commit.message
    }

    async fn message_headline(&self) -> &str {
        self.headline_and_body().0
    }

    async fn message_body(&self) -> &str {
        self.headline_and_body().1
    }

    async fn committed_date(&self) -> DateTime {
        self.commit.at.into()
    }

    async fn authored_date(&self) -> DateTime {
        self.commit.at.into()
    }

    async fn author(&self) -> Option<GitActor> {
        Some(self.git_actor())
    }

    async fn committer(&self) -> Option<GitActor> {
        Some(self.git_actor())
    }

    async fn authors(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        last: Option<i32>,
    ) -> Result<Connection<GitActor>, Error> {
        let window = Window {
            first,
            last,
            ..Window::default()
        };
        window.cut(ctx, &[self.git_actor()])
    }

    async fn associated_pull_requests(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        last: Option<i32>,
    ) -> Result<Option<Connection<PullNode>>, Error> {
        let oid = &self.commit.oid;
        let pulls: Vec<_> = {
            let state = shared(ctx).lock();
            let repository = state.repository(&self.name);
            repository
                .into_iter()
                .flat_map(|one| one.pull_requests.values().map(move |pull| (one, pull)))
                .filter(|(_, pull)| pull.merge_commit == *oid || pull.commits.contains(oid))
                .map(|(one, pull)| PullNode::new(one, pull))
                .collect()
        };
        let window = Window {
            first,
            last,
            ..Window::default()
        };
        window.cut(ctx, &pulls).map(Some)
    }
}

/// One annotated tag.
#[derive(Debug, Clone)]
pub(super) struct TagNode {
    oid: String,
    name: String,
    commit: CommitNode,
}

#[Object(name = "Tag")]
impl TagNode {
    async fn id(&self) -> ID {
        ID(node_id("TA", self.commit.repository, &self.oid))
    }

    async fn oid(&self) -> Oid {
        self.oid.as_str().into()
    }

    async fn abbreviated_oid(&self) -> &str {
        self.oid.get(..7).unwrap_or(&self.oid)
    }

    async fn commit_url(&self) -> Uri {
        Uri(page(&self.commit.name, &format!("commit/{}", self.oid)))
    }

    async fn name(&self) -> &str {
        &self.name
    }

    async fn target(&self) -> GitObject {
        GitObject::Commit(self.commit.clone())
    }
}

/// Anything that git stores.
#[derive(Debug, Clone, Interface)]
#[graphql(
    name = "GitObject",
    field(name = "id", ty = "ID"),
    field(name = "oid", ty = "Oid"),
    field(name = "abbreviated_oid", ty = "&str"),
    field(name = "commit_url", ty = "Uri")
)]
pub(super) enum GitObject {
    Commit(CommitNode),
    Tag(TagNode),
}

impl GitObject {
    /// What a revision such as `main`, `v1.0` or an object id leads to.
    pub(super) fn find(repository: &Repository, revision: &str) -> Option<Self> {
        if let Some(tag) = repository.tags.iter().find(|tag| tag.name == revision) {
            return Self::tag(repository, tag);
        }
        let oid = match revision {
            Repository::BRANCH | "HEAD" => &repository.head,
            oid => oid,
        };
        CommitNode::find(repository, oid).map(Self::Commit)
    }

    fn tag(repository: &Repository, tag: &Tag) -> Option<Self> {
        let commit = CommitNode::find(repository, &tag.commit)?;
        Some(match &tag.object {
            None => Self::Commit(commit),
            Some(object) => Self::Tag(TagNode {
                oid: object.clone(),
                name: tag.name.clone(),
                commit,
            }),
        })
    }
}

/// A branch or a tag.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(name = "Ref")]
pub(super) struct RefNode {
    id: ID,
    name: String,
    prefix: String,
    target: Option<GitObject>,
}

impl RefNode {
    pub(super) fn branch(repository: &Repository) -> Self {
        Self {
            id: ID(node_id("REF", repository.id, Repository::BRANCH)),
            name: Repository::BRANCH.to_owned(),
            prefix: "refs/heads/".to_owned(),
            target: GitObject::find(repository, Repository::BRANCH),
        }
    }

    pub(super) fn tag(repository: &Repository, tag: &Tag) -> Self {
        Self {
            id: ID(node_id("REF", repository.id, &tag.name)),
            name: tag.name.clone(),
            prefix: "refs/tags/".to_owned(),
            target: GitObject::tag(repository, tag),
        }
    }

    /// The refs below a prefix such as `refs/tags/`.
    pub(super) fn below(repository: &Repository, prefix: &str) -> Vec<Self> {
        match prefix.trim_end_matches('/') {
            "refs/heads" => vec![Self::branch(repository)],
            "refs/tags" => {
                let tags = repository.tags.iter();
                tags.map(|tag| Self::tag(repository, tag)).collect()
            }
            _ => Vec::new(),
        }
    }

    pub(super) fn mentions(&self, text: &str) -> bool {
        self.name.contains(text)
    }

    /// Whether a qualified or a bare name means this ref.
    pub(super) fn is_called(&self, name: &str) -> bool {
        name == self.name || name.strip_prefix(self.prefix.as_str()) == Some(&self.name)
    }
}

/// A commit as a pull request lists it.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(name = "PullRequestCommit")]
pub(super) struct PullCommit {
    commit: CommitNode,
}

impl PullCommit {
    pub(super) fn new(commit: CommitNode) -> Self {
        Self { commit }
    }
}
