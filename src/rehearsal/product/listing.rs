//! The listings of the package index: HTML (PEP 503) and JSON (PEP 691, 700, 714).
//!
//! Pure: reads a wheel's bytes, never a file.

use std::fmt::Write as _;
use std::io::{Cursor, Read};

use axum::http::{HeaderMap, header};
use serde_json::{Value, json};

use super::wheels::Release;
use crate::rehearsal::RehearsalError;
use crate::store::sha256_hex;

/// One wheel as the index lists it.
#[derive(Debug)]
pub(super) struct Distribution {
    /// The normalised name of its project.
    pub project: String,
    /// Its `METADATA`.
    pub metadata: Vec<u8>,
    version: String,
    file: String,
    sha256: String,
    size: usize,
    requires_python: Option<String>,
    uploaded: &'static str,
    yanked: Option<&'static str>,
}

impl Distribution {
    /// Reads the data for the listing from a wheel.
    pub(super) fn of(release: &Release, content: &[u8]) -> Result<Self, RehearsalError> {
        let broken = |what: &str| {
            RehearsalError::Other(format!("`{}` is not a wheel: {what}", release.file))
        };
        let mut parts = release.file.split('-');
        let (Some(name), Some(version)) = (parts.next(), parts.next()) else {
            return Err(broken("its name has no version"));
        };
        let metadata = metadata_of(content).map_err(|error| broken(&error.to_string()))?;
        let metadata = metadata.ok_or_else(|| broken("it has no METADATA"))?;
        Ok(Self {
            project: normalised(name),
            version: version.to_owned(),
            file: release.file.clone(),
            sha256: sha256_hex(content),
            size: content.len(),
            requires_python: field(&metadata, "Requires-Python"),
            metadata,
            uploaded: release.uploaded,
            yanked: release.yanked,
        })
    }

    /// The name under which its metadata is served (PEP 658).
    pub(super) fn metadata_file(&self) -> String {
        format!("{}.metadata", self.file)
    }

    fn json(&self, base: &str) -> Value {
        let metadata = json!({"sha256": sha256_hex(&self.metadata)});
        let mut entry = json!({
            "filename": self.file,
            "url": format!("{base}/files/{}", self.file),
            "hashes": {"sha256": self.sha256},
            "size": self.size,
            "upload-time": self.uploaded,
            "core-metadata": metadata,
            "yanked": self.yanked.map_or(Value::Bool(false), Value::from),
        });
        if let Some(python) = &self.requires_python {
            entry["requires-python"] = Value::from(python.as_str());
        }
        entry
    }

    fn html(&self, base: &str) -> String {
        let mut attributes = format!(
            " data-core-metadata=\"sha256={}\"",
            sha256_hex(&self.metadata)
        );
        if let Some(python) = &self.requires_python {
            let _ = write!(attributes, " data-requires-python=\"{}\"", escaped(python));
        }
        if let Some(reason) = self.yanked {
            let _ = write!(attributes, " data-yanked=\"{}\"", escaped(reason));
        }
        let (file, sha256) = (&self.file, &self.sha256);
        format!("<a href=\"{base}/files/{file}#sha256={sha256}\"{attributes}>{file}</a><br>\n")
    }
}

fn metadata_of(content: &[u8]) -> Result<Option<Vec<u8>>, zip::result::ZipError> {
    let mut archive = zip::ZipArchive::new(Cursor::new(content))?;
    let name = archive
        .file_names()
        .filter_map(Result::ok)
        .find(|name| name.ends_with(".dist-info/METADATA"))
        .map(std::borrow::Cow::into_owned);
    let Some(name) = name else { return Ok(None) };
    let mut text = Vec::new();
    archive.by_name(&name)?.read_to_end(&mut text)?;
    Ok(Some(text))
}

/// A field of a `METADATA` head.
fn field(metadata: &[u8], name: &str) -> Option<String> {
    String::from_utf8_lossy(metadata)
        .lines()
        .take_while(|line| !line.is_empty())
        .find_map(|line| Some(line.strip_prefix(name)?.strip_prefix(": ")?.to_owned()))
}

/// A project's name as addresses have it (PEP 503).
pub(super) fn normalised(name: &str) -> String {
    let mut out = String::new();
    for letter in name.chars() {
        match letter {
            '-' | '_' | '.' if out.ends_with('-') => {}
            '-' | '_' | '.' => out.push('-'),
            other => out.push(other.to_ascii_lowercase()),
        }
    }
    out
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('"', "&quot;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// The format of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Html,
    Json,
}

impl Format {
    /// JSON for clients that accept it, HTML for all others.
    pub(super) fn accepted(headers: &HeaderMap) -> Self {
        let accepts = headers.get(header::ACCEPT);
        let accepts = accepts.and_then(|value| value.to_str().ok()).unwrap_or("");
        if accepts.contains("application/vnd.pypi.simple.v1+json") {
            Self::Json
        } else {
            Self::Html
        }
    }

    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Html => "text/html; charset=utf-8",
            Self::Json => "application/vnd.pypi.simple.v1+json",
        }
    }

    /// The list of all projects.
    pub(super) fn projects(self, names: &[&str]) -> String {
        match self {
            Self::Json => {
                let names: Vec<_> = names.iter().map(|name| json!({"name": name})).collect();
                json!({"meta": {"api-version": "1.1"}, "projects": names}).to_string()
            }
            Self::Html => {
                let link = |name: &&str| format!("<a href=\"{name}/\">{name}</a><br>\n");
                page(&names.iter().map(link).collect::<String>())
            }
        }
    }

    /// The wheels of one project.
    pub(super) fn project(self, name: &str, listed: &[Distribution], base: &str) -> String {
        match self {
            Self::Json => {
                let files: Vec<_> = listed.iter().map(|each| each.json(base)).collect();
                let versions: Vec<_> = listed.iter().map(|each| &each.version).collect();
                json!({
                    "meta": {"api-version": "1.1"},
                    "name": name,
                    "versions": versions,
                    "files": files,
                })
                .to_string()
            }
            Self::Html => page(
                &listed
                    .iter()
                    .map(|each| each.html(base))
                    .collect::<String>(),
            ),
        }
    }
}

fn page(links: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html><head><meta name=\"pypi:repository-version\" content=\"1.1\"></head>\
         <body>\n{links}</body></html>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_normalised() {
        assert_eq!(normalised("Spec__Kitty.-CLI"), "spec-kitty-cli");
    }

    #[test]
    fn attributes_are_escaped() {
        assert_eq!(escaped(">=3.9 & \"x\""), "&gt;=3.9 &amp; &quot;x&quot;");
    }

    #[test]
    fn only_who_asks_for_json_gets_it() {
        let mut headers = HeaderMap::new();
        assert_eq!(Format::accepted(&headers), Format::Html);
        let json = "text/html;q=0.1, application/vnd.pypi.simple.v1+json";
        headers.insert(header::ACCEPT, json.parse().unwrap());
        assert_eq!(Format::accepted(&headers), Format::Json);
    }
}
