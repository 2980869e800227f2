//! The state of the embedded GitHub at the end of a rehearsal.

use serde_json::{Map, Value, json};

use super::issue::{EventKind, Issue, IssueEvent};
use super::ledger::Writes;
use super::repository::Repository;
use super::state::State;

impl State {
    /// The state of GitHub at the end, and all requests to it.
    ///
    /// `repositories.<owner/name>.issues.<number>` has `state`, `state_reason`, `comments`,
    /// `events` and `by_gate` (writes through the API); beside it `releases` and `tags` are counts.
    /// `writes_by_gate` is the sum, `requests` the list in order, `unknown_requests` the requests
    /// that this GitHub could not answer as the real one would: it must be empty.
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
            "unknown_requests": self.ledger.unknown_requests(),
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
        EventKind::Closed { closer, .. } => ("closed", *closer),
    };
    json!({
        "type": kind,
        "actor": event.actor,
        "at": event.at.to_string(),
        "closer": closer.map(|number| format!("#{number}")),
    })
}
