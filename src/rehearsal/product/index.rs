//! The package index of the embedded world: the Simple API on loopback, as HTML and as JSON.
//!
//! Owns its answers and a log of its requests. Its address contains a digest of all its files, so
//! whatever a client has cached under the same address has the same content.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{Path as UrlPath, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use sha2::{Digest, Sha256};

use super::listing::{Distribution, Format};
use super::wheels::{Release, exchanged};
use crate::rehearsal::{RehearsalError, host, ports};
use crate::store::hex;

/// The upload time of wheels without a release entry: long before any candidate.
const LONG_AGO: &str = "2025-10-01T00:00:00Z";

/// A running index; it ends when dropped.
#[derive(Debug)]
pub struct IndexServer {
    url: String,
    log: Log,
    task: tokio::task::JoinHandle<()>,
}

/// Request lines, in the order of arrival.
type Log = Arc<Mutex<Vec<String>>>;

impl IndexServer {
    /// The address for `UV_DEFAULT_INDEX` and `PIP_INDEX_URL`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The requests so far, such as `GET /simple/spec-kitty-cli/`.
    #[must_use]
    pub fn requests(&self) -> Vec<String> {
        self.log
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Drop for IndexServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What the index serves; never changes while it runs.
struct Shelf {
    projects: BTreeMap<String, Vec<Distribution>>,
    files: BTreeMap<String, Vec<u8>>,
    base: String,
}

/// Serves the wheels of `directory` as `releases` describe them, and every wheel of `extra`.
///
/// # Errors
/// If a wheel cannot be read, or no port is free.
pub async fn serve(
    directory: &Path,
    releases: &[Release],
    extra: &[PathBuf],
) -> Result<IndexServer, RehearsalError> {
    let shelf = Shelf::fill(directory, releases, extra)?;
    let base = shelf.base.clone();
    let log = Log::default();
    let (listener, address) = ports::listen(ports::INDEX).await?;
    let router = Router::new()
        .nest(&base, routes(Arc::new(shelf)))
        .layer(middleware::from_fn_with_state(Arc::clone(&log), note));
    let task = tokio::spawn(async move { drop(axum::serve(listener, router).await) });
    let url = format!("http://{address}{base}/simple/");
    Ok(IndexServer { url, log, task })
}

fn routes(shelf: Arc<Shelf>) -> Router {
    Router::new()
        .route("/simple/", get(projects))
        .route("/simple/{project}/", get(project))
        .route("/files/{file}", get(file))
        .with_state(shelf)
}

impl Shelf {
    fn fill(
        directory: &Path,
        releases: &[Release],
        extra: &[PathBuf],
    ) -> Result<Self, RehearsalError> {
        let mut shelf = Self {
            projects: BTreeMap::new(),
            files: BTreeMap::new(),
            base: String::new(),
        };
        for release in releases {
            shelf.add(directory, release)?;
        }
        for directory in extra {
            for file in host::list_dir(directory)? {
                let real = Release {
                    file,
                    uploaded: LONG_AGO,
                    yanked: None,
                    exchanged: false,
                };
                let is_wheel = Path::new(&real.file).extension() == Some("whl".as_ref());
                if is_wheel && !shelf.files.contains_key(&real.file) {
                    shelf.add(directory, &real)?;
                }
            }
        }
        shelf.base = format!("/{}", shelf.digest());
        Ok(shelf)
    }

    fn add(&mut self, directory: &Path, release: &Release) -> Result<(), RehearsalError> {
        let mut content = host::read(&directory.join(&release.file))?;
        let distribution = Distribution::of(release, &content)?;
        if release.exchanged {
            content = host::read(&directory.join(exchanged(&release.file)))?;
        }
        self.files
            .insert(distribution.metadata_file(), distribution.metadata.clone());
        self.files.insert(release.file.clone(), content);
        let listed = self
            .projects
            .entry(distribution.project.clone())
            .or_default();
        listed.push(distribution);
        Ok(())
    }

    /// A digest of all responses of the index.
    fn digest(&self) -> String {
        let mut digest = Sha256::new();
        for (name, listed) in &self.projects {
            digest.update(Format::Json.project(name, listed, ""));
        }
        hex(&digest.finalize()).chars().take(16).collect()
    }
}

async fn note(State(log): State<Log>, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let inner = path.splitn(3, '/').nth(2).unwrap_or_default();
    let line = format!("{} /{inner}", request.method());
    log.lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(line);
    next.run(request).await
}

async fn projects(State(shelf): State<Arc<Shelf>>, headers: HeaderMap) -> Response {
    let format = Format::accepted(&headers);
    let names: Vec<_> = shelf.projects.keys().map(String::as_str).collect();
    answer(format.content_type(), format.projects(&names))
}

async fn project(
    State(shelf): State<Arc<Shelf>>,
    UrlPath(name): UrlPath<String>,
    headers: HeaderMap,
) -> Response {
    let format = Format::accepted(&headers);
    let name = super::listing::normalised(&name);
    match shelf.projects.get(&name) {
        Some(listed) => answer(
            format.content_type(),
            format.project(&name, listed, &shelf.base),
        ),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn file(State(shelf): State<Arc<Shelf>>, UrlPath(name): UrlPath<String>) -> Response {
    match shelf.files.get(&name) {
        Some(content) => answer("application/octet-stream", content.clone()),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn answer(content_type: &'static str, body: impl IntoResponse) -> Response {
    // The address changes with the content, so a client may keep what it got.
    let headers = [
        (header::CONTENT_TYPE, content_type),
        (header::CACHE_CONTROL, "max-age=3600"),
    ];
    (headers, body).into_response()
}
