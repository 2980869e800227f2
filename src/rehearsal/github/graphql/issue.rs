//! The type `Issue`, as generous as any version of `gh` may ask for.
#![expect(
    clippy::unused_async,
    reason = "a resolver must be async for the schema's macro"
)]

use async_graphql::{Context, Enum, Error, ID, Object};

use super::super::issue::{Association, CloseReason, Issue, IssueState};
use super::super::name::IssueRef;
use super::super::repository::{Repository, page};
use super::super::state::{State, closing_pull_requests, issue_node};
use super::comment::CommentNode;
use super::extras::{
    Assignee, IssueType, Label, Milestone, ProjectCard, ProjectItem, ReactionGroup,
    SubIssuesSummary, no_reactions,
};
use super::page::{Connection, Window};
use super::pull_request::PullNode;
use super::repository::RepositoryNode;
use super::scalar::{Actor, DateTime, Uri, User};
use super::shared;
use super::timeline::{ItemType, TimelineItem, timeline};

/// Whether an issue is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(name = "IssueState")]
pub(super) enum StateName {
    Open,
    Closed,
}

/// Why an issue is in its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(name = "IssueStateReason")]
pub(super) enum StateReason {
    Reopened,
    NotPlanned,
    Completed,
    Duplicate,
}

impl From<CloseReason> for StateReason {
    fn from(reason: CloseReason) -> Self {
        match reason {
            CloseReason::Completed => Self::Completed,
            CloseReason::NotPlanned => Self::NotPlanned,
            CloseReason::Duplicate => Self::Duplicate,
        }
    }
}

/// One issue, as it was when it was asked for.
#[derive(Debug, Clone)]
pub(super) struct IssueNode {
    on: IssueRef,
    repository: u64,
    issue: Issue,
}

impl IssueNode {
    pub(super) fn new(repository: &Repository, issue: &Issue) -> Self {
        Self {
            on: IssueRef {
                repository: repository.name.clone(),
                number: issue.number,
            },
            repository: repository.id,
            issue: issue.clone(),
        }
    }

    pub(super) fn find(state: &State, which: &IssueRef) -> Option<Self> {
        let repository = state.repository(&which.repository)?;
        let issue = repository.issues.get(&which.number)?;
        Some(Self::new(repository, issue))
    }
}

#[Object(name = "Issue")]
impl IssueNode {
    pub(super) async fn id(&self) -> ID {
        ID(issue_node(self.repository, self.issue.number))
    }

    async fn database_id(&self) -> u64 {
        self.repository * 10_000 + u64::from(self.issue.number)
    }

    async fn number(&self) -> u32 {
        self.issue.number
    }

    async fn title(&self) -> &str {
        &self.issue.title
    }

    async fn body(&self) -> &str {
        &self.issue.body
    }

    async fn body_text(&self) -> &str {
        &self.issue.body
    }

    async fn state(&self) -> StateName {
        if self.issue.state.is_open() {
            StateName::Open
        } else {
            StateName::Closed
        }
    }

    async fn state_reason(&self, enable_duplicate: Option<bool>) -> Option<StateReason> {
        match self.issue.state {
            IssueState::Open { again } => again.then_some(StateReason::Reopened),
            IssueState::Closed {
                reason: CloseReason::Duplicate,
                ..
            } if enable_duplicate != Some(true) => Some(StateReason::NotPlanned),
            IssueState::Closed { reason, .. } => Some(reason.into()),
        }
    }

    async fn closed(&self) -> bool {
        !self.issue.state.is_open()
    }

    async fn closed_at(&self) -> Option<DateTime> {
        self.issue.state.closed_at().map(DateTime::from)
    }

    async fn created_at(&self) -> DateTime {
        self.issue.created_at.into()
    }

    async fn updated_at(&self) -> DateTime {
        self.issue.updated_at().into()
    }

    async fn url(&self) -> Uri {
        let below = format!("issues/{}", self.issue.number);
        Uri(page(&self.on.repository, &below))
    }

