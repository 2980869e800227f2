//! What `gh`'s end means, read from the shapes in which it reports errors: its exit codes do not
//! tell them apart, and single words prove nothing, for a name may contain them. Pure.

use std::sync::LazyLock;
use std::time::Duration;

use jiff::Timestamp;
use regex::Regex;
use serde_json::Value;

use crate::model::{Finding, read_first_json};
use crate::verb::VerbError;
use crate::verb::programs::with_output;
use crate::world::{Ended, Finished};

/// `gh` exits with this code when it has no login.
const NO_LOGIN: i32 = 4;

/// What `gh`'s end means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::verbs) enum Answer {
    Good,
    /// Nothing is stored, or the token is not accepted.
    NoLogin,
    /// The token, or its owner, may not do this.
    Scope,
    /// Too many requests; nothing was done.
    Limited(Limit),
    /// Worth another try: a gateway's error, the network. Whether a write was done is open.
    Passing,
    /// There is no such repository or issue, or it is hidden from this login.
    NotFound,
    Lasting,
}

/// Until when GitHub asks to stay away, as far as its answer says so.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::verbs) struct Limit {
    pub(super) wait: Option<Duration>,
    pub(super) until: Option<Timestamp>,
}

/// A pattern of this file; one that is wrong finds nothing, which the tests would show.
fn shape(pattern: &str) -> Option<Regex> {
    Regex::new(pattern).ok()
}

/// Words of `gh` before an error's own shape, such as `failed to run:`. Names have capitals,
/// digits, dashes or slashes, or at least no blank and colon behind them.
const BEFORE: &str = r"(?:[a-z]+(?: [a-z]+)*: )*";

static HTTP: LazyLock<Option<Regex>> =
    LazyLock::new(|| shape(&format!(r"^{BEFORE}HTTP (\d{{3}})(?:: (.*))?$")));
static API: LazyLock<Option<Regex>> = LazyLock::new(|| shape(r"^gh: (.*) \(HTTP (\d{3})\)$"));
static NOT_200: LazyLock<Option<Regex>> = LazyLock::new(|| {
    shape(&format!(
        r"^{BEFORE}non-200 OK status code: (\d{{3}})\b(.*)$"
    ))
});
static GRAPHQL: LazyLock<Option<Regex>> =
    LazyLock::new(|| shape(&format!(r"^{BEFORE}(?:GraphQL|gh): (.*)$")));
/// Go's words for a request that got no answer.
static NETWORK: LazyLock<Option<Regex>> = LazyLock::new(|| {
    shape(&format!(
        r#"^{BEFORE}(?:error connecting to \S+|(?:Get|Post|Put|Patch|Delete|Head) "?https?://[^"\s]*"?: .+|(?:dial|read|write) (?:tcp|udp|unix)\b.*|(?:unexpected )?EOF|net/http: .+|stream error: .+|context deadline exceeded)$"#
    ))
});
static UNTRUSTED: LazyLock<Option<Regex>> = LazyLock::new(|| shape(r": x509: [a-z]"));
static LOGIN: LazyLock<Option<Regex>> = LazyLock::new(|| {
    shape(
        r"^(?:To get started with GitHub CLI, please run:|Try authenticating with:|gh: To use GitHub CLI in )",
    )
});
static RETRY_AFTER: LazyLock<Option<Regex>> =
    LazyLock::new(|| shape(r"(?im)^[<*]? ?retry-after: *(\d+)\s*$"));
static REMAINING: LazyLock<Option<Regex>> =
    LazyLock::new(|| shape(r"(?im)^[<*]? ?x-ratelimit-remaining: *0\s*$"));
static RESET: LazyLock<Option<Regex>> =
    LazyLock::new(|| shape(r"(?im)^[<*]? ?x-ratelimit-reset: *(\d+)\s*$"));

fn groups<'t>(shape: &LazyLock<Option<Regex>>, text: &'t str) -> Option<regex::Captures<'t>> {
    shape.as_ref()?.captures(text)
}

