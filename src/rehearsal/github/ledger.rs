//! What was asked of the embedded GitHub, and what it looks like at the end.

use serde_json::{Map, Value, json};

use super::access::TokenName;
use super::issue::{Closer, EventKind, Issue, IssueEvent};
use super::name::IssueRef;
use super::repository::Repository;
use super::state::State;

/// Writes made through the API on one issue. One that changed nothing counts too.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Writes {
    pub(super) comments: u32,
    pub(super) closes: u32,
    pub(super) reopens: u32,
}

impl Writes {
    fn json(self) -> Value {
        json!({"comments": self.comments, "closes": self.closes, "reopens": self.reopens})
    }
}

/// One request as it is remembered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) what: String,
    pub(super) token: TokenName,
    pub(super) status: u16,
}

/// Everything that was asked.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    requests: Vec<Request>,
    unknown: Vec<String>,
    writes: Vec<(IssueRef, Writes)>,
}

impl Ledger {
    pub(super) fn request(&mut self, what: String, token: TokenName, status: u16) {
        self.requests.push(Request {
            what,
            token,
            status,
        });
    }

    /// Remembers a request that the embedded GitHub cannot answer as the real one would.
    pub(super) fn unknown(&mut self, what: String) {
        self.unknown.push(what);
    }

    pub(super) fn writes(&mut self, issue: &IssueRef) -> &mut Writes {
        let at = self.writes.iter().position(|(which, _)| which == issue);
        let at = at.unwrap_or_else(|| {
            self.writes.push((issue.clone(), Writes::default()));
            self.writes.len() - 1
        });
        &mut self.writes[at].1
    }

    fn writes_on(&self, repository: &Repository, number: u32) -> Writes {
        let on = |(which, writes): &(IssueRef, Writes)| {
            (which.repository == repository.name && which.number == number).then_some(*writes)
        };
        self.writes.iter().find_map(on).unwrap_or_default()
    }

    fn total(&self) -> Writes {
        let add = |sum: Writes, (_, one): &(IssueRef, Writes)| Writes {
            comments: sum.comments + one.comments,
            closes: sum.closes + one.closes,
            reopens: sum.reopens + one.reopens,
        };
        self.writes.iter().fold(Writes::default(), add)
    }

    fn requests(&self) -> Vec<Value> {
        let entry = |request: &Request| {
            json!({
                "request": request.what,
                "token": request.token.text(),
                "status": request.status,
            })
        };
        self.requests.iter().map(entry).collect()
    }
}

impl State {
    /// What GitHub looks like at the end, and everything that was asked of it.
    ///
    /// `repositories.<owner/name>.issues.<number>` has `state`, `state_reason`, `comments`,
    /// `events` and `by_gate` (writes through the API); beside it `releases` and `tags` are
    /// counts. `writes_by_gate` is the sum, `requests` the list in order, `unknown_requests` what
    /// this GitHub could not answer truly: it must be empty.
    #[must_use]
    pub fn final_state(&self) -> Value {
        let repositories: Map<String, Value> = self
            .repositories()
            .iter()
            .map(|one| (one.name.to_string(), self.repository_json(one)))
            .collect();
        json!({
            "repositories": repositories,
            "writes_by_gate": self.ledger.total().json(),
            "requests": self.ledger.requests(),
            "unknown_requests": self.ledger.unknown,
        })
    }

    fn repository_json(&self, repository: &Repository) -> Value {
        let issues: Map<String, Value> = repository
            .issues
            .values()
            .map(|issue| {
                let writes = self.ledger.writes_on(repository, issue.number);
                (issue.number.to_string(), issue_json(issue, writes))
            })
            .collect();
        json!({
            "releases": repository.releases.len(),
            "tags": repository.tags.len(),
            "issues": issues,
        })
    }
}

fn issue_json(issue: &Issue, by_gate: Writes) -> Value {
    let comments: Vec<Value> = issue
        .comments
        .iter()
        .map(|comment| {
            json!({
                "author": comment.author.login,
                "association": comment.author.association.text(),
                "created_at": comment.at.to_string(),
                "body": comment.body,
            })
        })
        .collect();
    json!({
        "title": issue.title,
        "state": issue.state.text(),
        "state_reason": issue.state.reason(),
        "comments": comments,
        "events": issue.events.iter().map(event_json).collect::<Vec<_>>(),
        "by_gate": by_gate.json(),
    })
}

fn event_json(event: &IssueEvent) -> Value {
    let (kind, closer) = match &event.kind {
        EventKind::Reopened => ("reopened", None),
        EventKind::Closed { closer, .. } => ("closed", closer.as_ref()),
    };
    let closer = closer.map(|closer| match closer {
        Closer::PullRequest(number) => format!("#{number}"),
        Closer::Commit(oid) => oid.clone(),
    });
    json!({
        "type": kind,
        "actor": event.actor,
        "at": event.at.to_string(),
        "closer": closer,
    })
}
