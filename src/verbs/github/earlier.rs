//! Comments of other runs: of the same gate, for the same candidate and subtask. One run for one
//! candidate is the rule; whether a second one may speak too is for the operator to say.

use super::IssueRef;
use super::comments::IssueComment;
use super::mark::Mark;
use crate::model::{Finding, Repeat};
use crate::verb::Ctx;

/// Begins the line that says where a comment stands in its run's journal.
pub(super) const ANCHOR: &str = "<sub>journal head when this was posted: ";

/// What other runs have said on an issue.
#[derive(Debug, Default)]
pub(super) struct Earlier {
    /// Those that the viewer wrote, oldest first.
    ours: Vec<Told>,
    /// Those of others that carry such a mark, one line each; they change nothing.
    strangers: Vec<String>,
}

#[derive(Debug)]
struct Told {
    run: String,
    url: String,
    at: jiff::Timestamp,
    body: String,
}

/// What is to be done about them.
#[derive(Debug)]
pub(super) enum Do {
    /// The comment is posted; what is to be said with it.
    Post(Vec<String>),
    /// Nothing, until the operator has said what.
    Ask(Finding),
    /// This one counts as this run's.
    Count {
        /// Its address.
        url: String,
        /// What is to be said with it.
        notes: Vec<String>,
    },
}

impl Earlier {
    /// Finds them among the comments of an issue.
    pub(super) fn among(mark: &Mark, all: &[IssueComment]) -> Self {
        let mut earlier = Self::default();
        for comment in all {
            let Some(other) = Mark::in_comment(&comment.body) else {
                continue;
            };
            if !mark.is_of_another_run(&other) {
                continue;
            }
            if comment.viewer_did_author {
                earlier.ours.push(Told {
                    run: other.run,
                    url: comment.url.clone(),
                    at: comment.created_at,
                    body: comment.body.clone(),
                });
            } else {
                earlier.strangers.push(format!(
                    "{} by {} carries the mark of a run of this gate for this candidate; it is not \
                     by this login, and changes nothing",
                    comment.url,
                    comment.author()
                ));
            }
        }
        earlier
    }

    /// What follows for a comment of this text.
    pub(super) fn then(&self, ctx: &Ctx, issue: &IssueRef, body: &str) -> Do {
        let mut notes = self.strangers.clone();
        let Some(newest) = self.ours.last() else {
            return Do::Post(notes);
        };
        match ctx.setting().again {
            None => Do::Ask(self.question(ctx, issue, None)),
            Some(Repeat::New) => {
                let beside = |told: &Told| {
                    format!(
                        "posted beside {} of run {}, as `--again new` asks for",
                        told.url, told.run
                    )
                };
                notes.extend(self.ours.iter().map(beside));
                Do::Post(notes)
            }
            Some(Repeat::Keep) => {
                let Some(told) = self.ours.iter().rev().find(|told| told.says(body)) else {
                    let differs = newest.parts_from(body);
                    return Do::Ask(self.question(ctx, issue, differs.as_deref()));
                };
                notes.push(format!(
                    "posted by run {}, says the same, and counts as this run's, as `--again keep` \
                     asks for",
                    told.run
                ));
                let url = told.url.clone();
                Do::Count { url, notes }
            }
        }
    }

    /// Says what was found and what there is to choose; `differs` is where the text differs that was
    /// to count as this run's.
    fn question(&self, ctx: &Ctx, issue: &IssueRef, differs: Option<&str>) -> Finding {
        let setting = ctx.setting();
        let newest = self.ours.last().map_or("", |told| told.run.as_str());
        let candidate = setting.candidate.as_deref().unwrap_or_default();
        let mut finding = Finding::new(match differs {
            None => format!(
                "run {newest} of `{}` has commented on {issue} for {candidate} already: is a second \
                 comment to be posted?",
                setting.gate
            ),
            Some(_) => format!(
                "the comment of run {newest} on {issue} for {candidate} does not say what this run \
                 would, so it cannot count as this run's"
            ),
        });
        let line = |told: &Told| format!("{} by run {}, {}", told.url, told.run, told.at);
        finding.seen.extend(self.ours.iter().map(line));
        finding.seen.extend(differs.map(str::to_owned));
        finding.seen.extend(self.strangers.iter().cloned());
        let keep = match differs {
            None => {
                ", or with `--again keep` to let that comment count as this run's if it says the \
                 same"
            }
            Some(_) => "",
        };
        finding.remedy(format!(
            "resume this run with `--again new` to post a second comment{keep}; or leave this run, \
             and resume that one with `gate run --resume {newest}`"
        ))
    }
}

impl Told {
    fn says(&self, body: &str) -> bool {
        self.parts_from(body).is_none()
    }

    /// The first line in which its text is another one.
    fn parts_from(&self, body: &str) -> Option<String> {
        let (then, now) = (text_of(&self.body), text_of(body));
        let count = then.len().max(now.len());
        let line = |text: &[String], at: usize| text.get(at).cloned();
        let at = (0..count).find(|at| line(&then, *at) != line(&now, *at))?;
        let shown =
            |text: &[String]| line(text, at).map_or("nothing".to_owned(), |one| format!("`{one}`"));
        Some(format!(
            "line {} there is {}, here {}",
            at + 1,
            shown(&then),
            shown(&now)
        ))
    }
}

/// The lines of a comment, without those that are of one run only: its mark and its journal's head.
fn text_of(body: &str) -> Vec<String> {
    let lines = body.lines().map(str::trim_end);
    let mut lines: Vec<String> = lines.map(str::to_owned).collect();
    let blank = |lines: &mut Vec<String>| {
        while lines.last().is_some_and(String::is_empty) {
            lines.pop();
        }
    };
    blank(&mut lines);
    if Mark::in_comment(body).is_some() {
        lines.pop();
        blank(&mut lines);
        if lines.last().is_some_and(|line| line.starts_with(ANCHOR)) {
            lines.pop();
            blank(&mut lines);
        }
    }
    let first = lines.iter().position(|line| !line.is_empty());
    lines.split_off(first.unwrap_or(lines.len()))
}
