//! The type `Repository` and the lists in it.
#![expect(
    clippy::unused_async,
    reason = "a resolver must be async for the schema's macro"
)]

use async_graphql::{Context, Enum, Error, ID, InputObject, Object, Union};

use super::super::name::RepositoryName;
use super::super::repository::{Repository, node_id};
use super::super::state::{Moment, State};
use super::git::{GitObject, RefNode};
use super::issue::{IssueNode, StateName};
use super::page::{Connection, Window};
use super::pull_request::{PullNode, PullRequestState};
use super::release::{ReleaseNode, latest};
use super::scalar::{DateTime, Oid, Organization, Owner, Uri};
use super::{refuse, shared};

/// An issue or a pull request: they share their numbers.
#[derive(Debug, Clone, Union)]
#[graphql(name = "IssueOrPullRequest")]
pub(super) enum IssueOrPull {
    Issue(IssueNode),
    Pull(PullNode),
}

/// By what lists can be sorted. This GitHub always answers newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
enum OrderField {
    CreatedAt,
    UpdatedAt,
    Comments,
    Name,
    TagCommitDate,
}

/// Which way lists can be sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
enum OrderDirection {
    Asc,
    Desc,
}

macro_rules! orders {
    ($($rust:ident $name:literal;)*) => {$(
        /// How a list is sorted.
        #[derive(Debug, InputObject)]
        #[graphql(name = $name)]
        struct $rust {
            field: OrderField,
            direction: OrderDirection,
        }

        impl $rust {
            fn is_ascending(&self) -> bool {
                let _ = self.field;
                self.direction == OrderDirection::Asc
            }
        }
    )*};
}

orders! {
    IssueOrder "IssueOrder";
    ReleaseOrder "ReleaseOrder";
    RefOrder "RefOrder";
}

/// Filters of an issue list, as `gh issue list` sends them. None of them excludes anything here.
#[derive(Debug, InputObject)]
struct IssueFilters {
    assignee: Option<String>,
    created_by: Option<String>,
    mentioned: Option<String>,
    labels: Option<Vec<String>>,
    milestone: Option<String>,
}

/// One repository, as it was when it was asked for.
#[derive(Debug, Clone)]
pub(super) struct RepositoryNode(Repository);

impl RepositoryNode {
    pub(super) fn find(state: &State, name: &RepositoryName) -> Option<Self> {
        state.repository(name).cloned().map(Self)
    }

    fn numbered(&self, number: i64) -> Option<IssueOrPull> {
        let number = u32::try_from(number).ok()?;
        let issue = self.0.issues.get(&number);
        let issue = issue.map(|issue| IssueOrPull::Issue(IssueNode::new(&self.0, issue)));
        issue.or_else(|| {
            let pull = self.0.pull_requests.get(&number)?;
            Some(IssueOrPull::Pull(PullNode::new(&self.0, pull)))
        })
    }
}

fn unresolved(what: &str, number: i64) -> Error {
    refuse(
        "NOT_FOUND",
        format!("Could not resolve to {what} with the number of {number}."),
    )
}

#[Object(name = "Repository")]
impl RepositoryNode {
    pub(super) async fn id(&self) -> ID {
        ID(node_id("R", self.0.id, &self.0.name.name))
    }

    async fn database_id(&self) -> u64 {
        self.0.id
    }

    async fn name(&self) -> &str {
        &self.0.name.name
    }

    async fn name_with_owner(&self) -> String {
        self.0.name.to_string()
    }

    async fn owner(&self) -> Owner {
        Owner::Organization(Organization::new(&self.0.name.owner))
    }

    async fn url(&self) -> Uri {
        Uri(self.0.url(""))
    }

    async fn ssh_url(&self) -> String {
        format!("git@github.com:{}.git", self.0.name)
    }

    async fn description(&self) -> Option<String> {
        None
    }

