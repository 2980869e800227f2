//! A small package index: wheels and source distributions made on the fly, served as the JSON form of the Simple API.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// One wheel on the shelf, or one source distribution.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
    pub(crate) requires: Vec<&'static str>,
    pub(crate) files: Vec<(&'static str, String)>,
    pub(crate) script: Option<&'static str>,
    pub(crate) uploaded: &'static str,
    pub(crate) yanked: bool,
    /// The build backend of a source distribution; a wheel has none.
    pub(crate) backend: Option<String>,
}

impl Entry {
    pub(crate) fn new(name: &'static str, version: &'static str) -> Self {
        Self {
            name,
            version,
            requires: Vec::new(),
            files: Vec::new(),
            script: None,
            uploaded: "2026-05-20T00:00:00Z",
            yanked: false,
            backend: None,
        }
    }

    /// As source only, which this module builds.
    pub(crate) fn built_by(mut self, backend: impl Into<String>) -> Self {
        self.backend = Some(backend.into());
        self
    }

    pub(crate) fn file(mut self, path: &'static str, text: impl Into<String>) -> Self {
        self.files.push((path, text.into()));
        self
    }

    /// The same wheel with another text in its `index`th file.
    pub(crate) fn content(mut self, index: usize, text: &str) -> Self {
        text.clone_into(&mut self.files[index].1);
        self
    }

    pub(crate) fn requires(mut self, requirement: &'static str) -> Self {
        self.requires.push(requirement);
        self
    }

    pub(crate) fn uploaded(mut self, time: &'static str) -> Self {
        self.uploaded = time;
        self
    }

    /// From an index that does not tell when anything was uploaded.
    pub(crate) fn without_time(self) -> Self {
        self.uploaded("")
    }

    /// How the index lists it.
    fn listed(&self, file: &str, digest: &str, bytes: usize) -> Value {
        let mut listed = json!({
            "filename": file, "url": format!("/files/{file}"), "hashes": {"sha256": digest},
            "yanked": self.yanked, "size": bytes,
        });
        if !self.uploaded.is_empty() {
            listed["upload-time"] = json!(self.uploaded);
        }
        listed
    }

    pub(crate) fn yanked(mut self) -> Self {
        self.yanked = true;
        self
    }

    fn file_name(&self) -> String {
        if self.backend.is_some() {
            return format!("{}-{}.tar.gz", self.name.replace('-', "_"), self.version);
        }
        format!(
            "{}-{}-py3-none-any.whl",
            self.name.replace('-', "_"),
            self.version
        )
    }

    /// The source distribution.
    fn source(&self, backend: &str) -> Vec<u8> {
        let (name, version) = (self.name, self.version);
        let metadata = format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n");
        let project = format!(
            "[build-system]\nrequires = []\nbuild-backend = \"backend\"\nbackend-path = [\".\"]\n\
             [project]\nname = \"{name}\"\ndynamic = [\"version\"]\n"
        );
        let gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        let mut archive = tar::Builder::new(gzip);
        for (file, text) in [
            ("PKG-INFO", metadata.as_str()),
            ("pyproject.toml", &project),
            ("backend.py", backend),
        ] {
            let path = format!("{}-{version}/{file}", name.replace('-', "_"));
            let mut header = tar::Header::new_gnu();
            header.set_size(text.len() as u64);
            header.set_mode(0o644);
            archive
                .append_data(&mut header, path, text.as_bytes())
                .unwrap();
        }
        archive.into_inner().unwrap().finish().unwrap()
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        if let Some(backend) = &self.backend {
            return self.source(backend);
        }
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        let info = format!("{}-{}.dist-info", self.name.replace('-', "_"), self.version);
        let mut record = String::new();
        let mut add = |path: &str, text: &str| {
            zip.start_file(path, zip::write::SimpleFileOptions::default())
                .unwrap();
            zip.write_all(text.as_bytes()).unwrap();
            record.extend([path, ",,\n"]);
        };
        for (path, text) in &self.files {
            add(path, text);
        }
        let requires = self
            .requires
            .iter()
            .flat_map(|one| ["Requires-Dist: ", one, "\n"]);
        let requires: String = requires.collect();
        let metadata = format!(
            "Metadata-Version: 2.1\nName: {}\nVersion: {}\n{requires}",
            self.name, self.version
        );
        add(&format!("{info}/METADATA"), &metadata);
        add(
            &format!("{info}/WHEEL"),
            "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        );
        if let Some(script) = self.script {
            add(
                &format!("{info}/entry_points.txt"),
                &format!("[console_scripts]\n{script}\n"),
            );
        }
        record.extend([info.as_str(), "/RECORD,,\n"]);
        zip.start_file(
            format!("{info}/RECORD"),
            zip::write::SimpleFileOptions::default(),
        )
        .unwrap();
        zip.write_all(record.as_bytes()).unwrap();
        zip.finish().unwrap().into_inner()
    }
}

struct Shelf {
    projects: BTreeMap<String, Vec<Value>>,
    files: BTreeMap<String, Vec<u8>>,
}

/// A running index.
pub(crate) struct Index {
    pub(crate) url: String,
    task: tokio::task::JoinHandle<()>,
}

impl Index {
    pub(crate) async fn serve(entries: &[Entry]) -> Self {
        Self::serve_with(entries, |_, bytes| bytes).await
    }

    /// As `serve`, but what is sent for a file may be something else than what was announced.
    pub(crate) async fn serve_with(
        entries: &[Entry],
        sent: impl Fn(&str, Vec<u8>) -> Vec<u8>,
    ) -> Self {
        let mut projects: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        let mut files = BTreeMap::new();
        for entry in entries {
            let (file, bytes) = (entry.file_name(), entry.bytes());
            let digest = hex(&Sha256::digest(&bytes));
            projects
                .entry(entry.name.to_owned())
                .or_default()
                .push(entry.listed(&file, &digest, bytes.len()));
            files.insert(file.clone(), sent(&file, bytes));
        }
        let shelf = Arc::new(Shelf { projects, files });
        let router = Router::new()
            .route("/simple/{project}/", get(project))
            .route("/files/{file}", get(file))
            .with_state(Arc::clone(&shelf));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/simple/", listener.local_addr().unwrap());
        let task = tokio::spawn(async move { drop(axum::serve(listener, router).await) });
        Self { url, task }
    }
}

impl Drop for Index {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn project(State(shelf): State<Arc<Shelf>>, Path(name): Path<String>) -> Response {
    let Some(files) = shelf.projects.get(&name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let page = json!({"meta": {"api-version": "1.1"}, "name": name, "files": files});
    let kind = "application/vnd.pypi.simple.v1+json";
    ([(header::CONTENT_TYPE, kind)], page.to_string()).into_response()
}

async fn file(State(shelf): State<Arc<Shelf>>, Path(name): Path<String>) -> Response {
    match shelf.files.get(&name) {
        Some(bytes) => bytes.clone().into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(value.into(), 16).unwrap();
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}
