//! The SaaS of the rehearsal: an HTTP server on loopback with real state in memory.
//!
//! Owns the deployment's identity, the missions created from posted events, and the log of every
//! request by client. Never decides anything for the gate, and never learns that one is running.

mod routes;
mod state;

use std::net::SocketAddr;
use std::sync::Arc;

use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use state::Deployment;

use super::{Faults, RehearsalError, ports};
use state::Shared;

/// The running SaaS. Dropping it stops it at once, even with pending requests.
#[derive(Debug)]
pub struct SaasServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl SaasServer {
    /// The base address, without a trailing slash.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The state of the SaaS and its log of requests, for assertions on the final world.
    #[must_use]
    pub fn final_state(&self) -> Value {
        self.shared.lock().report()
    }
}

impl Drop for SaasServer {
    fn drop(&mut self) {
        // Idle connections close; a connection that a fault never answers must not delay the end.
        self.stop.send_replace(true);
        self.task.abort();
    }
}

/// Starts the SaaS on a loopback port.
///
/// # Errors
/// No port was available.
pub async fn serve(deployment: Deployment, faults: &Faults) -> Result<SaasServer, RehearsalError> {
    let (listener, address) = ports::listen(ports::SAAS).await?;
    let (stop, mut stopped) = watch::channel(false);
    let shared = Arc::new(Shared::new(deployment, faults.clone()));
    let server = axum::serve(listener, routes::router(Arc::clone(&shared))).with_graceful_shutdown(
        async move {
            // The sender is dropped only with the server.
            drop(stopped.wait_for(|stopped| *stopped).await);
        },
    );
    let task = tokio::spawn(async move {
        // It ends only when it is stopped.
        drop(server.await);
    });
    Ok(SaasServer {
        address,
        shared,
        stop,
        task,
    })
}
