//! HTTP on a Unix socket: authentication, transport failures, and the log of requests.
//!
//! Owns the socket. The content of an answer is decided in `graphql` and `rest`.

use std::path::{Path, PathBuf};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State as Shared};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use tokio::net::UnixListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::access::{Hits, Outage, STORED_TOKEN, TokenName};
use super::config::write_gh_config;
use super::graphql;
use super::rest;
use super::state::{Point, SharedState};
use crate::rehearsal::{RehearsalError, host};

/// Largest body of a request that is read, in bytes.
const LARGEST_BODY: usize = 8 << 20;

/// A running embedded GitHub. It ends when dropped.
#[derive(Debug)]
pub struct GitHubServer {
    socket: PathBuf,
    stop: Option<oneshot::Sender<()>>,
    task: Option<JoinHandle<std::io::Result<()>>>,
}

impl GitHubServer {
    /// Answers pending requests, accepts no new ones, and waits for the end.
    pub async fn stop(mut self) {
        self.end();
        if let Some(task) = self.task.take() {
            drop(task.await);
        }
    }

    fn end(&mut self) {
        if let Some(stop) = self.stop.take() {
            // The server may have ended already.
            let _ = stop.send(());
            host::remove(&self.socket);
        }
    }
}

impl Drop for GitHubServer {
    fn drop(&mut self) {
        self.end();
    }
}

/// Serves a state on a Unix socket.
///
/// # Errors
/// The socket cannot be created: it already exists, or its path is too long (the limit is about 100
/// bytes).
pub async fn serve(socket: &Path, state: SharedState) -> Result<GitHubServer, RehearsalError> {
    let listener = UnixListener::bind(socket).map_err(|source| RehearsalError::Listen {
        address: socket.display().to_string(),
        source,
    })?;
    let router = Router::new().fallback(handle).with_state(state);
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = axum::serve(listener, router).with_graceful_shutdown(async move {
        drop(stopped.await);
    });
    Ok(GitHubServer {
        socket: socket.to_owned(),
        stop: Some(stop),
        task: Some(tokio::spawn(serving.into_future())),
    })
}

/// Serves a state in the directory of an embedded world, and stores the operator's login for it.
///
/// # Errors
/// As [`serve`]; or a file of the login cannot be written.
pub async fn serve_to(
    root: &camino::Utf8Path,
    state: SharedState,
) -> Result<GitHubServer, RehearsalError> {
    let socket = root.join("github.sock");
    let server = serve(socket.as_std_path(), state).await?;
    let config = root.join("operator/gh");
    let token = Some(STORED_TOKEN);
    write_gh_config(config.as_std_path(), socket.as_std_path(), token)?;
    Ok(server)
}

/// A response before it is encoded as HTTP.
struct Reply {
    status: u16,
    body: Value,
    header: Option<(&'static str, String)>,
}

impl Reply {
    fn new(status: u16, body: Value) -> Self {
        Self {
            status,
            body,
            header: None,
        }
    }

