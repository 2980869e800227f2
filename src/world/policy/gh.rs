//! The allowed forms of `gh` command lines: a few that read, and three that write to listed issues.

use super::graphql;
use super::words::{Known, Refusal, Words, alone, value};
use crate::model::{ResolvedPolicy, closing_reference, is_repository, same_issue};

/// `gh`'s own variables that change nothing but how it talks.
pub(super) const ENVIRONMENT: &[&str] = &["GH_NO_UPDATE_NOTIFIER", "GH_PROMPT_DISABLED"];

const REPO: Known = value("--repo", "-R");
const READING: &[Known] = &[
    REPO,
    value("--json", ""),
    value("--jq", "-q"),
    value("--template", "-t"),
    value("--limit", "-L"),
    value("--state", "-s"),
    value("--search", "-S"),
    value("--author", "-A"),
    value("--label", "-l"),
    value("--workflow", ""),
    value("--branch", "-b"),
    value("--commit", ""),
    value("--job", "-j"),
    value("--attempt", ""),
    alone("--comments", "-c"),
    alone("--exclude-drafts", ""),
    alone("--exclude-pre-releases", ""),
    alone("--log", ""),
    alone("--log-failed", ""),
    alone("--exit-status", ""),
    alone("--verbose", "-v"),
];
const API: &[Known] = &[
    value("--method", "-X"),
    value("--header", "-H"),
    value("--jq", "-q"),
    value("--template", "-t"),
    value("--cache", ""),
    value("--raw-field", "-f"),
    value("--field", "-F"),
    alone("--include", "-i"),
    alone("--paginate", ""),
    alone("--slurp", ""),
    alone("--silent", ""),
];
/// Headers without an effect on the request; others can turn a GET into something else.
const HEADERS: &[&str] = &["accept", "x-github-api-version", "cache-control"];

/// The request to `gh`, as far as the policy knows its form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Request<'a> {
    /// It reads.
    Read,
    /// A comment on an issue.
    Comment {
        /// `owner/repo#N`.
        issue: String,
        /// Its text.
        body: &'a str,
    },
    /// An issue is closed, with comments.
    Close {
        /// `owner/repo#N`.
        issue: String,
        /// Their texts.
        comments: Vec<&'a str>,
    },
    /// An issue is re-opened, with comments.
    Reopen {
        /// `owner/repo#N`.
        issue: String,
        /// Their texts.
        comments: Vec<&'a str>,
    },
}

impl<'a> Request<'a> {
    /// Reads an argument list; what has none of the known shapes is an error.
    pub(super) fn read(arguments: &'a [String], stdin: Option<&'a str>) -> Result<Self, Refusal> {
        let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["--version" | "version"] | ["auth", "status"] => Ok(Self::Read),
            ["auth", "status", "--hostname" | "-h", host] if !host.starts_with('-') => {
                Ok(Self::Read)
            }
            ["issue" | "release" | "pr" | "run", "view" | "list", ..] => {
                Words::read(&arguments[2..], READING).map(|_| Self::Read)
            }
            ["api", ..] => api(&arguments[1..]).map(|()| Self::Read),
            ["issue", "comment", ..] => comment(&arguments[2..], stdin),
            ["issue", "close", ..] => close(&arguments[2..]),
            ["issue", "reopen", ..] => reopen(&arguments[2..]),
            _ => Err("not one of the shapes of `gh` that the policy knows".to_owned()),
        }
    }

    /// Whether the lists of a policy name it.
    fn judge(&self, lists: &ResolvedPolicy) -> Result<(), Refusal> {
        let (issue, list, name, comments) = match self {
            Self::Read => return Ok(()),
            Self::Comment { issue, body } => {
                may(&lists.comment, "comment", issue)?;
                return harmless(body);
            }
            Self::Close { issue, comments } => (issue, &lists.close, "close", comments),
            Self::Reopen { issue, comments } => (issue, &lists.reopen, "reopen", comments),
        };
        let never = |listed: &String| same_issue(listed, issue);
        if name == "close" && lists.never_close.iter().any(never) {
            return Err(format!("`{issue}` is in policy.never_close"));
        }
        may(list, name, issue)?;
        for body in comments {
            may(&lists.comment, "comment", issue)?;
            harmless(body)?;
        }
        Ok(())
    }
}

/// Whether `gh` may be started with these arguments.
pub(super) fn judge(
    lists: &ResolvedPolicy,
    arguments: &[String],
    stdin: Option<&str>,
) -> Result<(), Refusal> {
    Request::read(arguments, stdin)?.judge(lists)
}

