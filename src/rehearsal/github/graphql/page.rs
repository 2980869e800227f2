//! Connections: lists in pages, with GitHub's rules for asking.

use async_graphql::{Context, Error, OutputType, SimpleObject};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::refuse;

/// Largest page.
const LARGEST: i32 = 100;

/// Where a page lies in its list.
#[derive(Debug, Clone, Default, SimpleObject)]
pub(super) struct PageInfo {
    has_next_page: bool,
    has_previous_page: bool,
    start_cursor: Option<String>,
    end_cursor: Option<String>,
}

/// One page of a list.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(
    concrete(name = "IssueCommentConnection", params(super::comment::CommentNode)),
    concrete(name = "IssueConnection", params(super::issue::IssueNode)),
    concrete(name = "PullRequestConnection", params(super::pull_request::PullNode)),
    concrete(
        name = "IssueTimelineItemsConnection",
        params(super::timeline::TimelineItem)
    ),
    concrete(name = "ReleaseConnection", params(super::release::ReleaseNode)),
    concrete(name = "RefConnection", params(super::git::RefNode)),
    concrete(name = "PullRequestCommitConnection", params(super::git::PullCommit)),
    concrete(name = "CommitHistoryConnection", params(super::git::CommitNode)),
    concrete(name = "GitActorConnection", params(super::git::GitActor)),
    concrete(name = "LabelConnection", params(super::extras::Label)),
    concrete(name = "UserConnection", params(super::scalar::User)),
    concrete(name = "AssigneeConnection", params(super::extras::Assignee)),
    concrete(name = "ProjectCardConnection", params(super::extras::ProjectCard)),
    concrete(name = "ProjectV2ItemConnection", params(super::extras::ProjectItem)),
    concrete(name = "PullRequestReviewConnection", params(super::extras::Review))
)]
pub(super) struct Connection<T: OutputType> {
    nodes: Vec<T>,
    page_info: PageInfo,
    total_count: usize,
}

/// The page that was asked for.
#[derive(Debug, Default)]
pub(super) struct Window {
    pub(super) first: Option<i32>,
    pub(super) last: Option<i32>,
    pub(super) after: Option<String>,
    pub(super) before: Option<String>,
}

impl Window {
    /// The whole list as one page, where GitHub needs no bounds.
    pub(super) fn whole() -> Self {
        Self {
            first: Some(LARGEST),
            ..Self::default()
        }
    }

    /// Cuts the page out of the list.
    pub(super) fn cut<T: OutputType + Clone>(
        &self,
        ctx: &Context<'_>,
        items: &[T],
    ) -> Result<Connection<T>, Error> {
        self.check(ctx)?;
        let mut start = self.after.as_deref().map_or(0, |cursor| index(cursor) + 1);
        let mut end = self.before.as_deref().map_or(items.len(), index);
        end = end.min(items.len());
        start = start.min(end);
        if let Some(first) = self.first {
            end = end.min(start + usize::try_from(first).unwrap_or(0));
        }
        if let Some(last) = self.last {
            start = start.max(end.saturating_sub(usize::try_from(last).unwrap_or(0)));
        }
        Ok(page(items, start, end))
    }

    /// GitHub wants `first` or `last`, at most 100, wherever entries themselves are asked for.
    fn check(&self, ctx: &Context<'_>) -> Result<(), Error> {
        let list = ctx.field().name().to_owned();
        let entries = ctx.look_ahead().field("nodes").exists();
        if entries && self.first.is_none() && self.last.is_none() {
            return Err(refuse(
                "MISSING_PAGINATION_BOUNDARIES",
                format!(
                    "You must provide a `first` or `last` value to properly paginate the `{list}` connection."
                ),
            ));
        }
        for size in self.first.iter().chain(&self.last) {
            if !(0..=LARGEST).contains(size) {
                return Err(refuse(
                    "EXCESSIVE_PAGINATION",
                    format!(
                        "Requesting {size} records on the `{list}` connection exceeds the `first` limit of {LARGEST} records."
                    ),
                ));
            }
        }
        Ok(())
    }
}

fn page<T: OutputType + Clone>(items: &[T], start: usize, end: usize) -> Connection<T> {
    let at = |index| (start < end).then(|| cursor(index));
    Connection {
        nodes: items[start..end].to_vec(),
        page_info: PageInfo {
            has_next_page: end < items.len(),
            has_previous_page: start > 0,
            start_cursor: at(start),
            end_cursor: at(end.saturating_sub(1)),
        },
        total_count: items.len(),
    }
}

fn cursor(index: usize) -> String {
    STANDARD.encode(format!("cursor:{index}"))
}

/// The index that a cursor leads to; a foreign cursor leads to the start.
fn index(cursor: &str) -> usize {
    let bytes = STANDARD.decode(cursor).unwrap_or_default();
    let text = String::from_utf8(bytes).unwrap_or_default();
    text.strip_prefix("cursor:")
        .and_then(|number| number.parse().ok())
        .unwrap_or_default()
}

/// The cursor of a list's last entry.
pub(super) fn last_cursor(count: usize) -> String {
    cursor(count.saturating_sub(1))
}
