//! Questions to GitHub: which login, and what is worth another try.

use std::time::Duration;

use serde_json::Value;

use super::answer::{Answer, judge, refused};
use super::issue_ref::IssueRef;
use super::limit;
use super::run::{Login, run};
use crate::model::{Finding, read_json};
use crate::verb::{Ctx, VerbError};
use crate::world::Finished;

/// Waits before the second and the third try.
const WAITS: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(4)];

/// One GraphQL query about a pull request.
pub(in crate::verbs) async fn pull_request(
    ctx: &Ctx,
    query: &str,
    reference: &IssueRef,
) -> Result<Value, VerbError> {
    let (finished, _) = ask(ctx, query, reference, None).await?;
    parse(&finished.stdout.text, reference)
}

/// One GraphQL query about an issue.
pub(in crate::verbs) async fn graphql(
    ctx: &Ctx,
    query: &str,
    reference: &IssueRef,
) -> Result<(Value, Login), VerbError> {
    page(ctx, query, reference, None).await
}

/// One page of an answer about an issue; the query has the variable `$after`.
pub(super) async fn page(
    ctx: &Ctx,
    query: &str,
    reference: &IssueRef,
    after: Option<&str>,
) -> Result<(Value, Login), VerbError> {
    let (finished, login) = ask(ctx, query, reference, after).await?;
    let answer = parse(&finished.stdout.text, reference)?;
    if answer["data"]["repository"]["issue"].is_null() {
        return Err(VerbError::error(
            Finding::new(format!("GitHub knows no issue {reference}"))
                .seen(answer["errors"].to_string())
                .remedy("check the repository's name and the login's access to it"),
        ));
    }
    Ok((answer, login))
}

/// Asks GraphQL with the variables `$owner`, `$name` and `$number`, and `$after` where given.
async fn ask(
    ctx: &Ctx,
    query: &str,
    reference: &IssueRef,
    after: Option<&str>,
) -> Result<(Finished, Login), VerbError> {
    let argv = asking(query, reference, after);
    let argv: Vec<&str> = argv.iter().map(String::as_str).collect();
    read(ctx, &argv).await
}

pub(super) fn asking(query: &str, reference: &IssueRef, after: Option<&str>) -> Vec<String> {
    let mut argv = ["gh", "api", "graphql", "-f"].map(str::to_owned).to_vec();
    argv.push(format!("query={query}"));
    for (name, value) in [("owner", &reference.owner), ("name", &reference.repository)] {
        argv.extend(["-f".to_owned(), format!("{name}={value}")]);
    }
    argv.extend(["-F".to_owned(), format!("number={}", reference.number)]);
    if let Some(after) = after {
        argv.extend(["-f".to_owned(), format!("after={after}")]);
    }
    argv
}

/// Runs a reading `gh`; anything but an answer is an error.
pub(in crate::verbs) async fn read(
    ctx: &Ctx,
    argv: &[&str],
) -> Result<(Finished, Login), VerbError> {
    attempt(ctx, argv)
        .await?
        .map_err(|finished| refused(argv, &finished))
}

/// Runs a reading `gh`, again after a passing failure and after a rate limit that ends soon, with
/// the stored login or, where nothing is stored, the environment's token. How it ended where it
/// gave no answer.
pub(super) async fn attempt(
    ctx: &Ctx,
    argv: &[&str],
) -> Result<Result<(Finished, Login), Finished>, VerbError> {
    let mut login = Login::Stored;
    let mut waits = WAITS.iter();
    let mut stayed_away = false;
    loop {
        let finished = run(ctx, argv, login, None).await?;
        match judge(&finished) {
            Answer::Good => return Ok(Ok((finished, login))),
            Answer::NoLogin if login == Login::Stored => login = Login::EnvironmentToken,
            Answer::Limited(limit) => {
                let away = limit::away(ctx, limit, login).await?;
                if stayed_away || away.wait > limit::MOST_PATIENCE {
                    return Err(limit::come_back(ctx, argv, &finished, away).await?);
                }
                stayed_away = true;
                let seconds = away.wait.as_secs();
                ctx.progress(format!(
                    "GitHub's rate limit is reached, again in {seconds} s"
                ));
                ctx.sleep(away.wait).await?;
            }
            Answer::Passing => match waits.next() {
                Some(wait) => {
                    ctx.progress(format!(
                        "GitHub did not answer, again in {} s",
                        wait.as_secs()
                    ));
                    ctx.sleep(*wait).await?;
                }
                None => return Ok(Err(finished)),
            },
            Answer::NoLogin | Answer::Scope | Answer::NotFound | Answer::Lasting => {
                return Ok(Err(finished));
            }
        }
    }
}

/// Reads an answer strictly.
pub(super) fn parse(text: &str, reference: &IssueRef) -> Result<Value, VerbError> {
    read_json(text).map_err(|error| {
        VerbError::error(Finding::new(format!(
            "GitHub's answer about {reference} is refused: {error}"
        )))
    })
}

/// An answer of another shape.
pub(super) fn unexpected(reference: &IssueRef, answer: &Value) -> VerbError {
    let mut text = answer.to_string();
    text.truncate(text.floor_char_boundary(400));
    VerbError::error(
        Finding::new(format!(
            "GitHub's answer about {reference} lacks what was asked for"
        ))
        .seen(text),
    )
}