    fn message(status: u16, text: &str) -> Self {
        Self::new(status, rest::message(status, text))
    }
}

async fn handle(Shared(state): Shared<SharedState>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let authorization = parts.headers.get(header::AUTHORIZATION);
    let token = TokenName::of(authorization.and_then(|value| value.to_str().ok()));
    let bytes = to_bytes(body, LARGEST_BODY).await.unwrap_or_default();
    let (what, reply) = if parts.uri.path() == "/graphql" {
        graphql(&state, token, &bytes)
    } else {
        let path = percent_decode_str(parts.uri.path()).decode_utf8_lossy();
        rest(&state, token, parts.method.as_str(), &path)
    };
    state.lock().ledger.request(what, token, reply.status);
    respond(&state, token, &reply)
}

fn graphql(state: &SharedState, token: TokenName, bytes: &[u8]) -> (String, Reply) {
    let Some(request) = graphql::Request::read(bytes) else {
        let what = "POST /graphql".to_owned();
        let unknown = format!("{what}: no GraphQL request");
        state.lock().ledger.unknown(unknown);
        return (what, Reply::message(400, "Problems parsing JSON"));
    };
    let what = format!("POST /graphql {}", request.text());
    if let Some(refused) = refuse_token(token, true) {
        return (what, refused);
    }
    let writes = request.is_mutation();
    let outage = hits(&request).and_then(|hits| state.lock().access.outage(hits));
    if let Some(outage) = outage.filter(|outage| outage.hides_the_request()) {
        return (what, broken(outage));
    }
    if writes && !state.lock().access.may_write(token) {
        return (what, Reply::new(200, scopes_error(state, token, &request)));
    }
    state.pass(Point::Come, writes, &what);
    let executed = request.execute(&mut state.lock());
    state.pass(Point::Done, writes, &what);
    let mut state = state.lock();
    for unknown in executed.unknown {
        state.ledger.unknown(format!("{what}: {unknown}"));
    }
    let reply = outage.map_or_else(|| Reply::new(200, executed.body), broken);
    (what, reply)
}

/// Which outages a request may meet: asking who one is does not use one up.
fn hits(request: &graphql::Request) -> Option<Hits> {
    if request.is_mutation() {
        return Some(Hits::Writes);
    }
    let reads = request.fields().contains(&"repository");
    reads.then_some(Hits::Reads)
}

fn rest(state: &SharedState, token: TokenName, method: &str, path: &str) -> (String, Reply) {
    let what = format!("{method} {path}");
    if let Some(refused) = refuse_token(token, method != "GET") {
        return (what, refused);
    }
    let mut state = state.lock();
    let answer = rest::answer(&state, method, path);
    if !answer.known {
        state.ledger.unknown(what.clone());
    }
    let header = answer.location.map(|address| ("location", address));
    let asks = path == "/rate_limit";
    let away = asks.then(|| state.access.stays_away()).flatten();
    let later = away.map(|seconds| ("retry-after", seconds.to_string()));
    let reply = Reply {
        header: later.or(header),
        ..Reply::new(answer.status, answer.body)
    };
    (what, reply)
}

/// The response if the token is wrong, or missing where one is required.
fn refuse_token(token: TokenName, needed: bool) -> Option<Reply> {
    match token {
        TokenName::Unknown => Some(Reply::message(401, "Bad credentials")),
        TokenName::None if needed => Some(Reply::message(401, "Requires authentication")),
        TokenName::None | TokenName::Stored | TokenName::Environment => None,
    }
}

/// The response to a request during an outage.
fn broken(outage: Outage) -> Reply {
    match outage {
        Outage::RateLimited | Outage::LimitedLong => {
            let text = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.";
            Reply {
                header: outage
                    .retry_after()
                    .map(|seconds| ("retry-after", seconds.to_string())),
                ..Reply::message(403, text)
            }
        }
        Outage::BadGateway | Outage::AnswerLost => {
            let text = "Something went wrong while executing your query. This may be the result of a timeout, or it could be a GitHub bug.";
            Reply::new(502, json!({"data": null, "errors": [{"message": text}]}))
        }
    }
}

fn scopes_error(state: &SharedState, token: TokenName, request: &graphql::Request) -> Value {
    let scopes = state.lock().access.scopes(token);
    let field = request.fields().first().copied().unwrap_or_default();
    let text = format!(
        "Your token has not been granted the required scopes to execute this query. The '{field}' field requires one of the following scopes: ['public_repo'], but your token has only been granted the: ['{scopes}'] scopes. Please modify your token's scopes at: https://github.com/settings/tokens."
    );
    let locations = json!([{"line": 1, "column": 1}]);
    json!({"errors": [{"type": "INSUFFICIENT_SCOPES", "locations": locations, "message": text}]})
}

fn respond(state: &SharedState, token: TokenName, reply: &Reply) -> Response {
    let mut headers = HeaderMap::new();
    let limited = reply
        .header
        .as_ref()
        .is_some_and(|(name, _)| *name == "retry-after");
    let mut put = |name: &'static str, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    put("content-type", "application/json; charset=utf-8");
    put("x-oauth-scopes", state.lock().access.scopes(token));
    put("x-accepted-oauth-scopes", "repo");
    put("x-github-media-type", "github.v3; format=json");
    put("x-ratelimit-limit", "5000");
    put("x-ratelimit-remaining", if limited { "0" } else { "4999" });
    if let Some((name, value)) = &reply.header {
        put(name, value);
    }
    let mut response = Response::new(Body::from(reply.body.to_string()));
    let status = StatusCode::from_u16(reply.status);
    *response.status_mut() = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    *response.headers_mut() = headers;
    response
}
