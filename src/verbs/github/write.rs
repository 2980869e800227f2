//! The three writes: comment, close, re-open. Each reads the state first, writes at most once
//! per run, and reads the state again; `gh`'s exit code proves nothing.
//!
//! GitHub may answer 502 to a write that it has carried out, and show it only some reads later.
//! So after a write nobody writes again: it is looked for, and what is not seen is an error.

use std::time::Duration;

use super::comments::{IssueComment, comments_of};
use super::earlier::{ANCHOR, Do, Earlier};
use super::record::Record;
use super::{Answer, IssueRef, Login, State, limit};
use crate::model::Finding;
use crate::verb::{Ctx, VerbError};
use crate::verbs::github;
use crate::world::JournalHead;

/// The pauses before each look at what a write has become of: 30 s together.
const PAUSES: [u64; 5] = [0, 2, 4, 8, 16];

/// A comment that is on the issue now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::verbs) struct Posted {
    pub(in crate::verbs) url: String,
    /// Whether an earlier part of this run had posted it already.
    pub(in crate::verbs) was_there: bool,
    /// What is to be said with it, one line each: comments of others that carry its key, which
    /// change nothing, and those of other runs for the same candidate.
    pub(in crate::verbs) notes: Vec<String>,
}

/// What became of a comment that was to be posted.
#[derive(Debug)]
pub(in crate::verbs) enum Commented {
    /// It is on the issue.
    Is(Posted),
    /// Another run has commented for the same candidate; what the operator has to decide.
    Asks(Finding),
}

/// What looking for our comment came to.
enum Look {
    /// It is there.
    There(Posted),
    /// It is not; what other runs have said there.
    NotThere(Earlier),
}

/// Posts `body` with its key, unless the comment with that key is there, and reads it back.
///
/// # Errors
/// What stands in its way; blocked, where another run has commented for the same candidate.
pub(in crate::verbs) async fn comment_once(
    ctx: &Ctx,
    issue: &IssueRef,
    body: &str,
) -> Result<Posted, VerbError> {
    match comment_or_ask(ctx, issue, body).await? {
        Commented::Is(posted) => Ok(posted),
        Commented::Asks(question) => Err(VerbError::blocked(question)),
    }
}

/// The same, where there is something to do besides, whatever the operator decides.
pub(in crate::verbs) async fn comment_or_ask(
    ctx: &Ctx,
    issue: &IssueRef,
    body: &str,
) -> Result<Commented, VerbError> {
    let record = Record::of(ctx, issue).await?;
    let text = format!("{}\n\n{}\n", body.trim_end(), record.line);
    // What an earlier part of this run sent stands: its evidence is on disk too, and may have been
    // taken again since, with other times and another attempt's number.
    let sent = record.sent.as_deref().unwrap_or(&text);
    let mut found = look(ctx, issue, &record, sent).await?;
    // With the text on record it may have been posted: whoever was killed meanwhile could not say.
    if record.may_be_posted() && matches!(found, Look::NotThere(_)) {
        found = look_patiently(ctx, issue, &record, sent).await?;
    }
    let earlier = match found {
        Look::There(posted) => {
            let was_there = true;
            return Ok(Commented::Is(Posted {
                was_there,
                ..posted
            }));
        }
        Look::NotThere(earlier) => earlier,
    };
    Ok(match earlier.then(ctx, issue, body) {
        Do::Ask(question) => Commented::Asks(question),
        Do::Count { url, notes } => Commented::Is(Posted {
            url,
            was_there: true,
            notes,
        }),
        Do::Post(notes) => Commented::Is(post(ctx, issue, body, &record, notes).await?),
    })
}

/// Posts a comment that is not there, and reads it back; `notes` are said with it.
async fn post(
    ctx: &Ctx,
    issue: &IssueRef,
    body: &str,
    record: &Record,
    mut notes: Vec<String>,
) -> Result<Posted, VerbError> {
    let text = anchored(ctx, body, &record.line).await?;
    record.sending(ctx, &text).await?;
    let (number, slug) = (issue.number.to_string(), issue.slug());
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
    let wrote = write(ctx, &argv, Some(text.clone())).await?;
    if let Look::There(posted) = look_patiently(ctx, issue, record, &text).await? {
        notes.extend(posted.notes);
        return Ok(Posted { notes, ..posted });
    }
    record.left_open(ctx).await?;
    Err(not_seen(issue, "the comment", wrote))
}

