//! What is written down before a comment is sent: its unpredictable idempotency key, and the text.
//!
//! A key that others could foretell would let them write a comment that passes for ours. It lies
//! in the run directory, so that the part of a run that resumes looks for the same one.

use super::IssueRef;
use super::mark::Mark;
use crate::verb::{Ctx, VerbError};
use crate::world::{FileFailure, FreshId, Place, WorldError, WriteFile};

/// A comment's text has at most 64 KiB characters.
const LIMIT: u64 = 1024 * 1024;

/// The record of one comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    place: Place,
    /// What the hidden line at the end of the comment says.
    pub(super) mark: Mark,
    /// That line.
    pub(super) line: String,
    /// The line up to its key: what makes a comment this run's, in every version.
    pub(super) key: String,
    /// Whether no key was on record here: a process of this run may have sent a comment from a
    /// machine that is gone, or a version that wrote none. Then its mark counts, of the viewer alone.
    pub(super) is_new: bool,
    /// What an earlier part of this run sent, or was about to send.
    pub(super) sent: Option<String>,
    /// Whether that part stopped because nobody could say if it was posted.
    pub(super) open: bool,
}

impl Record {
    /// The record of this subtask's comment on an issue; a new one gets its key now.
    pub(super) async fn of(ctx: &Ctx, issue: &IssueRef) -> Result<Self, VerbError> {
        let name = format!(
            "{}-{}-{}",
            ctx.by(),
            issue.slug().replace('/', "-"),
            issue.number
        );
        let place = Place::run("comments").join(&name);
        let mark = Mark::of(ctx);
        let beginning = mark.beginning();
        let file = |end: &str| Place::new(format!("{place}.{end}"));
        if let Some(key) = read(ctx, &file("key")).await? {
            let key = key.trim();
            return Ok(Self {
                key: format!("{beginning} key={key} "),
                line: mark.line(key),
                mark,
                is_new: false,
                sent: read(ctx, &file("md")).await?,
                open: read(ctx, &file("open")).await?.is_some(),
                place,
            });
        }
        let key = ctx.ask(FreshId).await?;
        ctx.write(file("key"), format!("{key}\n")).await?;
        Ok(Self {
            key: format!("{beginning} key={key} "),
            line: mark.line(&key),
            mark,
            is_new: true,
            sent: None,
            open: false,
            place,
        })
    }

    /// Whether an earlier part of this run may have posted it. The text is written down before it is
    /// sent, so a process that was killed has left no more than that: GitHub may show it late.
    pub(super) fn may_be_posted(&self) -> bool {
        self.open || self.sent.is_some()
    }

    /// Writes down what is about to be sent.
    pub(super) async fn sending(&self, ctx: &Ctx, text: &str) -> Result<(), VerbError> {
        self.note(ctx, "md", text).await
    }

    /// Writes down that nobody can say whether it was posted.
    pub(super) async fn left_open(&self, ctx: &Ctx) -> Result<(), VerbError> {
        self.note(ctx, "open", "whether this comment was posted is open\n")
            .await
    }

    async fn note(&self, ctx: &Ctx, end: &str, text: &str) -> Result<(), VerbError> {
        ctx.ask(WriteFile {
            path: Place::new(format!("{}.{end}", self.place)),
            text: text.to_owned(),
            replace: true,
        })
        .await?;
        Ok(())
    }
}

async fn read(ctx: &Ctx, place: &Place) -> Result<Option<String>, VerbError> {
    match ctx.read(place, LIMIT).await {
        Ok(text) => Ok(Some(text)),
        Err(WorldError::File {
            kind: FileFailure::NotFound,
            ..
        }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
