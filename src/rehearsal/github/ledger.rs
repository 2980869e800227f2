//! The log of requests to the embedded GitHub.

use serde_json::{Value, json};

use super::access::TokenName;
use super::name::IssueRef;
use super::repository::Repository;

/// Writes made through the API on one issue, including those that changed nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Writes {
    pub(super) comments: u32,
    pub(super) closes: u32,
    pub(super) reopens: u32,
}

impl Writes {
    pub(super) fn json(self) -> Value {
        json!({"comments": self.comments, "closes": self.closes, "reopens": self.reopens})
    }
}

/// One logged request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) what: String,
    pub(super) token: TokenName,
    pub(super) status: u16,
}

/// The log of all requests.
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

    /// Logs a request that the embedded GitHub cannot answer as the real one would.
    pub(super) fn unknown(&mut self, what: String) {
        self.unknown.push(what);
    }

    /// The requests that it could not answer.
    pub(super) fn unknown_requests(&self) -> &[String] {
        &self.unknown
    }

    pub(super) fn writes(&mut self, issue: &IssueRef) -> &mut Writes {
        let at = self.writes.iter().position(|(which, _)| which == issue);
        let at = at.unwrap_or_else(|| {
            self.writes.push((issue.clone(), Writes::default()));
            self.writes.len() - 1
        });
        &mut self.writes[at].1
    }

    pub(super) fn writes_on(&self, repository: &Repository, number: u32) -> Writes {
        let on = |(which, writes): &(IssueRef, Writes)| {
            (which.repository == repository.name && which.number == number).then_some(*writes)
        };
        self.writes.iter().find_map(on).unwrap_or_default()
    }

    pub(super) fn total(&self) -> Writes {
        let add = |sum: Writes, (_, one): &(IssueRef, Writes)| Writes {
            comments: sum.comments + one.comments,
            closes: sum.closes + one.closes,
            reopens: sum.reopens + one.reopens,
        };
        self.writes.iter().fold(Writes::default(), add)
    }

    pub(super) fn requests(&self) -> Vec<Value> {
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
