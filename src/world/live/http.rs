//! HTTP GET: no cookies, no redirect to another host, a limit on time and size, and honest words
//! for what went wrong.

use std::error::Error as _;
use std::sync::OnceLock;

use reqwest::redirect::{Attempt, Policy};
use reqwest::{Certificate, Client, NoProxy, Proxy};

use super::{LiveWorld, Operator};
use crate::world::{HttpAnswer, HttpGet, WorldError};

/// How much of a body is read, in bytes.
const BODY: usize = 1024 * 1024;
/// How many redirects on one host are followed.
const REDIRECTS: usize = 5;

/// The client, made with the first request.
pub(super) struct Http {
    settings: Settings,
    client: OnceLock<Result<Client, String>>,
}

/// What the client takes from the operator's environment.
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
        // Somebody else in the program may have chosen one already; that is as good.
        let _chosen = rustls::crypto::ring::default_provider().install_default();
        let mut builder = Client::builder()
            .user_agent(concat!("gate/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::custom(same_host))
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
                // A directory of certificates holds other files and dead links as well.
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

fn same_host(attempt: Attempt<'_>) -> reqwest::redirect::Action {
    let origin = |url: &reqwest::Url| {
        (
            url.scheme().to_owned(),
            url.host_str().map(str::to_owned),
            url.port(),
        )
    };
    let known = attempt.previous().first().map(origin);
    if attempt.previous().len() > REDIRECTS || known != Some(origin(attempt.url())) {
        attempt.stop()
    } else {
        attempt.follow()
    }
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

impl LiveWorld {
    pub(super) async fn get(&self, get: &HttpGet) -> Result<HttpAnswer, WorldError> {
        self.http.get(get).await.map(|answer| HttpAnswer {
            body: self.redactor.text(&answer.body),
            ..answer
        })
    }
}

impl Http {
    async fn get(&self, get: &HttpGet) -> Result<HttpAnswer, WorldError> {
        let no_answer = |timed_out: bool, reason: String| WorldError::NoAnswer {
            url: get.url.clone(),
            timed_out,
            reason,
        };
        let client = self.client().map_err(|reason| no_answer(false, reason))?;
        let failed = |error: reqwest::Error| no_answer(error.is_timeout(), words(&error));
        let request = client.get(&get.url).timeout(get.limit);
        let mut answer = request.send().await.map_err(failed)?;
        let status = answer.status().as_u16();
        let mut body = Vec::new();
        while let Some(piece) = answer.chunk().await.map_err(failed)? {
            body.extend_from_slice(&piece);
            if body.len() >= BODY {
                body.truncate(BODY);
                break;
            }
        }
        Ok(HttpAnswer {
            status,
            body: String::from_utf8_lossy(&body).into_owned(),
        })
    }
}
