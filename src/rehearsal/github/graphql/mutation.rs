//! The root of all mutations: exactly those three that the gate may ever send.
//!
//! Any other one is refused as unknown, and remembered as such.

use async_graphql::{Context, Enum, Error, ID, InputObject, Object, SimpleObject};

use super::super::issue::CloseReason;
use super::super::name::IssueRef;
use super::super::state::{Refusal, State};
use super::comment::CommentNode;
use super::issue::IssueNode;
use super::page::last_cursor;
use super::query::{Node, no_node};
use super::scalar::Actor;
use super::{refuse, shared};

/// Reasons that may be given for closing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
enum IssueClosedStateReason {
    Completed,
    NotPlanned,
    Duplicate,
}

impl From<IssueClosedStateReason> for CloseReason {
    fn from(reason: IssueClosedStateReason) -> Self {
        match reason {
            IssueClosedStateReason::Completed => Self::Completed,
            IssueClosedStateReason::NotPlanned => Self::NotPlanned,
            IssueClosedStateReason::Duplicate => Self::Duplicate,
        }
    }
}

/// What to comment on.
#[derive(Debug, InputObject)]
struct AddCommentInput {
    subject_id: ID,
    body: String,
    client_mutation_id: Option<String>,
}

/// What to close.
#[derive(Debug, InputObject)]
struct CloseIssueInput {
    issue_id: ID,
    state_reason: Option<IssueClosedStateReason>,
    duplicate_issue_id: Option<ID>,
    client_mutation_id: Option<String>,
}

/// What to open again.
#[derive(Debug, InputObject)]
struct ReopenIssueInput {
    issue_id: ID,
    client_mutation_id: Option<String>,
}

/// The comment in its list.
#[derive(Debug, SimpleObject)]
struct IssueCommentEdge {
    cursor: String,
    node: Option<CommentNode>,
}

/// The comment that was written.
#[derive(Debug, SimpleObject)]
struct AddCommentPayload {
    comment_edge: Option<IssueCommentEdge>,
    subject: Option<Node>,
    client_mutation_id: Option<String>,
}

macro_rules! issue_payloads {
    ($($name:ident;)*) => {$(
        /// The issue as it is now.
        #[derive(Debug, SimpleObject)]
        struct $name {
            issue: Option<IssueNode>,
            actor: Option<Actor>,
            client_mutation_id: Option<String>,
        }

        impl $name {
            fn new(state: &State, which: &IssueRef, client_mutation_id: Option<String>) -> Self {
                Self {
                    issue: IssueNode::find(state, which),
                    actor: Some(Actor::from(state.operator())),
                    client_mutation_id,
                }
            }
        }
    )*};
}

issue_payloads! {
    CloseIssuePayload;
    ReopenIssuePayload;
}

/// The root.
pub(super) struct Mutation;

#[Object]
impl Mutation {
    async fn add_comment(
        &self,
        ctx: &Context<'_>,
        input: AddCommentInput,
    ) -> Option<Result<AddCommentPayload, Error>> {
        let mut state = shared(ctx).lock();
        Some(add_comment(&mut state, input))
    }

    async fn close_issue(
        &self,
        ctx: &Context<'_>,
        input: CloseIssueInput,
    ) -> Option<Result<CloseIssuePayload, Error>> {
        let mut state = shared(ctx).lock();
        let Some(which) = state.issue_by_node(&input.issue_id) else {
            return Some(Err(no_node(&input.issue_id)));
        };
        let reason = match (input.state_reason, input.duplicate_issue_id) {
            (Some(reason), _) => reason.into(),
            (None, Some(_)) => CloseReason::Duplicate,
            (None, None) => CloseReason::Completed,
        };
        state.close(&which, reason);
        let payload = CloseIssuePayload::new(&state, &which, input.client_mutation_id);
        Some(Ok(payload))
    }

    async fn reopen_issue(
        &self,
        ctx: &Context<'_>,
        input: ReopenIssueInput,
    ) -> Option<Result<ReopenIssuePayload, Error>> {
        let mut state = shared(ctx).lock();
        let Some(which) = state.issue_by_node(&input.issue_id) else {
            return Some(Err(no_node(&input.issue_id)));
        };
        state.reopen(&which);
        let payload = ReopenIssuePayload::new(&state, &which, input.client_mutation_id);
        Some(Ok(payload))
    }
}

fn add_comment(state: &mut State, input: AddCommentInput) -> Result<AddCommentPayload, Error> {
    let which = state
        .issue_by_node(&input.subject_id)
        .ok_or_else(|| no_node(&input.subject_id))?;
    let comment = state.comment(&which, &input.body).map_err(|refusal| {
        let kind = match refusal {
            Refusal::NoNode(_) => "NOT_FOUND",
            Refusal::Blank | Refusal::TooLong => "UNPROCESSABLE",
        };
        refuse(kind, refusal.to_string())
    })?;
    let count = state.issue(&which).map_or(0, |issue| issue.comments.len());
    let edge = IssueCommentEdge {
        cursor: last_cursor(count),
        node: Some(CommentNode::new(state, &which, &comment)),
    };
    Ok(AddCommentPayload {
        comment_edge: Some(edge),
        subject: IssueNode::find(state, &which).map(Node::Issue),
        client_mutation_id: input.client_mutation_id,
    })
}