/// The text of a comment with its last line and the journal's head at this moment, which from then
/// on is known outside of this run: nobody can write its record anew.
async fn anchored(ctx: &Ctx, body: &str, line: &str) -> Result<String, VerbError> {
    let body = body.trim_end();
    if ctx.setting().format < 2 {
        return Ok(format!("{body}\n\n{line}\n"));
    }
    let head = ctx.ask(JournalHead).await?.head;
    Ok(format!("{body}\n\n{ANCHOR}`{head}`</sub>\n\n{line}\n"))
}

async fn look_patiently(
    ctx: &Ctx,
    issue: &IssueRef,
    record: &Record,
    sent: &str,
) -> Result<Look, VerbError> {
    let mut found = Look::NotThere(Earlier::default());
    for pause in PAUSES {
        rest(ctx, pause).await?;
        found = look(ctx, issue, record, sent).await?;
        if matches!(found, Look::There(_)) {
            break;
        }
    }
    Ok(found)
}

async fn rest(ctx: &Ctx, pause: u64) -> Result<(), VerbError> {
    if pause > 0 {
        ctx.progress(format!(
            "GitHub does not show it yet, looking again in {pause} s"
        ));
        ctx.sleep(Duration::from_secs(pause)).await?;
    }
    Ok(())
}

/// Looks for our comment: one with the key that this login wrote, and that reads as it was sent.
async fn look(ctx: &Ctx, issue: &IssueRef, record: &Record, sent: &str) -> Result<Look, VerbError> {
    let (identity, all) = comments_of(ctx, issue).await?;
    identity.must_be(issue)?;
    let holds = |comment: &&IssueComment, key: &str| comment.body.contains(key);
    let with_key = || all.iter().filter(|comment| holds(comment, &record.key));
    let copies = with_key()
        .filter(|comment| !comment.viewer_did_author)
        .map(|comment| {
            format!(
                "{} by {} carries this run's key",
                comment.url,
                comment.author()
            )
        });
    let mut copies: Vec<String> = copies.collect();
    let others = all.iter().filter(|comment| {
        let ours = comment.viewer_did_author && !comment.body.contains(&record.key);
        ours && record.is_new && record.mark.is_of_this_subtask(&comment.body)
    });
    let ours = with_key().filter(|comment| comment.viewer_did_author);
    let ours: Vec<&IssueComment> = ours.chain(others).collect();
    let [one] = ours.as_slice() else {
        if ours.is_empty() {
            return Ok(Look::NotThere(Earlier::among(&record.mark, &all)));
        }
        return Err(VerbError::error(Finding::new(format!(
            "{issue} holds {} comments of this run where there should be one",
            ours.len()
        ))));
    };
    let is_other = !one.body.contains(&record.key);
    if is_other {
        copies.push(format!(
            "{} was posted by a process of this run that has left no record of it here; what it \
             names may be gone with its machine",
            one.url
        ));
    }
    if !is_other && !reads_as(&one.body, sent) {
        return Err(VerbError::error(
            Finding::new(format!(
                "the comment on {issue} reads back differently from what was posted"
            ))
            .seen(one.url.clone())
            .remedy("look who changed it: nothing more is posted by this run"),
        ));
    }
    Ok(Look::There(Posted {
        url: one.url.clone(),
        was_there: false,
        notes: copies,
    }))
}

/// GitHub trims and may change line ends; the words must be the same.
fn reads_as(seen: &str, sent: &str) -> bool {
    let normal = |text: &str| text.replace("\r\n", "\n").trim().to_owned();
    normal(seen) == normal(sent)
}

/// What became of a state that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::verbs) enum Change {
    /// It was so already; nothing was written.
    AlreadySo,
    /// It was changed.
    Changed,
}

