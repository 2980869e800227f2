//! What an answer of a health address says, each kind in words of its own. Pure.

use std::time::Duration;

use serde_json::Value;

use crate::model::{JsonError, kind_of, read_json};
use crate::world::HttpAnswer;

/// What services write in `status` when they are well.
const WELL: [&str; 5] = ["ok", "ready", "healthy", "pass", "up"];

/// What they write for a part that is not.
const UNWELL: [&str; 10] = [
    "critical",
    "down",
    "error",
    "fail",
    "failed",
    "failing",
    "not_ready",
    "unavailable",
    "unhealthy",
    "unreachable",
];

const WAIT: &str = "wait until the service is healthy (it may be redeploying), then resume";
const ADDRESS: &str = "correct the address: it must be the page itself, then resume";
const BETWEEN: &str =
    "look what stands between here and the service (a proxy, a login page), then resume";
const ACCESS: &str = "the page must be readable without a login: have that repaired, then resume";
const PAGE: &str = "have the service answer with its JSON object, then resume";

/// Why an answer shows no health.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) what: String,
    pub(super) seen: Vec<String>,
    pub(super) remedy: &'static str,
}

impl Wrong {
    fn new(what: impl Into<String>, remedy: &'static str) -> Self {
        Self {
            what: what.into(),
            seen: Vec::new(),
            remedy,
        }
    }

    /// No answer at all.
    pub(super) fn silent(timed_out: bool, within: Duration, reason: &str) -> Self {
        if timed_out {
            return Self::new(format!("no answer within {within:?}"), WAIT);
        }
        Self::new(
            format!("no answer: {reason}"),
            "check the network and the address, then resume",
        )
    }

    fn seeing(mut self, body: &str) -> Self {
        let line = body.lines().map(str::trim).find(|line| !line.is_empty());
        let line = line.map(|line| line.chars().take(200).collect::<String>());
        self.seen.extend(line);
        self
    }
}

/// The page, or what is wrong with it.
pub(super) fn page(answer: &HttpAnswer) -> Result<Value, Wrong> {
    if answer.status != 200 {
        return Err(status(answer));
    }
    let says = |what: String, remedy| Wrong::new(format!("answers 200, {what}"), remedy);
    if let Some(encoding) = encoding(answer) {
        let what = format!("but compressed with `{encoding}`, which was not asked for");
        return Err(says(what, BETWEEN));
    }
    if answer.body.len() >= HttpAnswer::MOST {
        let what = format!("but with more than {} bytes", HttpAnswer::MOST);
        return Err(says(what, ADDRESS));
    }
    if is_html(answer) {
        let title = title(&answer.body);
        let title = title.map(|title| format!(" “{title}”")).unwrap_or_default();
        let what = format!("but with an HTML page{title} instead of JSON");
        return Err(says(what, BETWEEN));
    }
    let document = read_json(&answer.body).map_err(|error| match error {
        JsonError::Empty => says("but with an empty body".to_owned(), PAGE),
        JsonError::ByteOrderMark | JsonError::KeyTwice { .. } => {
            says(format!("but its JSON is refused: {error}"), PAGE)
        }
        _ => says(format!("but not with JSON: {error}"), PAGE).seeing(&answer.body),
    })?;
    if let Some(media) = other_media(answer) {
        let what = format!("but its content type is `{media}`, not `application/json`");
        return Err(says(what, PAGE).seeing(&answer.body));
    }
    if !document.is_object() {
        let what = format!("but with {} instead of a JSON object", kind_of(&document));
        return Err(says(what, PAGE).seeing(&answer.body));
    }
    if let Some((part, state)) = unwell_part(&document, "") {
        let what = format!("but says that `{part}` is `{state}`");
        return Err(says(what, WAIT));
    }
    match &document["status"] {
        Value::Null => Ok(document),
        Value::String(text) if WELL.contains(&text.to_ascii_lowercase().as_str()) => Ok(document),
        other => Err(says(
            format!("but says that its status is {other}, expected `ok` or `ready`"),
            WAIT,
        )),
    }
}

/// The first part below the page itself whose `status` says that it is not well: a page that is
/// ready all the same contradicts itself.
fn unwell_part(value: &Value, path: &str) -> Option<(String, String)> {
    let fields = value.as_object()?;
    fields.iter().find_map(|(name, part)| {
        let path = if path.is_empty() {
            name.clone()
        } else {
            format!("{path}.{name}")
        };
        let state = part["status"].as_str().unwrap_or_default();
        if UNWELL.contains(&state.to_ascii_lowercase().as_str()) {
            return Some((path, state.to_owned()));
        }
        unwell_part(part, &path)
    })
}

