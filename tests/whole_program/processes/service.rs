//! The service as a protocol sees it: two health pages, whose values a test can move, and which
//! tell when somebody has read them both.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use serde_json::{Value, json};
use tokio::sync::watch;

#[derive(Clone)]
struct Shared {
    values: Arc<Mutex<(String, u64)>>,
    reads: watch::Sender<u32>,
}

/// A running service.
pub(crate) struct Service {
    shared: Shared,
    url: String,
    task: tokio::task::JoinHandle<()>,
}

impl Service {
    pub(crate) async fn start() -> Self {
        let shared = Shared {
            values: Arc::new(Mutex::new(("a".repeat(40), 22))),
            reads: watch::channel(0).0,
        };
        let router = Router::new()
            .route("/health/", get(health))
            .route("/health/ready/", get(ready))
            .with_state(shared.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { shared, url, task }
    }

    /// What a gate file names to be observed.
    pub(crate) fn addresses(&self) -> Vec<String> {
        ["health/", "health/ready/"]
            .map(|path| format!("{}/{path}", self.url))
            .to_vec()
    }

    /// Waits until the pages were read so many times: an observation ends with them.
    pub(crate) async fn was_read(&self, times: u32) {
        let mut reads = self.shared.reads.subscribe();
        reads.wait_for(|reads| *reads >= times).await.unwrap();
    }

    pub(crate) fn deploy(&self) {
        self.shared.values.lock().unwrap().0 = "b".repeat(40);
    }

    pub(crate) fn count_one_more(&self) {
        self.shared.values.lock().unwrap().1 += 1;
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn health(State(shared): State<Shared>) -> axum::Json<Value> {
    let commit = shared.values.lock().unwrap().0.clone();
    axum::Json(json!({"status": "ok", "git_sha": commit}))
}

async fn ready(State(shared): State<Shared>) -> axum::Json<Value> {
    let rejected = shared.values.lock().unwrap().1;
    shared.reads.send_modify(|reads| *reads += 1);
    axum::Json(json!({"status": "ready", "dependencies": {"drain_queue": {
        "terminal_failed_count": 0, "business_rule_rejected_count": rejected}}}))
}
