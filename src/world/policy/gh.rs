//! The shapes in which `gh` may be started: a few that read, and three that write to listed
//! issues.

use super::words::{Known, Words, alone, value};
use super::{Refusal, graphql};
use crate::gate::{ResolvedPolicy, closing_reference, is_repository, same_issue};

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
/// Headers that only say what is wanted; others can turn a GET into something else.
const HEADERS: &[&str] = &["accept", "x-github-api-version", "cache-control"];

/// Whether `gh` may be started with these arguments.
pub(super) fn judge(
    lists: &ResolvedPolicy,
    arguments: &[String],
    stdin: Option<&str>,
) -> Result<(), Refusal> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["--version" | "version"] | ["auth", "status"] => Ok(()),
        ["auth", "status", "--hostname" | "-h", host] if !host.starts_with('-') => Ok(()),
        ["issue" | "release" | "pr" | "run", "view" | "list", ..] => {
            Words::read(&arguments[2..], READING).map(|_| ())
        }
        ["api", ..] => api(&arguments[1..]),
        ["issue", "comment", ..] => comment(lists, &arguments[2..], stdin),
        ["issue", "close", ..] => close(lists, &arguments[2..]),
        ["issue", "reopen", ..] => reopen(lists, &arguments[2..]),
        _ => Err("not one of the shapes of `gh` that the policy knows".to_owned()),
    }
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

/// GraphQL is a POST whatever it does; its text says whether it reads.
fn query(words: &Words<'_>, methods: &[&str]) -> Result<(), Refusal> {
    if methods.iter().any(|method| *method != "POST") {
        return Err("GraphQL is asked by POST".to_owned());
    }
    for field in words.all("--field") {
        // `@file` would put a text there that nobody has read.
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

fn comment(
    lists: &ResolvedPolicy,
    arguments: &[String],
    stdin: Option<&str>,
) -> Result<(), Refusal> {
    let words = Words::read(arguments, &[REPO, value("--body-file", "-F")])?;
    let issue = issue(&words)?;
    if words.one("--body-file")? != "-" {
        return Err("a comment's text comes from standard input, where it can be read".to_owned());
    }
    let Some(body) = stdin else {
        return Err("a comment without a text".to_owned());
    };
    may(&lists.comment, "comment", &issue)?;
    harmless(body)
}

fn close(lists: &ResolvedPolicy, arguments: &[String]) -> Result<(), Refusal> {
    let words = Words::read(
        arguments,
        &[REPO, value("--reason", "-r"), value("--comment", "-c")],
    )?;
    let issue = issue(&words)?;
    if lists
        .never_close
        .iter()
        .any(|never| same_issue(never, &issue))
    {
        return Err(format!("`{issue}` is in policy.never_close"));
    }
    may(&lists.close, "close", &issue)?;
    with_comment(lists, &words, &issue)
}

fn reopen(lists: &ResolvedPolicy, arguments: &[String]) -> Result<(), Refusal> {
    let words = Words::read(arguments, &[REPO, value("--comment", "-c")])?;
    let issue = issue(&words)?;
    may(&lists.reopen, "reopen", &issue)?;
    with_comment(lists, &words, &issue)
}

fn with_comment(lists: &ResolvedPolicy, words: &Words<'_>, issue: &str) -> Result<(), Refusal> {
    for body in words.all("--comment") {
        may(&lists.comment, "comment", issue)?;
        harmless(body)?;
    }
    Ok(())
}

fn may(list: &[String], name: &str, issue: &str) -> Result<(), Refusal> {
    if list.iter().any(|listed| same_issue(listed, issue)) {
        return Ok(());
    }
    Err(format!("`{issue}` is not in policy.{name}"))
}

/// GitHub acts on some closing keywords wherever they stand.
fn harmless(body: &str) -> Result<(), Refusal> {
    match closing_reference(body) {
        Some(at) => Err(format!(
            "the comment holds a closing keyword with a reference: `{}`",
            body.get(at).unwrap_or_default()
        )),
        None => Ok(()),
    }
}

/// The one issue that is meant, `owner/repo#N`. An address instead of a number would override
/// the repository, so only digits are understood.
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