    async fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }

    async fn is_private(&self) -> bool {
        false
    }

    async fn is_fork(&self) -> bool {
        false
    }

    async fn is_archived(&self) -> bool {
        false
    }

    async fn visibility(&self) -> &str {
        "PUBLIC"
    }

    async fn has_issues_enabled(&self) -> bool {
        true
    }

    async fn has_wiki_enabled(&self) -> bool {
        false
    }

    async fn viewer_permission(&self) -> Option<&str> {
        Some("WRITE")
    }

    async fn parent(&self) -> Option<RepositoryNode> {
        None
    }

    async fn default_branch_ref(&self) -> Option<RefNode> {
        Some(RefNode::branch(&self.0))
    }

    async fn issue(&self, number: i64) -> Option<Result<IssueNode, Error>> {
        match self.numbered(number) {
            Some(IssueOrPull::Issue(issue)) => Some(Ok(issue)),
            _ => Some(Err(unresolved("an Issue", number))),
        }
    }

    async fn pull_request(&self, number: i64) -> Option<Result<PullNode, Error>> {
        match self.numbered(number) {
            Some(IssueOrPull::Pull(pull)) => Some(Ok(pull)),
            _ => Some(Err(unresolved("a PullRequest", number))),
        }
    }

    async fn issue_or_pull_request(&self, number: i64) -> Option<Result<IssueOrPull, Error>> {
        let found = self.numbered(number);
        Some(found.ok_or_else(|| unresolved("an issue or pull request", number)))
    }

    #[expect(clippy::too_many_arguments, reason = "GitHub's field has as many")]
    async fn issues(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        last: Option<i32>,
        after: Option<String>,
        before: Option<String>,
        states: Option<Vec<StateName>>,
        labels: Option<Vec<String>>,
        order_by: Option<IssueOrder>,
        filter_by: Option<IssueFilters>,
    ) -> Result<Connection<IssueNode>, Error> {
        let _ = (labels, filter_by);
        let wanted = |open| {
            let state = if open {
                StateName::Open
            } else {
                StateName::Closed
            };
            states.as_ref().is_none_or(|states| states.contains(&state))
        };
        let mut issues: Vec<_> = self.0.issues.values().collect();
        issues.retain(|issue| wanted(issue.state.is_open()));
        if !order_by.is_some_and(|order| order.is_ascending()) {
            issues.reverse();
        }
        let issues: Vec<_> = issues
            .into_iter()
            .map(|issue| IssueNode::new(&self.0, issue))
            .collect();
        let window = Window {
            first,
            last,
            after,
            before,
        };
        window.cut(ctx, &issues)
    }

    #[expect(clippy::too_many_arguments, reason = "GitHub's field has as many")]
    async fn pull_requests(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        last: Option<i32>,
        after: Option<String>,
        before: Option<String>,
        states: Option<Vec<PullRequestState>>,
        base_ref_name: Option<String>,
        order_by: Option<IssueOrder>,
    ) -> Result<Connection<PullNode>, Error> {
        let merged = states.is_none_or(|states| states.contains(&PullRequestState::Merged));
        let mut pulls: Vec<_> = self
            .0
            .pull_requests
            .values()
            .filter(|pull| merged && base_ref_name.as_ref().is_none_or(|base| pull.base == *base))
            .map(|pull| PullNode::new(&self.0, pull))
            .collect();
        if !order_by.is_some_and(|order| order.is_ascending()) {
            pulls.reverse();
        }
        let window = Window {
            first,
            last,
            after,
            before,
        };
        window.cut(ctx, &pulls)
    }

    async fn releases(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        last: Option<i32>,
        after: Option<String>,
        before: Option<String>,
        order_by: Option<ReleaseOrder>,
    ) -> Result<Connection<ReleaseNode>, Error> {
        shared(ctx).lock().happened(&Moment::ReleasesListed);
        let releases = self.0.releases.iter();
        let mut releases: Vec<_> = releases
            .map(|release| ReleaseNode::new(&self.0, release))
            .collect();
        if order_by.is_some_and(|order| order.is_ascending()) {
            releases.reverse();
        }
        let window = Window {
            first,
            last,
            after,
            before,
        };
        window.cut(ctx, &releases)
    }

    async fn release(&self, tag_name: String) -> Option<ReleaseNode> {
        let found = self.0.releases.iter().find(|one| one.tag == tag_name)?;
        Some(ReleaseNode::new(&self.0, found))
    }

    async fn latest_release(&self) -> Option<ReleaseNode> {
        latest(&self.0).map(|release| ReleaseNode::new(&self.0, release))
    }

    #[expect(clippy::too_many_arguments, reason = "GitHub's field has as many")]
    async fn refs(
        &self,
        ctx: &Context<'_>,
        ref_prefix: String,
        first: Option<i32>,
        last: Option<i32>,
        after: Option<String>,
        before: Option<String>,
        query: Option<String>,
        order_by: Option<RefOrder>,
    ) -> Result<Option<Connection<RefNode>>, Error> {
        let mut refs = RefNode::below(&self.0, &ref_prefix);
        if let Some(query) = query {
            refs.retain(|one| one.mentions(&query));
        }
        if order_by.is_some_and(|order| order.is_ascending()) {
            refs.reverse();
        }
        let window = Window {
            first,
            last,
            after,
            before,
        };
        window.cut(ctx, &refs).map(Some)
    }

    #[graphql(name = "ref")]
    async fn one_ref(&self, qualified_name: String) -> Option<RefNode> {
        let mut all = RefNode::below(&self.0, "refs/heads");
        all.extend(RefNode::below(&self.0, "refs/tags"));
        all.into_iter().find(|one| one.is_called(&qualified_name))
    }

    async fn object(&self, oid: Option<Oid>, expression: Option<String>) -> Option<GitObject> {
        let revision = oid.map(|oid| oid.0).or(expression)?;
        GitObject::find(&self.0, &revision)
    }
}
