//! GitHub's REST: the routes that `gh api` and `gh` itself use, as plain values.
//!
//! Every route that is not here is remembered as unknown, and answered as not found.

mod issue;
mod repository;

use serde_json::{Value, json};

use super::issue::CloseReason;
use super::name::{IssueRef, RepositoryName};
use super::repository::Repository;
use super::state::{Moment, Refusal, SharedState, State};

/// Where GitHub's answers say that its documentation is.
const DOCUMENTATION: &str = "https://docs.github.com/rest";

/// One request.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    pub(super) method: &'a str,
    /// Path without the query.
    pub(super) path: &'a str,
    /// Query, in order.
    pub(super) query: Vec<(String, String)>,
    /// Body; null when there is none.
    pub(super) body: Value,
}

impl Asked<'_> {
    pub(super) fn is_write(&self) -> bool {
        self.method != "GET" && self.method != "HEAD"
    }

    /// Whether it reads repositories' data, not only who one is.
    pub(super) fn reads_repository(&self) -> bool {
        !self.is_write() && self.path.starts_with("/repos")
    }

    fn parameter(&self, name: &str) -> Option<&str> {
        let mut found = self.query.iter().filter(|(key, _)| key == name);
        found.next().map(|(_, value)| value.as_str())
    }

    fn number(&self, name: &str, otherwise: usize) -> usize {
        let given = self.parameter(name).and_then(|value| value.parse().ok());
        given.unwrap_or(otherwise)
    }
}

/// One answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Value,
    /// `Link` or `Location`, with its value.
    pub(super) header: Option<(&'static str, String)>,
    /// Whether there is such a route at all.
    pub(super) known: bool,
}

impl Answer {
    fn ok(body: Value) -> Self {
        Self::status(200, body)
    }

    fn status(status: u16, body: Value) -> Self {
        Self {
            status,
            body,
            header: None,
            known: true,
        }
    }

    fn not_found() -> Self {
        Self::status(404, message(404, "Not Found"))
    }

    fn found(body: Option<Value>) -> Self {
        body.map_or_else(Self::not_found, Self::ok)
    }

    fn unknown() -> Self {
        Self {
            known: false,
            ..Self::not_found()
        }
    }
}

/// A body that carries only a message.
pub(super) fn message(status: u16, text: &str) -> Value {
    json!({"message": text, "documentation_url": DOCUMENTATION, "status": status.to_string()})
}

/// Answers one request.
pub(super) fn answer(state: &SharedState, asked: &Asked<'_>) -> Answer {
    let mut state = state.lock();
    let parts: Vec<&str> = asked
        .path
        .split('/')
        .filter(|part| !part.is_empty())
        .collect();
    match (asked.method, parts.as_slice()) {
        ("GET", []) => Answer::ok(root()),
        ("GET", ["user"]) => Answer::ok(user(&state.operator().login)),
        ("GET", ["rate_limit"]) => Answer::ok(rate_limit()),
        // `gh` asks now and then whether there is a newer `gh`.
        ("GET", ["repos", "cli", "cli", ..]) => Answer::not_found(),
        (_, ["repos", owner, name, rest @ ..]) => {
            let wanted = RepositoryName::new(*owner, *name);
            if state.repository_today(&wanted).is_some() {
                return inside(&mut state, &wanted, asked, rest);
            }
            moved(&state, &wanted, asked, rest)
        }
        (_, ["repositories", id, rest @ ..]) => {
            let found = id.parse().ok().and_then(|id| state.repository_by_id(id));
            match found.map(|repository| repository.name.clone()) {
                Some(name) => inside(&mut state, &name, asked, rest),
                None => Answer::not_found(),
            }
        }
        _ => Answer::unknown(),
    }
}

