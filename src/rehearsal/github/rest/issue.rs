//! Issues, comments and events in REST's shape.

use serde_json::{Value, json};

use super::super::issue::{Closer, Comment, EventKind, Issue, IssueEvent};
use super::super::repository::{PullRequest, Repository, node_id};
use super::super::state::issue_node;
use super::{api, user};

/// Lower-case words, where GraphQL has upper-case ones.
fn lower(text: &str) -> String {
    text.to_ascii_lowercase()
}

pub(super) fn issue(repository: &Repository, issue: &Issue) -> Value {
    let path = format!("issues/{}", issue.number);
    let labels: Vec<Value> = issue
        .labels
        .iter()
        .map(|one| json!({"name": one}))
        .collect();
    json!({
        "url": api(repository, &path),
        "repository_url": api(repository, ""),
        "comments_url": api(repository, &format!("{path}/comments")),
        "events_url": api(repository, &format!("{path}/events")),
        "html_url": repository.url(&path),
        "id": repository.id * 10_000 + u64::from(issue.number),
        "node_id": issue_node(repository.id, issue.number),
        "number": issue.number,
        "title": issue.title,
        "user": user(&issue.author.login),
        "labels": labels,
        "state": lower(issue.state.text()),
        "locked": false,
        "assignee": null,
        "assignees": [],
        "milestone": null,
        "comments": issue.comments.len(),
        "created_at": issue.created_at,
        "updated_at": issue.updated_at(),
        "closed_at": issue.state.closed_at(),
        "author_association": issue.author.association.text(),
        "active_lock_reason": null,
        "body": issue.body,
        "closed_by": closed_by(issue).map(user),
        "state_reason": issue.state.reason().map(lower),
    })
}

/// Login of who closed it last, while it is closed.
fn closed_by(issue: &Issue) -> Option<&str> {
    let last = issue.events.last()?;
    (!issue.state.is_open()).then_some(last.actor.as_str())
}

/// A pull request, seen as an issue.
pub(super) fn of_pull(repository: &Repository, pull: &PullRequest) -> Value {
    json!({
        "url": api(repository, &format!("issues/{}", pull.number)),
        "html_url": repository.url(&format!("pull/{}", pull.number)),
        "number": pull.number,
        "title": pull.title,
        "user": user(&pull.author.login),
        "state": "closed",
        "created_at": pull.created_at,
        "updated_at": pull.merged_at,
        "closed_at": pull.merged_at,
        "body": pull.body,
        "comments": 0,
        "pull_request": {
            "url": api(repository, &format!("pulls/{}", pull.number)),
            "html_url": repository.url(&format!("pull/{}", pull.number)),
            "merged_at": pull.merged_at,
        },
    })
}

/// Issues of a state (`open` when none is named), newest first.
pub(super) fn list(repository: &Repository, state: Option<&str>) -> Vec<Value> {
    let wanted = state.unwrap_or("open");
    repository
        .issues
        .values()
        .rev()
        .filter(|one| wanted == "all" || lower(one.state.text()) == wanted)
        .map(|one| issue(repository, one))
        .collect()
}

pub(super) fn comment(repository: &Repository, number: u32, comment: &Comment) -> Value {
    let below = format!("issues/{number}#issuecomment-{}", comment.id);
    json!({
        "url": api(repository, &format!("issues/comments/{}", comment.id)),
        "html_url": repository.url(&below),
        "issue_url": api(repository, &format!("issues/{number}")),
        "id": comment.id,
        "node_id": node_id("IC", 0, comment.id),
        "user": user(&comment.author.login),
        "created_at": comment.at,
        "updated_at": comment.at,
        "author_association": comment.author.association.text(),
        "body": comment.body,
    })
}

pub(super) fn comments(repository: &Repository, issue: &Issue) -> Vec<Value> {
    let comments = issue.comments.iter();
    comments
        .map(|one| comment(repository, issue.number, one))
        .collect()
}

fn event(repository: &Repository, event: &IssueEvent) -> Value {
    // GitHub names the commit only; a pull request shows in GraphQL alone.
    let (kind, commit, reason) = match &event.kind {
        EventKind::Reopened => ("reopened", None, None),
        EventKind::Closed { reason, closer } => {
            let commit = match closer {
                Some(Closer::Commit(oid)) => Some(oid),
                Some(Closer::PullRequest(_)) | None => None,
            };
            ("closed", commit, Some(lower(reason.text())))
        }
    };
    json!({
        "id": event.id,
        "node_id": node_id("CE", 0, event.id),
        "url": api(repository, &format!("issues/events/{}", event.id)),
        "actor": user(&event.actor),
        "event": kind,
        "commit_id": commit,
        "commit_url": commit.map(|oid| api(repository, &format!("commits/{oid}"))),
        "created_at": event.at,
        "state_reason": reason,
    })
}

pub(super) fn events(repository: &Repository, issue: &Issue) -> Vec<Value> {
    let events = issue.events.iter();
    events.map(|one| event(repository, one)).collect()
}

/// Events and comments, oldest first.
pub(super) fn timeline(repository: &Repository, issue: &Issue) -> Vec<Value> {
    let events = issue
        .events
        .iter()
        .map(|one| (one.at, event(repository, one)));
    let comments = issue.comments.iter().map(|one| {
        let mut value = comment(repository, issue.number, one);
        value["event"] = Value::String("commented".to_owned());
        value["actor"] = user(&one.author.login);
        (one.at, value)
    });
    let mut all: Vec<_> = events.chain(comments).collect();
    all.sort_by_key(|(at, _)| *at);
    all.into_iter().map(|(_, value)| value).collect()
}
