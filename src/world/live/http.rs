//! HTTP: no cookies, no redirects followed, limits on time and size, and precise messages for
//! failures.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error as _;
use std::sync::OnceLock;

use reqwest::header::HeaderMap;
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, NoProxy, Proxy, RequestBuilder};

use super::operator::Operator;
use crate::world::{HttpAnswer, HttpGet, HttpMethod, HttpPost, WorldError};

/// The client, created with the first request.
pub(super) struct Http {
    settings: Settings,
    client: OnceLock<Result<Client, String>>,
}

/// The client's settings from the operator's environment.
struct Settings {
    certificates: Vec<String>,
    http_proxy: Option<String>,
    https_proxy: Option<String>,
    no_proxy: Option<String>,
}

impl Http {
    pub(super) fn new(operator: &Operator) -> Self {
        let either = |name: &str| {
            let small = name.to_ascii_lowercase();
            operator
                .var(&small)
                .or_else(|| operator.var(name))
                .map(str::to_owned)
        };
        let all = either("ALL_PROXY");
        let certificates = ["SSL_CERT_FILE", "SSL_CERT_DIR"];
        let files = certificates.iter().filter_map(|name| operator.var(name));
        Self {
            settings: Settings {
                certificates: files.map(str::to_owned).collect(),
                // Capitals are for HTTPS only: a CGI server sets HTTP_PROXY from a header.
                http_proxy: operator
                    .var("http_proxy")
                    .map(str::to_owned)
                    .or_else(|| all.clone()),
                https_proxy: either("HTTPS_PROXY").or(all),
                no_proxy: either("NO_PROXY"),
            },
            client: OnceLock::new(),
        }
    }

    fn client(&self) -> Result<&Client, String> {
        let client = self.client.get_or_init(|| self.settings.client());
        client.as_ref().map_err(Clone::clone)
    }
}

impl Settings {
    fn client(&self) -> Result<Client, String> {
        // Another part of the program may have chosen one already; that is as good.
        let _chosen = rustls::crypto::ring::default_provider().install_default();
        let mut builder = Client::builder()
            .user_agent(concat!("gate/", env!("CARGO_PKG_VERSION")))
            // Each hop is a request of its own, to be checked by the policy and recorded.
            .redirect(Policy::none())
            .referer(false)
            .no_proxy();
        let proxies = [
            self.http_proxy.as_deref().map(Proxy::http),
            self.https_proxy.as_deref().map(Proxy::https),
        ];
        for proxy in proxies.into_iter().flatten() {
            let proxy = proxy.map_err(|error| words(&error))?;
            let except = self.no_proxy.as_deref().and_then(NoProxy::from_string);
            builder = builder.proxy(proxy.no_proxy(except));
        }
        if !self.certificates.is_empty() {
            builder = builder.tls_certs_only(self.certificates()?);
        }
        builder.build().map_err(|error| words(&error))
    }

    fn certificates(&self) -> Result<Vec<Certificate>, String> {
        let mut all = Vec::new();
        for path in self.certificates.iter().flat_map(|list| list.split(':')) {
            let files = match std::fs::read_dir(path) {
                Ok(entries) => entries.flatten().map(|entry| entry.path()).collect(),
                Err(_) => vec![path.into()],
            };
            for file in files {
                // A directory of certificates contains other files and dead links as well.
                let Ok(text) = std::fs::read(&file) else {
                    continue;
                };
                all.extend(Certificate::from_pem_bundle(&text).unwrap_or_default());
            }
        }
        if all.is_empty() {
            return Err(format!(
                "no certificate in `{}`",
                self.certificates.join("`, `")
            ));
        }
        Ok(all)
    }
}

/// The headers that a verdict depends on.
fn kept(headers: &HeaderMap, more: &BTreeSet<String>) -> BTreeMap<String, String> {
    let value = |name: &str| {
        let value = headers.get(name)?;
        Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    HttpAnswer::HEADERS
        .into_iter()
        .chain(more.iter().map(String::as_str))
        .filter_map(|name| Some((name.to_owned(), value(name)?)))
        .collect()
}

/// An error with its causes, outermost first, the address left out.
fn words(error: &reqwest::Error) -> String {
    let mut text = match error {
        error if error.is_timeout() => "the time was up".to_owned(),
        error if error.is_connect() => "could not connect".to_owned(),
        error if error.is_builder() => "the request could not be made".to_owned(),
        error if error.is_body() || error.is_decode() => "the body broke off".to_owned(),
        _ => "the request failed".to_owned(),
    };
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}

impl Http {
    pub(super) async fn get(&self, get: &HttpGet) -> Result<HttpAnswer, WorldError> {
        let no_client = |reason: String| no_answer(&get.url, false, reason);
        let client = self.client().map_err(no_client)?;
        let request = match get.method {
            HttpMethod::Get => client.get(&get.url),
            HttpMethod::Head => client.head(&get.url),
        };
        answer(request.timeout(get.limit), &get.url, &get.keep).await
    }

    /// Posts to the real address; results contain only the address in the effect.
    pub(super) async fn post(&self, post: &HttpPost, url: &str) -> Result<HttpAnswer, WorldError> {
        let no_client = |reason: String| no_answer(&post.url, false, reason);
        let client = self.client().map_err(no_client)?;
        let request = client
            .post(url)
            .header("content-type", &post.content_type)
            .body(post.body.clone())
            .timeout(post.limit);
        answer(request, &post.url, &BTreeSet::new()).await
    }
}

fn no_answer(url: &str, timed_out: bool, reason: String) -> WorldError {
    WorldError::NoAnswer {
        url: url.to_owned(),
        timed_out,
        reason,
    }
}

async fn answer(
    request: RequestBuilder,
    url: &str,
    keep: &BTreeSet<String>,
) -> Result<HttpAnswer, WorldError> {
    let failed = |error: reqwest::Error| no_answer(url, error.is_timeout(), words(&error));
    // The response must be text: a compressed body is not a valid response to this request.
    let request = request.header("accept-encoding", "identity");
    let mut answer = request.send().await.map_err(failed)?;
    let status = answer.status().as_u16();
    let headers = kept(answer.headers(), keep);
    let mut body = Vec::new();
    while let Some(piece) = answer.chunk().await.map_err(failed)? {
        body.extend_from_slice(&piece);
        if body.len() >= HttpAnswer::MOST {
            body.truncate(HttpAnswer::MOST);
            break;
        }
    }
    Ok(HttpAnswer {
        status,
        body: String::from_utf8_lossy(&body).into_owned(),
        headers,
    })
}