/// A renamed repository answers with its lasting address; any other name is not found.
fn moved(state: &State, old: &RepositoryName, asked: &Asked<'_>, rest: &[&str]) -> Answer {
    let Some(repository) = state.repository(old) else {
        return Answer::not_found();
    };
    let query: Vec<String> = asked
        .query
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    let mut address = api(repository, &rest.join("/"));
    if !query.is_empty() {
        address = format!("{address}?{}", query.join("&"));
    }
    // A read may be sent again with GET, a write must keep its method and body.
    let status = if asked.is_write() { 307 } else { 301 };
    let mut body = message(status, "Moved Permanently");
    body["url"] = Value::String(address.clone());
    Answer {
        header: Some(("location", address)),
        ..Answer::status(status, body)
    }
}

/// The lasting address of something in a repository.
fn api(repository: &Repository, below: &str) -> String {
    let address = format!("https://api.github.com/repositories/{}", repository.id);
    if below.is_empty() {
        return address;
    }
    format!("{address}/{below}")
}

fn inside(state: &mut State, name: &RepositoryName, asked: &Asked<'_>, rest: &[&str]) -> Answer {
    if let ["issues", number, below @ ..] = rest {
        return match number.parse() {
            Ok(number) => {
                let which = IssueRef {
                    repository: name.clone(),
                    number,
                };
                on_issue(state, &which, asked, below)
            }
            Err(_) => Answer::unknown(),
        };
    }
    if asked.is_write() {
        return Answer::unknown();
    }
    if rest == ["releases"] {
        state.happened(&Moment::ReleasesListed);
    }
    state
        .repository_today(name)
        .map_or_else(Answer::not_found, |one| read(one, asked, rest))
}

fn read(repository: &Repository, asked: &Asked<'_>, rest: &[&str]) -> Answer {
    let page = |items: Vec<Value>| paged(repository, asked, &rest.join("/"), &items);
    match rest {
        [] => Answer::ok(repository::repository(repository)),
        ["issues"] => page(issue::list(repository, asked.parameter("state"))),
        ["pulls"] => page(repository::pulls(repository, asked.parameter("state"))),
        ["pulls", number] => Answer::found(repository::pull(repository, number)),
        ["pulls", number, "commits"] => {
            repository::pull_commits(repository, number).map_or_else(Answer::not_found, page)
        }
        ["releases"] => page(repository::releases(repository)),
        ["releases", "latest"] => Answer::found(repository::latest_release(repository)),
        ["releases", "tags", tag @ ..] => {
            Answer::found(repository::release(repository, &tag.join("/")))
        }
        ["tags"] => page(repository::tags(repository)),
        ["git", "ref", name @ ..] => {
            Answer::found(repository::one_ref(repository, &name.join("/")))
        }
        ["git", "matching-refs", name @ ..] => {
            page(repository::matching_refs(repository, &name.join("/")))
        }
        ["git", "tags", oid] => Answer::found(repository::tag_object(repository, oid)),
        ["git", "commits", oid] => Answer::found(repository::git_commit(repository, oid)),
        ["commits", revision @ ..] => match repository::commit(repository, &revision.join("/")) {
            Some(body) => Answer::ok(body),
            None => Answer::status(422, no_commit(&revision.join("/"))),
        },
        ["actions", "runs"] => Answer::ok(repository::runs(repository, asked)),
        ["actions", "runs", id] => Answer::found(repository::run(repository, id)),
        ["actions", "workflows"] => Answer::ok(repository::workflows(repository)),
        _ => Answer::unknown(),
    }
}

fn no_commit(revision: &str) -> Value {
    message(422, &format!("No commit found for SHA: {revision}"))
}

