//! HTTP on a Unix socket: who asks, what goes wrong on the way, and the record of it all.
//!
//! Owns the socket. What an answer says is decided in `graphql` and `rest`.

use std::path::{Path, PathBuf};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Query, Request, State as Shared};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::Response;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use tokio::net::UnixListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::access::{Hits, Outage, TokenName};
use super::graphql::{GraphQl, Operation};
use super::rest::{self, Asked};
use super::state::{Point, SharedState};
use crate::rehearsal::{RehearsalError, host};

/// Largest body of a request that is read, in bytes.
const LARGEST_BODY: usize = 8 << 20;

/// Sent where the scopes of a token do not allow a write.
const TOO_WEAK: &str = "Resource not accessible by personal access token";

/// A running embedded GitHub. It ends when this is dropped.
#[derive(Debug)]
pub struct GitHubServer {
    socket: PathBuf,
    stop: Option<oneshot::Sender<()>>,
    task: Option<JoinHandle<std::io::Result<()>>>,
}

impl GitHubServer {
    /// The socket it listens on.
    #[must_use]
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Answers what is under way, takes nothing new, and waits for the end.
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
/// The socket cannot be listened on: it is there already, or its path is too long (about 100
/// bytes are the most).
pub async fn serve(socket: &Path, state: SharedState) -> Result<GitHubServer, RehearsalError> {
    let listener = UnixListener::bind(socket).map_err(|source| RehearsalError::Listen {
        address: socket.display().to_string(),
        source,
    })?;
    let app = App {
        graphql: GraphQl::new(state.clone()),
        state,
    };
    let router = Router::new().fallback(handle).with_state(app);
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

#[derive(Clone)]
struct App {
    state: SharedState,
    graphql: GraphQl,
}

impl App {
    /// Takes the outage that a request meets, if any.
    fn outage(&self, hits: Option<Hits>) -> Option<Outage> {
        self.state.lock().access.outage(hits?)
    }
}

/// An answer before it is put into HTTP.
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

async fn handle(Shared(app): Shared<App>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let authorization = parts.headers.get(header::AUTHORIZATION);
    let token = TokenName::of(authorization.and_then(|value| value.to_str().ok()));
    let bytes = to_bytes(body, LARGEST_BODY).await.unwrap_or_default();
    let (what, reply) = if parts.uri.path() == "/graphql" {
        graphql(&app, token, &bytes).await
    } else {
        rest(&app, token, &parts, &bytes)
    };
    app.state.lock().ledger.request(what, token, reply.status);
    respond(&app, token, &reply)
}

/// Which outages a request may meet.
fn hits(writes: bool, reads_repository: bool) -> Option<Hits> {
    if writes {
        return Some(Hits::Writes);
    }
    reads_repository.then_some(Hits::Reads)
}

async fn graphql(app: &App, token: TokenName, bytes: &Bytes) -> (String, Reply) {
    let Ok(request) = serde_json::from_slice::<async_graphql::Request>(bytes) else {
        let what = "POST /graphql".to_owned();
        let unknown = format!("{what}: no GraphQL request");
        app.state.lock().ledger.unknown(unknown);
        return (what, Reply::message(400, "Problems parsing JSON"));
    };
    let operation = Operation::of(&request);
    let what = format!("POST /graphql {}", operation.text());
    if let Some(refused) = refuse_token(token, true) {
        return (what, refused);
    }
    let hits = hits(operation.is_mutation, operation.reads_repository());
    let outage = app.outage(hits);
    if let Some(outage) = outage.filter(|outage| outage.hides_the_request()) {
        return (what, broken(outage, true));
    }
    if operation.is_mutation && !app.state.lock().access.may_write(token) {
        return (what, Reply::new(200, scopes_error(app, token, &operation)));
    }
    let pass = |point| app.state.pass(point, operation.is_mutation, &what);
    pass(Point::Come);
    let executed = app.graphql.execute(request).await;
    pass(Point::Done);
    let mut state = app.state.lock();
    for unknown in executed.unknown {
        state.ledger.unknown(format!("{what}: {unknown}"));
    }
    let reply = outage.map_or_else(
        || Reply::new(200, executed.body),
        |outage| broken(outage, true),
    );
    (what, reply)
}

fn rest(app: &App, token: TokenName, parts: &Parts, bytes: &Bytes) -> (String, Reply) {
    let path = percent_decode_str(parts.uri.path()).decode_utf8_lossy();
    let asked = Asked {
        method: parts.method.as_str(),
        path: &path,
        query: query(&parts.uri),
        body: serde_json::from_slice(bytes).unwrap_or_default(),
    };
    let what = format!("{} {path}", asked.method);
    if let Some(refused) = refuse_token(token, asked.is_write()) {
        return (what, refused);
    }
    let outage = app.outage(hits(asked.is_write(), asked.reads_repository()));
    if let Some(outage) = outage.filter(|outage| outage.hides_the_request()) {
        return (what, broken(outage, false));
    }
    if asked.is_write() && !app.state.lock().access.may_write(token) {
        return (what, Reply::message(403, TOO_WEAK));
    }
    let pass = |point| app.state.pass(point, asked.is_write(), &what);
    pass(Point::Come);
    let answer = rest::answer(&app.state, &asked);
    pass(Point::Done);
    if !answer.known {
        app.state.lock().ledger.unknown(what.clone());
    }
    if let Some(outage) = outage {
        return (what, broken(outage, false));
    }
    let reply = Reply {
        header: answer.header,
        ..Reply::new(answer.status, answer.body)
    };
    (what, reply)
}

fn query(uri: &Uri) -> Vec<(String, String)> {
    Query::try_from_uri(uri).map_or_else(|_| Vec::new(), |Query(pairs)| pairs)
}

/// What somebody gets whose token is wrong, or missing where one is needed.
fn refuse_token(token: TokenName, needed: bool) -> Option<Reply> {
    match token {
        TokenName::Unknown => Some(Reply::message(401, "Bad credentials")),
        TokenName::None if needed => Some(Reply::message(401, "Requires authentication")),
        TokenName::None | TokenName::Stored | TokenName::Environment => None,
    }
}

/// The answer to a request that meets an outage.
fn broken(outage: Outage, graphql: bool) -> Reply {
    match outage {
        Outage::RateLimited => {
            let text = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.";
            Reply {
                header: Some(("retry-after", "1".to_owned())),
                ..Reply::message(403, text)
            }
        }
        Outage::BadGateway | Outage::AnswerLost if graphql => {
            let text = "Something went wrong while executing your query. This may be the result of a timeout, or it could be a GitHub bug.";
            Reply::new(502, json!({"data": null, "errors": [{"message": text}]}))
        }
        Outage::BadGateway | Outage::AnswerLost => {
            Reply::new(502, json!({"message": "Server Error"}))
        }
    }
}

fn scopes_error(app: &App, token: TokenName, operation: &Operation) -> Value {
    let scopes = app.state.lock().access.scopes(token);
    let field = operation.fields.first().map_or("", String::as_str);
    let text = format!(
        "Your token has not been granted the required scopes to execute this query. The '{field}' field requires one of the following scopes: ['public_repo'], but your token has only been granted the: ['{scopes}'] scopes. Please modify your token's scopes at: https://github.com/settings/tokens."
    );
    let locations = json!([{"line": 1, "column": 1}]);
    json!({"errors": [{"type": "INSUFFICIENT_SCOPES", "locations": locations, "message": text}]})
}

fn respond(app: &App, token: TokenName, reply: &Reply) -> Response {
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
    put("x-oauth-scopes", app.state.lock().access.scopes(token));
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