/// Reads `gh`'s end.
pub(in crate::verbs) fn judge(finished: &Finished) -> Answer {
    if finished.success() {
        return Answer::Good;
    }
    if finished.ended == Ended::TimedOut {
        return Answer::Passing;
    }
    if finished.ended == Ended::Code(NO_LOGIN) {
        return Answer::NoLogin;
    }
    let lines = finished.stderr.text.lines().map(str::trim);
    let said = lines.filter_map(of_line).chain(of_document(finished));
    match said.min_by_key(|answer| weight(*answer)) {
        Some(Answer::Limited(_)) => Answer::Limited(limit_in(finished)),
        Some(answer) => answer,
        None => Answer::Lasting,
    }
}

/// Of several errors the one that says most about what to do.
fn weight(answer: Answer) -> u8 {
    match answer {
        Answer::Limited(_) => 0,
        Answer::NoLogin => 1,
        Answer::Scope => 2,
        Answer::Passing => 3,
        Answer::NotFound => 4,
        Answer::Good | Answer::Lasting => 5,
    }
}

fn of_line(line: &str) -> Option<Answer> {
    if groups(&LOGIN, line).is_some() {
        return Some(Answer::NoLogin);
    }
    if let Some(found) = groups(&HTTP, line).or_else(|| groups(&NOT_200, line)) {
        let message = found.get(2).map_or("", |message| message.as_str());
        let inside = message_in(message);
        return Some(of_status(&found[1], inside.as_deref().unwrap_or(message)));
    }
    if let Some(found) = groups(&API, line) {
        return Some(of_status(&found[2], &found[1]));
    }
    if groups(&NETWORK, line).is_some() {
        // A certificate that is not trusted will not be trusted later either.
        let untrusted = groups(&UNTRUSTED, line).is_some();
        return Some(if untrusted {
            Answer::Lasting
        } else {
            Answer::Passing
        });
    }
    let found = groups(&GRAPHQL, line)?;
    of_message(&found[1])
}

/// GitHub's sentence in ` Forbidden body: "{\"message\":…}"`, as `gh` reports the answer to a write.
fn message_in(text: &str) -> Option<String> {
    let (_, quoted) = text.split_once("body: ")?;
    let body: String = serde_json::from_str(quoted.trim()).ok()?;
    let document = read_first_json(&body).ok()?;
    document["message"].as_str().map(str::to_owned)
}

fn of_status(status: &str, message: &str) -> Answer {
    match (status, of_message(message)) {
        ("429", _) => Answer::Limited(Limit::default()),
        ("401", _) => Answer::NoLogin,
        ("403", Some(answer)) => answer,
        ("403", None) => Answer::Scope,
        ("404" | "410", _) => Answer::NotFound,
        (status, _) if status == "408" || status.starts_with('5') => Answer::Passing,
        (_, answer) => answer.unwrap_or(Answer::Lasting),
    }
}

/// GitHub's own sentences, by how they begin.
fn of_message(message: &str) -> Option<Answer> {
    const LIMITED: [&str; 5] = [
        "API rate limit exceeded",
        "API rate limit already exceeded",
        "You have exceeded a secondary rate limit",
        "You have triggered an abuse detection mechanism",
        "was submitted too quickly",
    ];
    const SCOPE: [&str; 5] = [
        "Resource not accessible by ",
        "Resource protected by organization SAML enforcement",
        "Your token has not been granted the required scopes",
        "This API operation needs the ",
        "Must have ",
    ];
    let begins = |sentences: &[&str]| sentences.iter().any(|start| message.starts_with(start));
    if begins(&LIMITED) {
        return Some(Answer::Limited(Limit::default()));
    }
    if begins(&SCOPE) {
        return Some(Answer::Scope);
    }
    let mut words = message.splitn(2, ' ').skip(1);
    let rest = words.next().unwrap_or_default();
    if rest.starts_with("does not have the correct permissions to execute") {
        return Some(Answer::Scope);
    }
    if message.starts_with("Something went wrong while executing your query") {
        return Some(Answer::Passing);
    }
    if message.starts_with("Bad credentials") {
        return Some(Answer::NoLogin);
    }
    message
        .starts_with("Could not resolve to ")
        .then_some(Answer::NotFound)
}