fn on_issue(state: &mut State, which: &IssueRef, asked: &Asked<'_>, below: &[&str]) -> Answer {
    if asked.is_write() {
        return write_issue(state, which, asked, below);
    }
    let Some(repository) = state.repository(&which.repository) else {
        return Answer::not_found();
    };
    let Some(found) = repository.issues.get(&which.number) else {
        // Pull requests are issues too, as far as REST goes.
        let pull = repository.pull_requests.get(&which.number);
        return Answer::found(pull.map(|pull| issue::of_pull(repository, pull)));
    };
    let path = format!("issues/{}/{}", which.number, below.join("/"));
    let page = |items: Vec<Value>| paged(repository, asked, &path, &items);
    match below {
        [] => Answer::ok(issue::issue(repository, found)),
        ["comments"] => page(issue::comments(repository, found)),
        ["events"] => page(issue::events(repository, found)),
        ["timeline"] => page(issue::timeline(repository, found)),
        _ => Answer::unknown(),
    }
}

fn write_issue(state: &mut State, which: &IssueRef, asked: &Asked<'_>, below: &[&str]) -> Answer {
    if state.issue(which).is_none() {
        return Answer::not_found();
    }
    let text = |key: &str| asked.body.get(key).and_then(Value::as_str);
    match (asked.method, below, text("state")) {
        ("POST", ["comments"], _) => {
            let comment = state.comment(which, text("body").unwrap_or_default());
            return comment.map_or_else(
                |refusal| invalid(&refusal),
                |comment| {
                    let repository = state.repository(&which.repository);
                    let body = repository.map(|one| issue::comment(one, which.number, &comment));
                    Answer::status(201, body.unwrap_or_default())
                },
            );
        }
        ("PATCH", [], Some("closed")) => {
            let reason = match text("state_reason") {
                Some("not_planned") => CloseReason::NotPlanned,
                Some("duplicate") => CloseReason::Duplicate,
                _ => CloseReason::Completed,
            };
            state.close(which, reason);
        }
        ("PATCH", [], Some("open")) => state.reopen(which),
        _ => return Answer::unknown(),
    }
    let repository = state.repository(&which.repository);
    let body = repository.and_then(|one| {
        let found = one.issues.get(&which.number)?;
        Some(issue::issue(one, found))
    });
    Answer::found(body)
}

fn invalid(refusal: &Refusal) -> Answer {
    let mut body = message(422, "Validation Failed");
    body["errors"] =
        json!([{"resource": "IssueComment", "field": "body", "message": refusal.to_string()}]);
    Answer::status(422, body)
}

/// One page of a list, with the links that lead on.
fn paged(repository: &Repository, asked: &Asked<'_>, path: &str, items: &[Value]) -> Answer {
    let size = asked.number("per_page", 30).clamp(1, 100);
    let page = asked.number("page", 1).max(1);
    let last = items.len().div_ceil(size).max(1);
    let chunk = items.chunks(size).nth(page - 1).unwrap_or_default();
    let link = |to: usize, name: &str| {
        let address = api(repository, path);
        format!("<{address}?per_page={size}&page={to}>; rel=\"{name}\"")
    };
    let links = [
        (page > 1).then(|| link(page - 1, "prev")),
        (page < last).then(|| link(page + 1, "next")),
        (page < last).then(|| link(last, "last")),
    ];
    let links: Vec<String> = links.into_iter().flatten().collect();
    Answer {
        header: (!links.is_empty()).then(|| ("link", links.join(", "))),
        ..Answer::ok(Value::Array(chunk.to_vec()))
    }
}

fn root() -> Value {
    json!({
        "current_user_url": "https://api.github.com/user",
        "repository_url": "https://api.github.com/repos/{owner}/{repo}",
        "rate_limit_url": "https://api.github.com/rate_limit",
    })
}

fn user(login: &str) -> Value {
    json!({
        "login": login,
        "id": 1,
        "node_id": format!("U_{login}"),
        "html_url": format!("https://github.com/{login}"),
        "type": "User",
        "site_admin": false,
        "name": login,
    })
}

fn rate_limit() -> Value {
    let one = json!({"limit": 5000, "used": 1, "remaining": 4999, "reset": 1_779_368_400});
    json!({"resources": {"core": one, "graphql": one, "search": one}, "rate": one})
}
