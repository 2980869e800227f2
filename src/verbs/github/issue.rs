//! Issues as verbs know them: state and identity.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::answer::{Answer, judge, refused};
use super::ask::{asking, attempt, graphql, parse, read, unexpected};
use super::issue_ref::IssueRef;
use super::run::{Login, STDOUT};
use super::words::{Node, Reason, State, Viewed};
use crate::model::escape::one_line;
use crate::model::{Finding, Origin, Shape};
use crate::verb::{Ctx, VerbError};

/// An issue's state, as GitHub tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::verbs) struct Issue {
    /// `owner/repo#N` as asked for.
    pub(in crate::verbs) reference: String,
    /// `owner/repo` that answered, which differs after a rename.
    pub(in crate::verbs) answered_by: String,
    pub(in crate::verbs) title: String,
    pub(in crate::verbs) url: String,
    pub(in crate::verbs) state: State,
    /// None where GitHub does not say.
    pub(in crate::verbs) state_reason: Option<Reason>,
    pub(in crate::verbs) closed_at: Option<Timestamp>,
    pub(in crate::verbs) login: Login,
}

impl Issue {
    /// Its fields as a fact.
    pub(in crate::verbs) const FIELDS: [&str; 8] = [
        "reference: text",
        "answered_by: text",
        "title: text",
        "url: text",
        "state: text",
        "state_reason: text?",
        "closed_at: text?",
        "login: text",
    ];

    /// Those that say nothing of its state.
    pub(in crate::verbs) const IDLE: [&str; 4] = ["answered_by", "title", "url", "login"];

    /// Closed, with a closing time.
    pub(in crate::verbs) fn is_closed(&self) -> bool {
        self.state == State::Closed && self.closed_at.is_some()
    }
}

/// Which issue answered: a repository may have been renamed, an issue transferred.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::verbs) struct Identity {
    /// `owner/repo#N` as GitHub names it now.
    pub(in crate::verbs) name: String,
    /// What no rename changes.
    id: String,
}

impl Identity {
    /// From a GraphQL issue with its `id`, `number` and `repository{nameWithOwner}`.
    pub(super) fn of(issue: &Value) -> Option<Self> {
        let repository = issue["repository"]["nameWithOwner"].as_str()?;
        let number = issue["number"].as_u64()?;
        Some(Self {
            name: format!("{repository}#{number}"),
            id: issue["id"].as_str()?.to_owned(),
        })
    }

    /// That it is the issue that was asked for, under the name it was asked by: what is allowed
    /// and what is forbidden was said of that name.
    pub(in crate::verbs) fn must_be(&self, asked: &IssueRef) -> Result<(), VerbError> {
        if self.name.eq_ignore_ascii_case(&asked.to_string()) {
            return Ok(());
        }
        Err(VerbError::error(
            Finding::new(format!(
                "{asked} is {} now: nothing is written to an issue under another name",
                self.name
            ))
            .remedy("correct the name in the gate file and its [policy], then run the gate"),
        ))
    }
}

/// Reads an issue: `gh issue view` for its state, GraphQL for what old `gh` cannot say.
pub(in crate::verbs) async fn issue(ctx: &Ctx, reference: &IssueRef) -> Result<Issue, VerbError> {
    Ok(issue_and_identity(ctx, reference).await?.0)
}

/// The same, and which issue it is.
pub(in crate::verbs) async fn issue_and_identity(
    ctx: &Ctx,
    reference: &IssueRef,
) -> Result<(Issue, Identity), VerbError> {
    const QUERY: &str = "query($owner:String!,$name:String!,$number:Int!){\
        repository(owner:$owner,name:$name){nameWithOwner \
        issue(number:$number){id number title url state stateReason closedAt \
        repository{nameWithOwner}}}}";
    let number = reference.number.to_string();
    let slug = reference.slug();
    let fields = "state,closedAt,title,url";
    let view = [
        "gh", "issue", "view", &number, "--repo", &slug, "--json", fields,
    ];
    let (viewed, login) = read(ctx, &view).await?;
    let viewed = parse(&viewed.stdout.text, reference)?;
    let Viewed { state } =
        Viewed::deserialize(&viewed).map_err(|_| unexpected(reference, &viewed))?;
    let (answer, _) = graphql(ctx, QUERY, reference).await?;
    let issue = &answer["data"]["repository"]["issue"];
    let missing = || unexpected(reference, &answer);
    let node = Node::deserialize(issue).map_err(|_| missing())?;
    if state != node.state {
        // It changed between the two reads; neither is the truth any more.
        return Err(VerbError::error(
            Finding::new(format!("{reference} changed its state while it was read"))
                .remedy("resume"),
        ));
    }
    if Shape::Line.fault(&node.url).is_some() {
        return Err(missing());
    }
    let identity = Identity::of(issue).ok_or_else(missing)?;
    let answered_by = identity
        .name
        .rsplit_once('#')
        .map(|(slug, _)| slug.to_owned());
    let issue = Issue {
        reference: reference.to_string(),
        answered_by: answered_by.ok_or_else(missing)?,
        // Anybody may write a title: as much of it as GitHub takes, every letter seen.
        title: one_line(&node.title).chars().take(300).collect(),
        url: node.url,
        state,
        state_reason: node.state_reason,
        closed_at: node.closed_at,
        login,
    };
    Ok((issue, identity))
}

/// Where the parts of an issue are from that was just read.
pub(in crate::verbs) fn origins_of_issue(ctx: &Ctx) -> Vec<Origin> {
    let of = |(part, below): (&str, &str)| {
        let inside = format!("/data/repository/issue/{below}");
        Origin::answer(part, ctx.latest(), STDOUT, &inside)
    };
    let parts = [
        ("answered_by", "repository/nameWithOwner"),
        ("title", "title"),
        ("url", "url"),
        ("state", "state"),
        ("state_reason", "stateReason"),
        ("closed_at", "closedAt"),
    ];
    parts.into_iter().map(of).collect()
}

/// Which issue a name means now; none where this login sees none.
pub(in crate::verbs) async fn identity(
    ctx: &Ctx,
    reference: &IssueRef,
) -> Result<Option<Identity>, VerbError> {
    const QUERY: &str = "query($owner:String!,$name:String!,$number:Int!){\
        repository(owner:$owner,name:$name){\
        issue(number:$number){id number repository{nameWithOwner}}}}";
    let argv = asking(QUERY, reference, None);
    let argv: Vec<&str> = argv.iter().map(String::as_str).collect();
    match attempt(ctx, &argv).await? {
        Ok((finished, _)) => {
            let answer = parse(&finished.stdout.text, reference)?;
            let issue = &answer["data"]["repository"]["issue"];
            let missing = || unexpected(reference, &answer);
            (!issue.is_null())
                .then(|| Identity::of(issue).ok_or_else(missing))
                .transpose()
        }
        Err(finished) if judge(&finished) == Answer::NotFound => Ok(None),
        Err(finished) => Err(refused(&argv, &finished)),
    }
}
