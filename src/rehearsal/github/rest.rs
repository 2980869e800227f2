//! The part of GitHub's REST API that is used: the own login, the rate limit, and the new location
//! of a renamed repository.
//!
//! Of these, the gate itself sends only the rate limit request. Every other route is answered as
//! not found, and logged as unknown.

use serde_json::{Value, json};

use super::name::RepositoryName;
use super::repository::Repository;
use super::state::State;

/// The documentation address in GitHub's responses.
const DOCUMENTATION: &str = "https://docs.github.com/rest";

/// One response.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Value,
    /// Its new location.
    pub(super) location: Option<String>,
    /// Whether the route exists.
    pub(super) known: bool,
}

impl Answer {
    fn new(status: u16, body: Value) -> Self {
        Self {
            status,
            body,
            location: None,
            known: true,
        }
    }

    fn not_found(known: bool) -> Self {
        Self {
            known,
            ..Self::new(404, message(404, "Not Found"))
        }
    }

    fn moved(writes: bool, address: String) -> Self {
        // A read may be repeated with GET, a write must keep its method and body.
        let status = if writes { 307 } else { 301 };
        let mut body = message(status, "Moved Permanently");
        body["url"] = json!(address);
        Self {
            location: Some(address),
            ..Self::new(status, body)
        }
    }
}

/// A body that carries only a message.
pub(super) fn message(status: u16, text: &str) -> Value {
    json!({"message": text, "documentation_url": DOCUMENTATION, "status": status.to_string()})
}

/// Answers one request.
pub(super) fn answer(state: &State, method: &str, path: &str) -> Answer {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let writes = method != "GET" && method != "HEAD";
    match parts.as_slice() {
        [] if !writes => Answer::new(
            200,
            json!({"current_user_url": "https://api.github.com/user"}),
        ),
        ["user"] if !writes => Answer::new(200, json!({"login": state.operator().login})),
        ["rate_limit"] if !writes => {
            let rate = json!({"limit": 5000, "used": 1, "remaining": 4999, "reset": 1_779_354_000});
            Answer::new(200, json!({"resources": {"core": rate, "graphql": rate}}))
        }
        // `gh` sometimes checks for a newer version of itself.
        ["repos", "cli", "cli", ..] => Answer::not_found(true),
        ["repos", owner, name, below @ ..] => {
            let wanted = RepositoryName::new(*owner, *name);
            match state.repository(&wanted) {
                Some(found) if found.name != wanted => {
                    Answer::moved(writes, address(found, &below.join("/")))
                }
                Some(found) if below.is_empty() && !writes => repository(found),
                Some(_) => Answer::not_found(false),
                None => Answer::not_found(true),
            }
        }
        ["repositories", id] if !writes => {
            let mut all = state.repositories().iter();
            let found = all.find(|one| one.id.to_string() == *id);
            found.map_or_else(|| Answer::not_found(true), repository)
        }
        _ => Answer::not_found(false),
    }
}

/// The lasting address of something in a repository.
fn address(repository: &Repository, below: &str) -> String {
    let address = format!("https://api.github.com/repositories/{}", repository.id);
    if below.is_empty() {
        return address;
    }
    format!("{address}/{below}")
}

fn repository(of: &Repository) -> Answer {
    let body = json!({
        "id": of.id,
        "name": of.name.name,
        "full_name": of.name.to_string(),
        "url": address(of, ""),
        "html_url": of.url(""),
    });
    Answer::new(200, body)
}
