//! The type `PullRequest`. All of them are merged.
#![expect(
    clippy::unused_async,
    reason = "a resolver must be async for the schema's macro"
)]

use async_graphql::{Context, Enum, Error, ID, Object};

use super::super::issue::Association;
use super::super::name::RepositoryName;
use super::super::repository::{PullRequest, Repository, node_id, page};
use super::super::state::State;
use super::comment::CommentNode;
use super::extras::{
    Assignee, Label, Milestone, ProjectCard, ProjectItem, ReactionGroup, Review, no_reactions,
};
use super::git::{CommitNode, PullCommit};
use super::issue::IssueNode;
use super::page::{Connection, Window};
use super::repository::RepositoryNode;
use super::scalar::{Actor, DateTime, Oid, Uri, User};
use super::shared;

/// State of a pull request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub(super) enum PullRequestState {
    Open,
    Closed,
    Merged,
}

/// Whether a pull request could be merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub(super) enum MergeableState {
    Mergeable,
    Conflicting,
    Unknown,
}

/// One pull request, as it was when it was asked for.
#[derive(Debug, Clone)]
pub(super) struct PullNode {
    repository: u64,
    name: RepositoryName,
    pull: PullRequest,
}

impl PullNode {
    pub(super) fn new(repository: &Repository, pull: &PullRequest) -> Self {
        Self {
            repository: repository.id,
            name: repository.name.clone(),
            pull: pull.clone(),
        }
    }

    /// The pull request with this global id.
    pub(super) fn by_id(state: &State, id: &ID) -> Option<Self> {
        let all = state.repositories().iter().flat_map(|repository| {
            let pulls = repository.pull_requests.values();
            pulls.map(|pull| Self::new(repository, pull))
        });
        all.into_iter().find(|pull| pull.node_id() == *id)
    }

    fn node_id(&self) -> ID {
        ID(node_id("PR", self.repository, self.pull.number))
    }

    fn commit(&self, ctx: &Context<'_>, oid: &str) -> Option<CommitNode> {
        let state = shared(ctx).lock();
        CommitNode::find(state.repository(&self.name)?, oid)
    }
}

#[Object(name = "PullRequest")]
impl PullNode {
    pub(super) async fn id(&self) -> ID {
        self.node_id()
    }

    async fn database_id(&self) -> u64 {
        self.repository * 10_000 + u64::from(self.pull.number)
    }

    async fn number(&self) -> u32 {
        self.pull.number
    }

    async fn title(&self) -> &str {
        &self.pull.title
    }

    async fn body(&self) -> &str {
        &self.pull.body
    }

    async fn state(&self) -> PullRequestState {
        PullRequestState::Merged
    }

    async fn closed(&self) -> bool {
        true
    }

    async fn merged(&self) -> bool {
        true
    }

    async fn is_draft(&self) -> bool {
        false
    }

    async fn mergeable(&self) -> MergeableState {
        MergeableState::Unknown
    }

    async fn is_cross_repository(&self) -> bool {
        false
    }

    async fn maintainer_can_modify(&self) -> bool {
        false
    }

    async fn is_in_merge_queue(&self) -> bool {
        false
    }

    async fn locked(&self) -> bool {
        false
    }

    async fn closed_at(&self) -> Option<DateTime> {
        Some(self.pull.merged_at.into())
    }

    async fn merged_at(&self) -> Option<DateTime> {
        Some(self.pull.merged_at.into())
    }

    async fn created_at(&self) -> DateTime {
        self.pull.created_at.into()
    }

    async fn updated_at(&self) -> DateTime {
        self.pull.merged_at.into()
    }

    async fn url(&self) -> Uri {
        Uri(page(&self.name, &format!("pull/{}", self.pull.number)))
    }

    async fn resource_path(&self) -> Uri {
        Uri(format!("/{}/pull/{}", self.name, self.pull.number))
    }

    async fn author(&self) -> Option<Actor> {
        Some(Actor::from(&self.pull.author))
    }

    async fn author_association(&self) -> Association {
        self.pull.author.association
    }

    async fn merged_by(&self) -> Option<Actor> {
        Some(Actor::called(&self.pull.merged_by))
    }

    async fn base_ref_name(&self) -> &str {
        &self.pull.base
    }

    async fn head_ref_name(&self) -> &str {
        &self.pull.branch
    }

    async fn head_ref_oid(&self) -> Oid {
        self.pull.head.as_str().into()
    }

    async fn repository(&self, ctx: &Context<'_>) -> Option<RepositoryNode> {
        RepositoryNode::find(&shared(ctx).lock(), &self.name)
    }

    async fn head_repository(&self, ctx: &Context<'_>) -> Option<RepositoryNode> {
        RepositoryNode::find(&shared(ctx).lock(), &self.name)
    }

    async fn base_repository(&self, ctx: &Context<'_>) -> Option<RepositoryNode> {
        RepositoryNode::find(&shared(ctx).lock(), &self.name)
    }

    async fn merge_commit(&self, ctx: &Context<'_>) -> Option<CommitNode> {
        self.commit(ctx, &self.pull.merge_commit)
    }

    async fn potential_merge_commit(&self) -> Option<CommitNode> {
        None
    }

    async fn milestone(&self) -> Option<Milestone> {
        None
    }

    async fn reaction_groups(&self) -> Option<Vec<ReactionGroup>> {
        Some(no_reactions())
    }

    async fn commits(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        last: Option<i32>,
        after: Option<String>,
        before: Option<String>,
    ) -> Result<Connection<PullCommit>, Error> {
        let commits = self.pull.commits.iter();
        let commits: Vec<_> = commits
            .filter_map(|oid| self.commit(ctx, oid).map(PullCommit::new))
            .collect();
        let window = Window {
            first,
            last,
            after,
            before,
        };
        window.cut(ctx, &commits)
    }

    async fn closing_issues_references(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        last: Option<i32>,
        after: Option<String>,
        before: Option<String>,
    ) -> Result<Option<Connection<IssueNode>>, Error> {
        let issues: Vec<_> = {
            let state = shared(ctx).lock();
            let repository = state.repository(&self.name);
            let issue = |number| {
                let repository = repository?;
                let issue = repository.issues.get(number)?;
                Some(IssueNode::new(repository, issue))
            };
            self.pull.closes.iter().filter_map(issue).collect()
        };
        let window = Window {
            first,
            last,
            after,
            before,
        };
        window.cut(ctx, &issues).map(Some)
    }

    async fn comments(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        last: Option<i32>,
        after: Option<String>,
    ) -> Result<Connection<CommentNode>, Error> {
        let _ = (first, last, after);
        Window::whole().cut(ctx, &[])
    }

    async fn labels(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Result<Connection<Label>, Error> {
        let _ = (first, after);
        Window::whole().cut(ctx, &[])
    }

    async fn assignees(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Result<Connection<User>, Error> {
        let _ = (first, after);
        Window::whole().cut(ctx, &[])
    }

    async fn assigned_actors(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Result<Connection<Assignee>, Error> {
        let _ = (first, after);
        Window::whole().cut(ctx, &[])
    }

    async fn project_cards(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Result<Connection<ProjectCard>, Error> {
        let _ = (first, after);
        Window::whole().cut(ctx, &[])
    }

    async fn project_items(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Result<Connection<ProjectItem>, Error> {
        let _ = (first, after);
        Window::whole().cut(ctx, &[])
    }

    async fn reviews(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Result<Connection<Review>, Error> {
        let _ = (first, after);
        Window::whole().cut(ctx, &[])
    }
}