    async fn resource_path(&self) -> Uri {
        let IssueRef { repository, number } = &self.on;
        Uri(format!("/{repository}/issues/{number}"))
    }

    async fn author(&self) -> Option<Actor> {
        Some(Actor::from(&self.issue.author))
    }

    async fn author_association(&self) -> Association {
        self.issue.author.association
    }

    async fn repository(&self, ctx: &Context<'_>) -> Option<RepositoryNode> {
        RepositoryNode::find(&shared(ctx).lock(), &self.on.repository)
    }

    async fn locked(&self) -> bool {
        false
    }

    async fn is_pinned(&self) -> Option<bool> {
        Some(false)
    }

    async fn viewer_did_author(&self, ctx: &Context<'_>) -> bool {
        self.issue.author.login == shared(ctx).lock().operator().login
    }

    async fn milestone(&self) -> Option<Milestone> {
        None
    }

    async fn issue_type(&self) -> Option<IssueType> {
        None
    }

    async fn parent(&self) -> Option<IssueNode> {
        None
    }

    async fn sub_issues_summary(&self) -> SubIssuesSummary {
        SubIssuesSummary::default()
    }

    async fn reaction_groups(&self) -> Option<Vec<ReactionGroup>> {
        Some(no_reactions())
    }

    async fn comments(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        last: Option<i32>,
        after: Option<String>,
        before: Option<String>,
    ) -> Result<Connection<CommentNode>, Error> {
        let comments: Vec<_> = {
            let state = shared(ctx).lock();
            let node = |comment| CommentNode::new(&state, &self.on, comment);
            self.issue.comments.iter().map(node).collect()
        };
        let window = Window {
            first,
            last,
            after,
            before,
        };
        window.cut(ctx, &comments)
    }

    #[expect(clippy::too_many_arguments, reason = "GitHub's field has as many")]
    async fn timeline_items(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        last: Option<i32>,
        after: Option<String>,
        before: Option<String>,
        since: Option<DateTime>,
        item_types: Option<Vec<ItemType>>,
    ) -> Result<Connection<TimelineItem>, Error> {
        let _ = since;
        let kinds = item_types.as_deref();
        let items = timeline(&shared(ctx).lock(), &self.on, &self.issue, kinds);
        let window = Window {
            first,
            last,
            after,
            before,
        };
        window.cut(ctx, &items)
    }

    #[expect(clippy::too_many_arguments, reason = "GitHub's field has as many")]
    async fn closed_by_pull_requests_references(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        last: Option<i32>,
        after: Option<String>,
        before: Option<String>,
        include_closed_prs: Option<bool>,
        order_by_state: Option<bool>,
    ) -> Result<Connection<PullNode>, Error> {
        let _ = (include_closed_prs, order_by_state);
        let pulls: Vec<_> = {
            let state = shared(ctx).lock();
            let repository = state.repository(&self.on.repository);
            let closing = |one| closing_pull_requests(one, self.issue.number);
            let pulls = repository.map(closing).unwrap_or_default();
            let node = |pull| repository.map(|one| PullNode::new(one, pull));
            pulls.iter().filter_map(node).collect()
        };
        let window = Window {
            first,
            last,
            after,
            before,
        };
        window.cut(ctx, &pulls)
    }

    async fn labels(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Result<Connection<Label>, Error> {
        let labels: Vec<_> = self
            .issue
            .labels
            .iter()
            .map(|one| Label::new(one))
            .collect();
        let window = Window {
            first,
            after,
            ..Window::default()
        };
        window.cut(ctx, &labels)
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

    async fn sub_issues(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
    ) -> Result<Connection<IssueNode>, Error> {
        let _ = first;
        Window::whole().cut(ctx, &[])
    }

    async fn blocked_by(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
    ) -> Result<Connection<IssueNode>, Error> {
        let _ = first;
        Window::whole().cut(ctx, &[])
    }

    async fn blocking(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
    ) -> Result<Connection<IssueNode>, Error> {
        let _ = first;
        Window::whole().cut(ctx, &[])
    }
}