fn api(arguments: &[String]) -> Result<(), Refusal> {
    let words = Words::read(arguments, API)?;
    let [endpoint] = words.plain.as_slice() else {
        return Err("`gh api` needs exactly one address".to_owned());
    };
    if endpoint.contains("://") {
        return Err("`gh api` may only ask the host it is logged in to".to_owned());
    }
    for header in words.all("--header") {
        let name = header
            .split(':')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase();
        if !HEADERS.contains(&name.as_str()) {
            return Err(format!("the header `{name}` is not one the policy knows"));
        }
    }
    let methods: Vec<&str> = words.all("--method").collect();
    let fields = words.all("--raw-field").chain(words.all("--field"));
    if endpoint.trim_start_matches('/') == "graphql" {
        return query(&words, &methods);
    }
    if fields.count() > 0 {
        return Err("fields turn `gh api` into a POST".to_owned());
    }
    match methods.iter().find(|method| **method != "GET") {
        Some(method) => Err(format!("`gh api` with method `{method}`; only GET reads")),
        None => Ok(()),
    }
}

/// GraphQL is always a POST; its document shows whether it only reads.
fn query(words: &Words<'_>, methods: &[&str]) -> Result<(), Refusal> {
    if methods.iter().any(|method| *method != "POST") {
        return Err("GraphQL is asked by POST".to_owned());
    }
    for field in words.all("--field") {
        // `@file` would insert a text that has not been checked.
        if field
            .split_once('=')
            .is_none_or(|(_, value)| value.starts_with('@'))
        {
            return Err(format!("the field `{field}` is not a plain value"));
        }
    }
    let fields = words.all("--raw-field").chain(words.all("--field"));
    let documents: Vec<&str> = fields
        .filter_map(|field| field.strip_prefix("query="))
        .collect();
    match documents.as_slice() {
        [document] => graphql::only_queries(document),
        [] => Err("a GraphQL request without a query".to_owned()),
        _ => Err("a GraphQL request with two queries".to_owned()),
    }
}

fn comment<'a>(arguments: &'a [String], stdin: Option<&'a str>) -> Result<Request<'a>, Refusal> {
    let words = Words::read(arguments, &[REPO, value("--body-file", "-F")])?;
    let issue = issue(&words)?;
    if words.one("--body-file")? != "-" {
        return Err("a comment's text comes from standard input, where it can be read".to_owned());
    }
    let Some(body) = stdin else {
        return Err("a comment without a text".to_owned());
    };
    Ok(Request::Comment { issue, body })
}

fn close(arguments: &[String]) -> Result<Request<'_>, Refusal> {
    let known = [REPO, value("--reason", "-r"), value("--comment", "-c")];
    let words = Words::read(arguments, &known)?;
    let issue = issue(&words)?;
    let comments = words.all("--comment").collect();
    Ok(Request::Close { issue, comments })
}

fn reopen(arguments: &[String]) -> Result<Request<'_>, Refusal> {
    let words = Words::read(arguments, &[REPO, value("--comment", "-c")])?;
    let issue = issue(&words)?;
    let comments = words.all("--comment").collect();
    Ok(Request::Reopen { issue, comments })
}

fn may(list: &[String], name: &str, issue: &str) -> Result<(), Refusal> {
    if list.iter().any(|listed| same_issue(listed, issue)) {
        return Ok(());
    }
    Err(format!("`{issue}` is not in policy.{name}"))
}

/// Refuses closing keywords: GitHub acts on some of them wherever they are.
fn harmless(body: &str) -> Result<(), Refusal> {
    match closing_reference(body) {
        Some(at) => Err(format!(
            "the comment holds a closing keyword with a reference: `{}`",
            body.get(at).unwrap_or_default()
        )),
        None => Ok(()),
    }
}

/// The issue, `owner/repo#N`. An address instead of a number would override the repository, so only
/// digits are accepted.
fn issue(words: &Words<'_>) -> Result<String, Refusal> {
    let [number] = words.plain.as_slice() else {
        return Err("exactly one issue number is needed".to_owned());
    };
    let repository = words.one("--repo")?;
    let digits = number.bytes().all(|byte| byte.is_ascii_digit());
    if !digits || number.is_empty() || number.starts_with('0') {
        return Err(format!("`{number}` is not an issue number"));
    }
    if !is_repository(repository) {
        return Err(format!("`{repository}` is not `owner/repo`"));
    }
    Ok(format!("{repository}#{number}"))
}
