//! Comments.

use async_graphql::{ID, SimpleObject};

use super::super::issue::{Association, Comment};
use super::super::name::IssueRef;
use super::super::repository::{node_id, page};
use super::super::state::State;
use super::extras::{ReactionGroup, no_reactions};
use super::scalar::{Actor, DateTime, Uri};

/// One comment on an issue or a pull request.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(name = "IssueComment")]
pub(super) struct CommentNode {
    id: ID,
    database_id: u64,
    full_database_id: String,
    author: Option<Actor>,
    author_association: Association,
    body: String,
    body_text: String,
    created_at: DateTime,
    updated_at: DateTime,
    published_at: Option<DateTime>,
    last_edited_at: Option<DateTime>,
    includes_created_edit: bool,
    is_minimized: bool,
    minimized_reason: Option<String>,
    reaction_groups: Vec<ReactionGroup>,
    url: Uri,
    viewer_did_author: bool,
}

impl CommentNode {
    pub(super) fn new(state: &State, on: &IssueRef, comment: &Comment) -> Self {
        let below = format!("issues/{}#issuecomment-{}", on.number, comment.id);
        Self {
            id: ID(node_id("IC", 0, comment.id)),
            database_id: comment.id,
            full_database_id: comment.id.to_string(),
            author: Some(Actor::from(&comment.author)),
            author_association: comment.author.association,
            body: comment.body.clone(),
            body_text: comment.body.clone(),
            created_at: comment.at.into(),
            updated_at: comment.at.into(),
            published_at: Some(comment.at.into()),
            last_edited_at: None,
            includes_created_edit: false,
            is_minimized: false,
            minimized_reason: None,
            reaction_groups: no_reactions(),
            url: Uri(page(&on.repository, &below)),
            viewer_did_author: comment.author.login == state.operator().login,
        }
    }
}
