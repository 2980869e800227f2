//! The routes of the SaaS, with the response formats of the deployed one.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use super::state::{Event, Fate, Shared};
use crate::rehearsal::Fault;

/// A response with its status.
type Answer = (StatusCode, Json<Value>);

/// The application; every request is counted before it is looked at.
pub(super) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/health/", get(health))
        .route("/health/ready/", get(ready))
        .route("/api/v1/events/", post(events))
        .route("/api/v1/bodies/", post(bodies))
        .route("/api/v1/missions/{name}/", get(mission))
        .route("/api/v1/teamspace/pulse/", get(pulse))
        .route("/platform/deploy/", post(deploy))
        .fallback(not_found)
        .layer(middleware::from_fn_with_state(Arc::clone(&shared), count))
        .with_state(shared)
}

async fn count(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let read = matches!(*request.method(), Method::GET | Method::HEAD);
    shared.lock().count(client(request.headers()), read);
    next.run(request).await
}

/// The first product of the User-Agent, as `gate/0.1.0`.
fn client(headers: &HeaderMap) -> &str {
    headers
        .get(header::USER_AGENT)
        .and_then(|agent| agent.to_str().ok())
        .and_then(|agent| agent.split_whitespace().next())
        .unwrap_or("unknown")
}

async fn health(State(shared): State<Arc<Shared>>) -> Response {
    if shared.faults.contains(&Fault::SaasTimeout) {
        // Not even when the server stops: the connection ends with the runtime.
        std::future::pending::<()>().await;
    }
    if shared.faults.contains(&Fault::SaasRedirects) {
        let to = "https://login.example/start?next=/health/";
        return (StatusCode::FOUND, [(header::LOCATION, to)]).into_response();
    }
    if shared.faults.contains(&Fault::SaasHtml) {
        let page = "<!DOCTYPE html><html><head><title>Checking</title></head></html>";
        return axum::response::Html(page).into_response();
    }
    let mut inner = shared.lock();
    if shared.faults.contains(&Fault::Saas503) || inner.takes_503() {
        let body = json!({"status": "unavailable", "service": "spec-kitty-dev"});
        return (StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response();
    }
    Json(json!({
        "status": "ok",
        "service": "spec-kitty-dev",
        "version": "0.1.0",
        "git_sha": inner.deployment.git_sha,
        "build_timestamp": inner.deployment.build_timestamp,
        "spec_kitty_events": inner.deployment.events_version,
        "environment": "production",
    }))
    .into_response()
}

async fn ready(State(shared): State<Arc<Shared>>) -> Answer {
    let refuses = shared.faults.contains(&Fault::Ready503);
    let inner = shared.lock();
    let drain = if refuses {
        "error"
    } else if inner.terminal_failed > 0 {
        "degraded"
    } else {
        "ok"
    };
    let body = json!({
        "status": if refuses { "not_ready" } else { "ready" },
        "dependencies": {
            "postgres": {"status": "ok"},
            "redis": {"status": "ok"},
            "channel_layer": {"status": "ok"},
            "celery_broker": {"status": "ok"},
            "drain_queue": {
                "status": drain,
                "oldest_pending_age_seconds": 0,
                "retryable_count": 0,
                "terminal_failed_count": inner.terminal_failed,
                "business_rule_rejected_count": inner.business_rule_rejected,
            },
        },
    });
    let status = if refuses {
        StatusCode::SERVICE_UNAVAILABLE
    } else {
        StatusCode::OK
    };
    (status, Json(body))
}

async fn events(State(shared): State<Arc<Shared>>, body: Bytes) -> Answer {
    let event = match parse_event(&body) {
        Ok(event) => event,
        Err(detail) => return rejected(StatusCode::BAD_REQUEST, "invalid_event", &detail),
    };
    let fate = shared.lock().take_event(&event);
    match fate {
        Fate::Accepted => (StatusCode::ACCEPTED, Json(json!({"status": "accepted"}))),
        Fate::Duplicate => (StatusCode::OK, Json(json!({"status": "duplicate"}))),
        Fate::TooLarge => too_large(),
    }
}

/// An event of the body; the payload may be an object or JSON in a string.
fn parse_event(body: &[u8]) -> Result<Event, String> {
    let value: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let text = |key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let required = |key: &str| text(key).ok_or_else(|| format!("`{key}` is missing"));
    let payload = match value.get("payload") {
        Some(Value::String(inner)) => serde_json::from_str(inner).unwrap_or(Value::Null),
        Some(other) => other.clone(),
        None => Value::Null,
    };
    Ok(Event {
        id: required("event_id")?,
        mission: required("mission")?,
        wp: text("wp"),
        kind: required("kind")?,
        payload,
    })
}

async fn bodies(State(shared): State<Arc<Shared>>, body: Bytes) -> Answer {
    let parsed: Option<Value> = serde_json::from_slice(&body).ok();
    let mission = parsed
        .as_ref()
        .and_then(|value| value.get("mission"))
        .and_then(Value::as_str);
    let Some(mission) = mission else {
        let detail = "`mission` is missing";
        return rejected(StatusCode::BAD_REQUEST, "invalid_body", detail);
    };
    if shared.lock().take_body(mission) {
        (StatusCode::ACCEPTED, Json(json!({"status": "accepted"})))
    } else {
        too_large()
    }
}

fn too_large() -> Answer {
    rejected(
        StatusCode::PAYLOAD_TOO_LARGE,
        "payload_too_large",
        "HTTP 413 Content Too Large",
    )
}

fn rejected(status: StatusCode, class: &str, detail: &str) -> Answer {
    let body = json!({"status": "rejected", "failure_class": class, "detail": detail});
    (status, Json(body))
}

async fn mission(State(shared): State<Arc<Shared>>, Path(name): Path<String>) -> Answer {
    match shared.lock().look_at(&name) {
        Some(found) => (StatusCode::OK, Json(found)),
        None => (
            StatusCode::NOT_FOUND,
            Json(json!({"detail": "Not found.", "mission": name})),
        ),
    }
}

async fn pulse(State(shared): State<Arc<Shared>>) -> Json<Value> {
    Json(shared.lock().pulse())
}

/// A deployment requested from the hosting platform by somebody else.
async fn deploy(State(shared): State<Arc<Shared>>) -> Answer {
    shared.lock().redeploy();
    (StatusCode::ACCEPTED, Json(json!({"status": "deploying"})))
}

async fn not_found() -> Answer {
    (StatusCode::NOT_FOUND, Json(json!({"detail": "Not found."})))
}
