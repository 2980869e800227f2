//! Timelines: when an issue was closed and re-opened, by whom, and by which change.

use async_graphql::{Context, Enum, ID, Object, SimpleObject, Union};

use super::super::issue::{CloseReason, Closer, EventKind, Issue, IssueEvent};
use super::super::name::IssueRef;
use super::super::repository::{node_id, page};
use super::super::state::State;
use super::comment::CommentNode;
use super::git::CommitNode;
use super::issue::{IssueNode, StateReason};
use super::pull_request::PullNode;
use super::scalar::{Actor, DateTime, Uri};
use super::shared;

/// Kinds of timeline item; of those that this GitHub never has there are none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(name = "IssueTimelineItemsItemType")]
pub(super) enum ItemType {
    IssueComment,
    ClosedEvent,
    ReopenedEvent,
    CrossReferencedEvent,
    ReferencedEvent,
    ConnectedEvent,
    DisconnectedEvent,
    LabeledEvent,
    UnlabeledEvent,
    AssignedEvent,
    UnassignedEvent,
    MilestonedEvent,
    DemilestonedEvent,
    RenamedTitleEvent,
    LockedEvent,
    UnlockedEvent,
    PinnedEvent,
    UnpinnedEvent,
    MentionedEvent,
    SubscribedEvent,
    TransferredEvent,
    MarkedAsDuplicateEvent,
    UnmarkedAsDuplicateEvent,
}

/// One item of an issue's timeline.
#[derive(Debug, Clone, Union)]
#[graphql(name = "IssueTimelineItems")]
pub(super) enum TimelineItem {
    Closed(ClosedEvent),
    Reopened(ReopenedEvent),
    Comment(CommentNode),
}

/// What closed an issue.
#[derive(Debug, Clone, Union)]
#[graphql(name = "Closer")]
pub(super) enum CloserNode {
    PullRequest(Box<PullNode>),
    Commit(CommitNode),
}

/// The issue was closed.
#[derive(Debug, Clone)]
pub(super) struct ClosedEvent {
    on: IssueRef,
    event: IssueEvent,
    reason: CloseReason,
    closer: Option<Closer>,
}

#[Object]
impl ClosedEvent {
    async fn id(&self) -> ID {
        ID(node_id("CE", 0, self.event.id))
    }

    async fn created_at(&self) -> DateTime {
        self.event.at.into()
    }

    async fn actor(&self) -> Option<Actor> {
        Some(Actor::called(&self.event.actor))
    }

    async fn state_reason(&self) -> Option<StateReason> {
        Some(self.reason.into())
    }

    async fn url(&self) -> Uri {
        event_url(&self.on, &self.event)
    }

    async fn closable(&self, ctx: &Context<'_>) -> Option<IssueNode> {
        IssueNode::find(&shared(ctx).lock(), &self.on)
    }

    async fn closer(&self, ctx: &Context<'_>) -> Option<CloserNode> {
        let state = shared(ctx).lock();
        let repository = state.repository(&self.on.repository)?;
        match self.closer.as_ref()? {
            Closer::PullRequest(number) => {
                let pull = repository.pull_requests.get(number)?;
                Some(CloserNode::PullRequest(Box::new(PullNode::new(
                    repository, pull,
                ))))
            }
            Closer::Commit(oid) => CommitNode::find(repository, oid).map(CloserNode::Commit),
        }
    }
}

/// The issue was opened again.
#[derive(Debug, Clone, SimpleObject)]
pub(super) struct ReopenedEvent {
    id: ID,
    created_at: DateTime,
    actor: Option<Actor>,
    state_reason: Option<StateReason>,
    url: Uri,
}

fn event_url(on: &IssueRef, event: &IssueEvent) -> Uri {
    let below = format!("issues/{}#event-{}", on.number, event.id);
    Uri(page(&on.repository, &below))
}

fn item(on: &IssueRef, event: &IssueEvent) -> TimelineItem {
    match &event.kind {
        EventKind::Closed { reason, closer } => TimelineItem::Closed(ClosedEvent {
            on: on.clone(),
            event: event.clone(),
            reason: *reason,
            closer: closer.clone(),
        }),
        EventKind::Reopened => TimelineItem::Reopened(ReopenedEvent {
            id: ID(node_id("REE", 0, event.id)),
            created_at: event.at.into(),
            actor: Some(Actor::called(&event.actor)),
            state_reason: Some(StateReason::Reopened),
            url: event_url(on, event),
        }),
    }
}

/// The timeline of an issue, oldest first, of some kinds or of all.
pub(super) fn timeline(
    state: &State,
    on: &IssueRef,
    issue: &Issue,
    kinds: Option<&[ItemType]>,
) -> Vec<TimelineItem> {
    let wanted = |kind| kinds.is_none_or(|kinds| kinds.contains(&kind));
    let events = issue.events.iter().filter_map(|event| {
        let kind = match event.kind {
            EventKind::Closed { .. } => ItemType::ClosedEvent,
            EventKind::Reopened => ItemType::ReopenedEvent,
        };
        wanted(kind).then(|| (event.at, item(on, event)))
    });
    let comments = issue
        .comments
        .iter()
        .filter(|_| wanted(ItemType::IssueComment))
        .map(|one| {
            let node = CommentNode::new(state, on, one);
            (one.at, TimelineItem::Comment(node))
        });
    let mut items: Vec<_> = events.chain(comments).collect();
    items.sort_by_key(|(at, _)| *at);
    items.into_iter().map(|(_, item)| item).collect()
}