/// The errors of the answer itself, which `gh api` prints: their types, and REST's message.
fn of_document(finished: &Finished) -> Vec<Answer> {
    let text = &finished.stdout.text;
    let start = text.find('{').unwrap_or(text.len());
    let Ok(document) = read_first_json(&text[start..]) else {
        return Vec::new();
    };
    let message = document["message"].as_str().and_then(of_message);
    let errors = document["errors"].as_array();
    let errors = errors.into_iter().flatten().filter_map(of_error);
    message.into_iter().chain(errors).collect()
}

fn of_error(error: &Value) -> Option<Answer> {
    match error["type"].as_str() {
        Some("RATE_LIMITED" | "RATE_LIMIT") => Some(Answer::Limited(Limit::default())),
        Some("FORBIDDEN" | "INSUFFICIENT_SCOPES") => Some(Answer::Scope),
        Some("NOT_FOUND") => Some(Answer::NotFound),
        Some("SERVICE_UNAVAILABLE" | "INTERNAL" | "TIMEOUT") => Some(Answer::Passing),
        _ => error["message"].as_str().and_then(of_message),
    }
}

/// When to come back, from the headers that `gh api --include` prints, or those of its log.
pub(super) fn limit_in(finished: &Finished) -> Limit {
    let text = format!("{}\n{}", finished.stdout.text, finished.stderr.text);
    // What follows the first blank line is no header any more.
    let headers = text
        .find("\n\r\n")
        .map_or(text.as_str(), |end| &text[..end]);
    let number = |shape| groups(shape, headers).and_then(|found| found[1].parse::<u64>().ok());
    let spent = groups(&REMAINING, headers).is_some();
    let reset = number(&RESET).filter(|_| spent);
    Limit {
        wait: number(&RETRY_AFTER).map(Duration::from_secs),
        until: reset.and_then(|at| Timestamp::from_second(i64::try_from(at).ok()?).ok()),
    }
}

/// The error for a `gh` that did not do it.
pub(in crate::verbs) fn refused(argv: &[&str], finished: &Finished) -> VerbError {
    let (what, remedy) = match judge(finished) {
        Answer::NoLogin => ("GitHub: no login", "run `gh auth login`, then resume"),
        Answer::Scope => (
            "GitHub: the login may not do this: its token has too little scope, or its owner \
             too few rights",
            "run `gh auth refresh --scopes repo`, and unset GH_TOKEN and GITHUB_TOKEN, then resume",
        ),
        Answer::Limited(_) => (
            "GitHub: its rate limit is reached",
            "wait at least a minute, then resume",
        ),
        Answer::Passing => ("GitHub did not answer", "try again later: resume"),
        Answer::NotFound => (
            "GitHub knows no such repository or issue, or hides it from this login",
            "check the name and the login's access to it, then resume",
        ),
        Answer::Good | Answer::Lasting => ("GitHub refused", "read what it says, then resume"),
    };
    VerbError::error(about(what, argv, finished).remedy(remedy))
}

/// A finding with the command, how it ended and what it said.
pub(super) fn about(what: &str, argv: &[&str], finished: &Finished) -> Finding {
    let words = argv.iter().take(4).copied().collect::<Vec<_>>().join(" ");
    let finding = Finding::new(format!("{what}: `{words}` ended with {}", finished.ended));
    let shown = if finished.stderr.text.trim().is_empty() {
        &finished.stdout
    } else {
        &finished.stderr
    };
    with_output(finding, shown)
}

#[cfg(test)]
mod tests;