fn status(answer: &HttpAnswer) -> Wrong {
    let code = answer.status;
    let says = |what: &str, remedy| Wrong::new(format!("answers {code}{what}"), remedy);
    let later = retry_after(answer)
        .map(|wait| format!(", and asks to come back in {} s", wait.as_secs()))
        .unwrap_or_default();
    match code {
        300..=399 => {
            let to = answer.header("location").map_or_else(
                || " without saying where it leads".to_owned(),
                |to| {
                    format!(
                        " and leads to `{}`, which is not followed",
                        without_query(to)
                    )
                },
            );
            says(&to, ADDRESS)
        }
        401 | 407 => says(": it asks for a login", ACCESS),
        403 => says(": it refuses access", ACCESS),
        404 | 410 => says(": there is no such page", ADDRESS),
        429 => says(
            &format!(": too many requests{later}"),
            "wait that long, then resume",
        ),
        503 => says(&format!(": the service is not available{later}"), WAIT),
        502 | 504 => says(
            ": the gateway before the service gets no answer from it",
            WAIT,
        ),
        500..=599 => says(": the service failed", WAIT).seeing(&answer.body),
        _ => says(", expected 200", WAIT).seeing(&answer.body),
    }
}

/// How long the service asks to stay away, where it says so in seconds.
pub(super) fn retry_after(answer: &HttpAnswer) -> Option<Duration> {
    let seconds = answer.header("retry-after")?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

fn encoding(answer: &HttpAnswer) -> Option<&str> {
    let encoding = answer.header("content-encoding")?.trim();
    (!encoding.is_empty() && !encoding.eq_ignore_ascii_case("identity")).then_some(encoding)
}

/// The content type, without its parameters and in small letters.
fn media(answer: &HttpAnswer) -> Option<String> {
    let media = answer.header("content-type")?.split(';').next()?;
    Some(media.trim().to_ascii_lowercase())
}

/// A content type that is another document's; none where it is JSON's, or says nothing of what is
/// in it, as simple servers do.
fn other_media(answer: &HttpAnswer) -> Option<String> {
    const OPEN: [&str; 4] = [
        "application/json",
        "text/json",
        "text/plain",
        "application/octet-stream",
    ];
    media(answer).filter(|media| !OPEN.contains(&media.as_str()) && !media.ends_with("+json"))
}

fn is_html(answer: &HttpAnswer) -> bool {
    let start: String = answer.body.trim_start().chars().take(15).collect();
    let start = start.to_ascii_lowercase();
    let by_type = media(answer).is_some_and(|media| media.contains("html"));
    let by_text = start.starts_with("<!doctype html") || start.starts_with("<html");
    by_text || (by_type && !start.starts_with(['{', '[']))
}

fn title(html: &str) -> Option<String> {
    let small = html.to_ascii_lowercase();
    let start = small.find("<title>")? + "<title>".len();
    let end = start + small[start..].find("</title>")?;
    let title = html[start..end].split_whitespace().collect::<Vec<_>>();
    let title: String = title.join(" ").chars().take(80).collect();
    (!title.is_empty()).then_some(title)
}

/// An address without what may hold a token: its query, its fragment, its user.
fn without_query(address: &str) -> String {
    let cut = address
        .find(['?', '#'])
        .map_or(address, |at| &address[..at]);
    let more = if cut.len() < address.len() {
        "?…"
    } else {
        ""
    };
    let shown = match cut.split_once("://") {
        Some((scheme, rest)) => {
            let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            let host = host.rsplit('@').next().unwrap_or(host);
            format!("{scheme}://{host}{path}")
        }
        None => cut.to_owned(),
    };
    let shown: String = shown.chars().take(200).collect();
    format!("{shown}{more}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> HttpAnswer {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        HttpAnswer {
            status,
            body: body.to_owned(),
            headers: headers.iter().map(own).collect(),
        }
    }

    #[track_caller]
    fn refused(answer: &HttpAnswer, words: &str) {
        let wrong = page(answer).unwrap_err();
        assert!(wrong.what.contains(words), "`{words}` in {wrong:?}");
    }

    #[test]
    fn a_healthy_page_is_read() {
        let json = [("content-type", "application/json; charset=utf-8")];
        for body in [
            r#"{"status": "ok"}"#,
            r#"{"status": "ready"}"#,
            r#"{"status": "OK", "html": "<html>"}"#,
            r#"{"git_sha": "a"}"#,
        ] {
            assert!(page(&answer(200, &json, body)).is_ok(), "{body}");
            assert!(page(&answer(200, &[], body)).is_ok(), "{body}");
        }
        let kept = [
            ("content-type", "application/health+json"),
            ("content-encoding", "identity"),
        ];
        assert!(page(&answer(200, &kept, r#"{"status": "pass"}"#)).is_ok());
    }

    #[test]
    fn a_page_that_is_ready_with_a_part_that_is_not_contradicts_itself() {
        let page_of = |state: &str| {
            format!(
                r#"{{"status": "ready", "dependencies": {{"redis": {{"status": "ok"}}, "postgres": {{"status": "{state}"}}}}}}"#
            )
        };
        for state in ["ok", "OK", "skipped", "degraded", ""] {
            assert!(page(&answer(200, &[], &page_of(state))).is_ok(), "{state}");
        }
        for state in ["error", "Down", "unavailable"] {
            let words = format!("`dependencies.postgres` is `{state}`");
            refused(&answer(200, &[], &page_of(state)), &words);
        }
    }

    #[test]
    fn each_kind_of_page_that_is_none_has_its_own_words() {
        let html = [("content-type", "text/html")];
        let login = "<!DOCTYPE html>\n<html><head><title>Sign\n in</title></head></html>";
        refused(&answer(200, &html, login), "HTML page “Sign in”");
        refused(&answer(200, &[], "<html>"), "HTML page instead");
        refused(&answer(200, &html, "Just a moment"), "HTML page");
        refused(&answer(200, &[], ""), "an empty body");
        refused(&answer(200, &[], " \n"), "an empty body");
        refused(
            &answer(200, &[], "\u{feff}{\"status\": \"ok\"}"),
            "byte order mark",
        );
        refused(
            &answer(200, &[], r#"{"status": "fail", "status": "ok"}"#),
            "`status` appears twice",
        );
        refused(&answer(200, &[], "ok"), "not with JSON");
        refused(
            &answer(200, &[], r#"["ok"]"#),
            "a list instead of a JSON object",
        );
        refused(
            &answer(200, &[], r#""ok""#),
            "a text instead of a JSON object",
        );
        refused(&answer(200, &[], "null"), "null instead");
        for encoding in ["gzip", "br", "deflate, gzip"] {
            let packed = [("content-encoding", encoding)];
            refused(
                &answer(200, &packed, "\u{1f}\u{fffd}"),
                &format!("compressed with `{encoding}`"),
            );
        }
        let plain = [("content-type", "text/plain")];
        assert!(page(&answer(200, &plain, r#"{"status": "ok"}"#)).is_ok());
        let xml = [("content-type", "application/xml")];
        refused(
            &answer(200, &xml, r#"{"status": "ok"}"#),
            "content type is `application/xml`",
        );
        refused(
            &answer(200, &html, r#"{"status": "ok"}"#),
            "content type is `text/html`",
        );
        for status in [
            r#""degraded""#,
            r#""not_ready""#,
            "false",
            "500",
            r#"["ok"]"#,
        ] {
            let body = format!(r#"{{"status": {status}}}"#);
            refused(&answer(200, &[], &body), "its status is");
        }
    }

    #[test]
    fn each_status_has_its_own_words() {
        let cases = [
            (401, "asks for a login"),
            (403, "refuses access"),
            (404, "no such page"),
            (429, "too many requests"),
            (500, "the service failed"),
            (502, "the gateway"),
            (503, "not available"),
            (204, "expected 200"),
        ];
        for (status, words) in cases {
            refused(&answer(status, &[], r#"{"status": "ok"}"#), words);
        }
        let later = [("retry-after", "120")];
        refused(&answer(429, &later, ""), "come back in 120 s");
        refused(&answer(503, &later, ""), "come back in 120 s");
    }

    #[test]
    fn a_redirect_says_where_it_leads_and_no_token() {
        let to = |location: &str| {
            page(&answer(302, &[("location", location)], ""))
                .unwrap_err()
                .what
        };
        assert_eq!(
            to("https://u:p@login.example/start?next=/health/&token=abc"),
            "answers 302 and leads to `https://login.example/start?…`, which is not followed"
        );
        assert_eq!(
            to("/health"),
            "answers 302 and leads to `/health`, which is not followed"
        );
        refused(&answer(308, &[], ""), "without saying where");
    }
}
