//! The root of all queries.

use async_graphql::{Context, Error, ID, Interface, Object, SimpleObject};

use super::super::name::RepositoryName;
use super::issue::IssueNode;
use super::pull_request::PullNode;
use super::repository::RepositoryNode;
use super::scalar::{DateTime, User};
use super::{refuse, shared};

/// How much may still be asked.
#[derive(Debug, SimpleObject)]
pub(super) struct RateLimit {
    limit: i32,
    cost: i32,
    remaining: i32,
    used: i32,
    reset_at: DateTime,
    node_count: i32,
}

/// Anything with a global id that can be asked for by it.
#[derive(Debug, Clone, Interface)]
#[graphql(name = "Node", field(name = "id", ty = "ID"))]
pub(super) enum Node {
    Issue(IssueNode),
    PullRequest(PullNode),
    Repository(RepositoryNode),
}

/// The root.
pub(super) struct Query;

#[Object]
impl Query {
    async fn repository(
        &self,
        ctx: &Context<'_>,
        owner: String,
        name: String,
        follow_renames: Option<bool>,
    ) -> Option<Result<RepositoryNode, Error>> {
        let wanted = RepositoryName::new(owner, name);
        let state = shared(ctx).lock();
        let found = match follow_renames {
            Some(false) => state.repository_today(&wanted),
            _ => state.repository(&wanted),
        };
        let found = found.and_then(|one| RepositoryNode::find(&state, &one.name));
        Some(found.ok_or_else(|| {
            let message = format!("Could not resolve to a Repository with the name '{wanted}'.");
            refuse("NOT_FOUND", message)
        }))
    }

    async fn viewer(&self, ctx: &Context<'_>) -> User {
        User::new(&shared(ctx).lock().operator().login)
    }

    async fn user(&self, login: String) -> Option<User> {
        Some(User::new(&login))
    }

    async fn node(&self, ctx: &Context<'_>, id: ID) -> Option<Result<Node, Error>> {
        let state = shared(ctx).lock();
        let issue = state.issue_by_node(&id);
        let issue = issue.and_then(|which| IssueNode::find(&state, &which));
        let pull = || PullNode::by_id(&state, &id).map(Node::PullRequest);
        let found = issue.map(Node::Issue).or_else(pull);
        Some(found.ok_or_else(|| no_node(&id)))
    }

    async fn rate_limit(&self) -> Option<RateLimit> {
        Some(RateLimit {
            limit: 5000,
            cost: 1,
            remaining: 4999,
            used: 1,
            reset_at: DateTime("2026-05-21T13:00:00Z".to_owned()),
            node_count: 1,
        })
    }
}

/// No thing has this global id.
pub(super) fn no_node(id: &ID) -> Error {
    let message = format!(
        "Could not resolve to a node with the global id of '{}'",
        id.as_str()
    );
    refuse("NOT_FOUND", message)
}