/// Closes an issue that is open, and reads it back. One that may never be closed is not closed
/// under another name either.
pub(in crate::verbs) async fn close_once(ctx: &Ctx, issue: &IssueRef) -> Result<Change, VerbError> {
    change(ctx, issue, "close", State::Closed).await
}

/// Re-opens an issue that is closed, and reads it back.
pub(in crate::verbs) async fn reopen_once(
    ctx: &Ctx,
    issue: &IssueRef,
) -> Result<Change, VerbError> {
    change(ctx, issue, "reopen", State::Open).await
}

async fn change(
    ctx: &Ctx,
    issue: &IssueRef,
    verb: &str,
    wanted: State,
) -> Result<Change, VerbError> {
    let (found, identity) = github::issue_and_identity(ctx, issue).await?;
    identity.must_be(issue)?;
    if found.state == wanted {
        return Ok(Change::AlreadySo);
    }
    if wanted == State::Closed {
        may_be_closed(ctx, issue, &identity).await?;
    }
    let (number, slug) = (issue.number.to_string(), issue.slug());
    let argv = ["gh", "issue", verb, &number, "--repo", &slug];
    let wrote = write(ctx, &argv, None).await?;
    for pause in PAUSES {
        rest(ctx, pause).await?;
        if github::issue(ctx, issue).await?.state == wanted {
            return Ok(Change::Changed);
        }
    }
    Err(not_seen(issue, &format!("the state {wanted}"), wrote))
}

/// That the issue is none of those that may never be closed, whatever these are called now.
async fn may_be_closed(
    ctx: &Ctx,
    issue: &IssueRef,
    identity: &github::Identity,
) -> Result<(), VerbError> {
    for name in &ctx.setting().never_close {
        let never = github::identity(ctx, &IssueRef::parse(name)?).await?;
        if never.as_ref() == Some(identity) {
            return Err(VerbError::error(
                Finding::new(format!(
                    "{issue} is `{name}` of policy.never_close under another name: it is not closed"
                ))
                .remedy("correct the gate file: one issue cannot be both"),
            ));
        }
    }
    Ok(())
}

/// What is known of a write that was made.
#[derive(Debug)]
enum Wrote {
    /// `gh` said that it was done.
    Accepted,
    /// The answer leaves open whether it was done.
    Open(VerbError),
}

/// Writes once, with the stored login or, where nothing is stored, the environment's token. An
/// answer that says it was not done is an error; after a rate limit it says when to come back.
async fn write(ctx: &Ctx, argv: &[&str], stdin: Option<String>) -> Result<Wrote, VerbError> {
    let mut login = Login::Stored;
    loop {
        let finished = github::run(ctx, argv, login, stdin.clone()).await?;
        match github::judge(&finished) {
            Answer::Good => return Ok(Wrote::Accepted),
            Answer::NoLogin if login == Login::Stored => login = Login::EnvironmentToken,
            Answer::Passing => {
                ctx.progress("GitHub did not answer; looking whether it happened");
                return Ok(Wrote::Open(github::refused(argv, &finished)));
            }
            Answer::Limited(limit) => {
                let away = limit::away(ctx, limit, login).await?;
                return Err(limit::come_back(ctx, argv, &finished, away).await?);
            }
            Answer::NoLogin | Answer::Scope | Answer::NotFound | Answer::Lasting => {
                return Err(github::refused(argv, &finished));
            }
        }
    }
}

fn not_seen(issue: &IssueRef, what: &str, wrote: Wrote) -> VerbError {
    let seconds: u64 = PAUSES.iter().sum();
    let (how, said) = match wrote {
        Wrote::Accepted => ("although GitHub accepted it", None),
        Wrote::Open(trouble) => (
            "and whether GitHub took it is open: its answer got lost",
            trouble.outcome().finding().cloned(),
        ),
    };
    let mut finding = Finding::new(format!(
        "{what} is not to be seen on {issue} after {seconds} s, {how}"
    ));
    if let Some(said) = said {
        finding.seen.push(said.what);
        finding.seen.extend(said.seen);
    }
    VerbError::error(
        finding.remedy("resume: the run looks first whether it is there, before it writes"),
    )
}

#[cfg(test)]
mod tests;
