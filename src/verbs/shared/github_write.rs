//! The three writes: comment, close, re-open. Each reads the state first, writes at most once
//! per run, and reads the state again; `gh`'s exit code proves nothing.

use std::time::Duration;

use super::github::{self, Answer, IssueRef, Login};
use crate::gate::Finding;
use crate::verbs::{Ctx, Trouble};

/// How often a write is tried when GitHub does not answer. Before each try the state is read.
const TRIES: usize = 3;
const WAIT: Duration = Duration::from_secs(2);

/// A comment that is on the issue now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::verbs) struct Posted {
    pub(in crate::verbs) url: String,
    /// Whether an earlier try of this run had posted it already.
    pub(in crate::verbs) was_there: bool,
}

/// The hidden line that makes a comment this run's and this subtask's own.
pub(in crate::verbs) fn marker(ctx: &Ctx, subject: &str) -> String {
    format!(
        "<!-- gate run={} subtask={} {subject} -->",
        ctx.setting().run,
        ctx.by()
    )
}

/// Posts `body` with its marker, unless a comment with that marker is there, and reads it back.
pub(in crate::verbs) async fn comment_once(
    ctx: &Ctx,
    issue: &IssueRef,
    body: &str,
) -> Result<Posted, Trouble> {
    let marker = marker(ctx, "comment");
    let text = format!("{}\n\n{marker}\n", body.trim_end());
    let number = issue.number.to_string();
    let slug = issue.slug();
    let argv = [
        "gh",
        "issue",
        "comment",
        &number,
        "--repo",
        &slug,
        "--body-file",
        "-",
    ];
    let mut was_there = true;
    let mut last = None;
    for _ in 0..=TRIES {
        let comments = github::comments(ctx, issue).await?;
        let ours: Vec<_> = comments
            .iter()
            .filter(|comment| comment.body.contains(&marker))
            .collect();
        match ours.as_slice() {
            // What an earlier part of this run posted stands: its evidence is on disk too, and may
            // have been taken again since, with other times and another attempt's number.
            [one] if was_there => {
                return Ok(Posted {
                    url: one.url.clone(),
                    was_there,
                });
            }
            [one] => return read_back(issue, &one.body, &text, &one.url),
            [] => {}
            [_, ..] => {
                return Err(Trouble::error(Finding::new(format!(
                    "{issue} holds {} comments of this run where there should be one",
                    ours.len()
                ))));
            }
        }
        was_there = false;
        last = write(ctx, &argv, Some(text.clone())).await?;
    }
    Err(last.unwrap_or_else(|| not_seen(issue, "the comment")))
}

fn read_back(issue: &IssueRef, seen: &str, sent: &str, url: &str) -> Result<Posted, Trouble> {
    // GitHub trims and may change line ends; the words must be the same.
    let normal = |text: &str| text.replace("\r\n", "\n").trim().to_owned();
    if normal(seen) == normal(sent) {
        return Ok(Posted {
            url: url.to_owned(),
            was_there: false,
        });
    }
    Err(Trouble::error(
        Finding::new(format!(
            "the comment on {issue} reads back differently from what was posted"
        ))
        .seen(url.to_owned()),
    ))
}

/// What became of a state that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::verbs) enum Change {
    /// It was so already; nothing was written.
    AlreadySo,
    /// It was changed.
    Changed,
}

/// Closes an issue that is open, and reads it back.
pub(in crate::verbs) async fn close_once(ctx: &Ctx, issue: &IssueRef) -> Result<Change, Trouble> {
    change(ctx, issue, "close", "CLOSED").await
}

/// Re-opens an issue that is closed, and reads it back.
pub(in crate::verbs) async fn reopen_once(ctx: &Ctx, issue: &IssueRef) -> Result<Change, Trouble> {
    change(ctx, issue, "reopen", "OPEN").await
}

async fn change(ctx: &Ctx, issue: &IssueRef, verb: &str, wanted: &str) -> Result<Change, Trouble> {
    let number = issue.number.to_string();
    let slug = issue.slug();
    let argv = ["gh", "issue", verb, &number, "--repo", &slug];
    let mut change = Change::AlreadySo;
    let mut last = None;
    for _ in 0..=TRIES {
        if github::issue(ctx, issue).await?.state == wanted {
            return Ok(change);
        }
        change = Change::Changed;
        last = write(ctx, &argv, None).await?;
    }
    Err(last.unwrap_or_else(|| not_seen(issue, &format!("the state {wanted}"))))
}

/// Writes once. A passing failure is returned for later: the next look at the state decides
/// whether it happened all the same.
async fn write(
    ctx: &Ctx,
    argv: &[&str],
    stdin: Option<String>,
) -> Result<Option<Trouble>, Trouble> {
    let mut login = Login::Stored;
    loop {
        let finished = github::run(ctx, argv, login, stdin.clone()).await?;
        match github::judge(&finished) {
            Answer::Good => return Ok(None),
            Answer::NoLogin if login == Login::Stored => login = Login::EnvironmentToken,
            Answer::Passing => {
                ctx.progress("GitHub did not answer; looking whether it happened");
                ctx.sleep(WAIT).await?;
                return Ok(Some(github::refused(argv, &finished)));
            }
            Answer::NoLogin | Answer::Scope | Answer::Lasting => {
                return Err(github::refused(argv, &finished));
            }
        }
    }
}

fn not_seen(issue: &IssueRef, what: &str) -> Trouble {
    Trouble::error(
        Finding::new(format!(
            "{what} is not to be seen on {issue} although GitHub accepted it"
        ))
        .remedy("look at the issue, then resume"),
    )
}
