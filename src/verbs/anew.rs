//! Reads anew what a record says of the outside: comments, issues, releases, digests. Reads only.

use std::str::FromStr;

use jiff::Timestamp;
use pep440_rs::Version;
use serde::{Deserialize, Serialize};

use super::github::{self, IssueRef};
use crate::candidate::{Index, query_arguments, releases_page};
use crate::model::Finding;
use crate::verb::{Ctx, VerbError};

/// More pages of a hundred releases than this are not read.
const MOST_PAGES: usize = 10;

/// A comment as it stands on an issue now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommentNow {
    /// Its address.
    pub url: String,
    /// Its text.
    pub body: String,
    /// Login of whoever wrote it.
    pub author: String,
    /// Whether they belong to the repository, as GitHub says.
    pub has_a_say: bool,
}

/// The comments on an issue that hold a text.
///
/// # Errors
/// If GitHub does not answer.
pub async fn comments_with(
    ctx: &Ctx,
    issue: &str,
    text: &str,
) -> Result<Vec<CommentNow>, VerbError> {
    let all = github::comments(ctx, &IssueRef::parse(issue)?).await?;
    let holding = all
        .into_iter()
        .filter(|comment| comment.body.contains(text));
    let now = holding.map(|comment| CommentNow {
        author: comment.author().to_owned(),
        has_a_say: comment.author_association.has_a_say(),
        url: comment.url,
        body: comment.body,
    });
    Ok(now.collect())
}

/// An issue's state now, and every time it was closed or re-opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IssueNow {
    /// `OPEN` or `CLOSED`.
    pub state: String,
    /// When it was closed, where it is.
    pub closed_at: Option<Timestamp>,
    /// Its events, oldest first.
    pub events: Vec<IssueEvent>,
}

/// A closing or re-opening.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IssueEvent {
    /// `closed` or `reopened`.
    pub what: String,
    /// When.
    pub at: Timestamp,
    /// Login of whoever did it.
    pub by: Option<String>,
}

/// Reads an issue with its events.
///
/// # Errors
/// If GitHub does not answer.
pub async fn issue(ctx: &Ctx, issue: &str) -> Result<IssueNow, VerbError> {
    const QUERY: &str = "query($owner:String!,$name:String!,$number:Int!){\
        repository(owner:$owner,name:$name){issue(number:$number){state closedAt \
        timelineItems(last:100,itemTypes:[CLOSED_EVENT,REOPENED_EVENT]){nodes{__typename \
        ... on ClosedEvent{createdAt actor{login}} \
        ... on ReopenedEvent{createdAt actor{login}}}}}}}";
    let reference = IssueRef::parse(issue)?;
    let (answer, _) = github::graphql(ctx, QUERY, &reference).await?;
    let node = &answer["data"]["repository"]["issue"];
    let read = Node::deserialize(node).map_err(|error| {
        VerbError::error(Finding::new(format!(
            "GitHub's answer about {issue} lacks what was asked for: {error}"
        )))
    })?;
    let event = |event: Event| IssueEvent {
        what: match event.kind.as_str() {
            "ClosedEvent" => "closed".to_owned(),
            _ => "reopened".to_owned(),
        },
        at: event.created_at,
        by: event.actor.map(|actor| actor.login),
    };
    Ok(IssueNow {
        state: read.state,
        closed_at: read.closed_at,
        events: read.timeline_items.nodes.into_iter().map(event).collect(),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Node {
    state: String,
    closed_at: Option<Timestamp>,
    timeline_items: Timeline,
}

#[derive(Deserialize)]
struct Timeline {
    nodes: Vec<Event>,
}

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "__typename")]
    kind: String,
    #[serde(rename = "createdAt")]
    created_at: Timestamp,
    actor: Option<Actor>,
}

#[derive(Deserialize)]
struct Actor {
    login: String,
}

/// The commit that the release of a tag leads to now; none where there is no such release.
///
/// # Errors
/// If GitHub does not answer.
pub async fn release(ctx: &Ctx, repository: &str, tag: &str) -> Result<Option<String>, VerbError> {
    let unreadable = |error: String| {
        VerbError::error(Finding::new(format!(
            "GitHub's releases of {repository} cannot be read: {error}"
        )))
    };
    let Some((owner, name)) = repository.split_once('/') else {
        return Err(unreadable("it is no `owner/repo`".to_owned()));
    };
    let mut after: Option<String> = None;
    for _ in 0..MOST_PAGES {
        let argv = query_arguments(owner, name, after.as_deref());
        let argv: Vec<&str> = argv.iter().map(String::as_str).collect();
        let (answer, _) = github::read(ctx, &argv).await?;
        let page = releases_page(&answer.stdout.text).map_err(unreadable)?;
        let found = page.holds.releases.into_iter().find(|one| one.tag == tag);
        if let Some(release) = found {
            return Ok(release.commit);
        }
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(None),
        }
    }
    Err(unreadable("there are too many".to_owned()))
}

/// SHA-256 of each wheel that the index offers of a version now; none where it offers none.
///
/// # Errors
/// If the index does not answer.
pub async fn wheels(ctx: &Ctx, package: &str, version: &str) -> Result<Vec<String>, VerbError> {
    let version = Version::from_str(version)
        .map_err(|error| VerbError::error(Finding::new(error.to_string())))?;
    Index::of(ctx, package).await?.wheels(&version).await
}
