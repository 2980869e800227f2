//! Compares a record with the outside as of now: the comment that carries the journal's head, the
//! issues, the release and its tag, the index's digests. Reports for each whether it agrees, has
//! changed since, or never existed.

mod posted;

use std::fmt;

use serde::Serialize;

use self::posted::{NotOwn, login_of, own, words};
use super::anchors::anchors;
use super::{EvidenceError, Recording};
use crate::gate::Gate;
use crate::journal::{Answer, Exchange, Folded, head_over};
use crate::model::escape::one_line;
use crate::model::subject::JudgedCandidate;
use crate::model::{Facts, SubtaskId, context, render};
use crate::verb::{Ctx, VerbError};
use crate::verbs::{Verb, anew};
use crate::world::Anchor;

/// The result of comparing a record with the outside.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Online {
    /// One entry each, in the order of the record.
    pub seen: Vec<Seen>,
}

/// One external fact in the record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Seen {
    /// A description of it.
    pub what: String,
    /// Whether it still agrees.
    pub now: Now,
    /// The current value, or why it is not known.
    pub told: String,
}

/// Whether the current state agrees with the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Now {
    /// It agrees.
    Agrees,
    /// It existed, and has changed.
    Changed,
    /// There is no trace of it.
    NeverWas,
    /// It could not be determined.
    Unknown,
}

impl fmt::Display for Now {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Agrees => "agrees",
            Self::Changed => "changed since",
            Self::NeverWas => "never was",
            Self::Unknown => "unknown",
        })
    }
}

impl fmt::Display for Online {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for one in &self.seen {
            let told = one_line(&one.told);
            writeln!(f, "  {:<13} {}: {told}", one.now, one_line(&one.what))?;
        }
        let agrees = self
            .seen
            .iter()
            .filter(|one| one.now == Now::Agrees)
            .count();
        write!(f, "online: {agrees} of {} agree", self.seen.len())
    }
}

impl Online {
    /// Whether everything in the record existed and could be determined. Later changes may have
    /// good reasons, so they are only listed.
    #[must_use]
    pub fn holds(&self) -> bool {
        let refuted = |one: &Seen| matches!(one.now, Now::NeverWas | Now::Unknown);
        !self.seen.iter().any(refuted)
    }
}

/// Reads the external facts of a recorded run again.
///
/// # Errors
/// If what the run sent cannot be read any more.
pub async fn online(
    ctx: &Ctx,
    gate: &Gate,
    recording: &Recording,
) -> Result<Online, EvidenceError> {
    let folded = &recording.folded;
    let mut seen = Vec::new();
    for (by, exchange) in writes(folded) {
        if let Some(comment) = Comment::of(recording, by, exchange)? {
            seen.push(comment.look(ctx).await);
        } else if let Some((issue, wanted)) = change_of(exchange) {
            seen.push(look_at_issue(ctx, &issue, wanted, by).await);
        }
    }
    let facts = folded.facts().unwrap_or_default();
    let candidate = gate.subject(folded).candidate.unwrap_or_default();
    seen.extend(look_at_release(ctx, gate, &facts, &candidate).await);
    seen.extend(look_at_index(ctx, &candidate).await);
    Ok(Online { seen })
}

/// All writes to GitHub that were answered, in the plan's order.
fn writes(folded: &Folded) -> impl Iterator<Item = (&SubtaskId, &Exchange)> {
    let of_plan = folded.header.plan.iter();
    let courses = of_plan.flat_map(|id| {
        let mine = folded.courses().find(|(other, _)| *other == id);
        mine.into_iter()
            .flat_map(|(id, courses)| courses.iter().map(move |one| (id, one)))
    });
    courses.flat_map(|(id, course)| {
        let writes = course
            .exchanges
            .values()
            .filter(|one| one.touches_outside());
        writes.map(move |one| (id, one))
    })
}

/// The issue of `gh issue VERB N --repo SLUG`, and the verb.
fn issue_of(words: &[String]) -> Option<(String, &str)> {
    let [gh, issue, verb, number, option, slug, ..] = words else {
        return None;
    };
    let fits = gh == "gh" && issue == "issue" && option == "--repo";
    fits.then(|| (format!("{slug}#{number}"), verb.as_str()))
}

/// An issue that was closed or re-opened, and the state that it has since.
fn change_of(exchange: &Exchange) -> Option<(String, &'static str)> {
    let words = words(exchange);
    let (issue, verb) = issue_of(&words)?;
    let succeeded = matches!(&exchange.answer, Some(Answer::Ok(_)));
    match verb {
        "close" if succeeded => Some((issue, "CLOSED")),
        "reopen" if succeeded => Some((issue, "OPEN")),
        _ => None,
    }
}

/// A comment as it was sent.
struct Comment {
    issue: String,
    body: String,
    /// The hidden line that no other comment has.
    key: String,
    /// Who posted it, where the run came to read it back.
    login: Option<String>,
    anchor: Option<Anchor>,
    /// The head that the records give for what the anchor covers.
    recomputed: Option<String>,
}

impl Comment {
    fn of(
        recording: &Recording,
        by: &SubtaskId,
        exchange: &Exchange,
    ) -> Result<Option<Self>, EvidenceError> {
        let words = words(exchange);
        let Some((issue, "comment")) = issue_of(&words) else {
            return Ok(None);
        };
        let effect = recording.read(&exchange.effect)?;
        let body = effect["stdin"].as_str().unwrap_or_default().to_owned();
        let keys = body.lines().filter(|line| line.starts_with("<!-- gate "));
        let mut keys = keys;
        let Some(key) = keys.next_back().map(str::to_owned) else {
            return Ok(None);
        };
        let folded = &recording.folded;
        let anchor = anchors(folded)
            .into_iter()
            .find(|(who, anchor)| *who == by && body.contains(&anchor.head));
        let anchor = anchor.map(|(_, anchor)| anchor);
        let recomputed = anchor
            .as_ref()
            .and_then(|anchor| head_over(&folded.lines, &anchor.covers).ok());
        Ok(Some(Self {
            issue,
            body,
            login: login_of(recording, by, &key)?,
            key,
            anchor,
            recomputed,
        }))
    }

    async fn look(&self, ctx: &Ctx) -> Seen {
        let what = format!("comment on {}", self.issue);
        let found = match anew::comments_with(ctx, &self.issue, &self.key).await {
            Ok(found) => found,
            Err(error) => return unknown(what, &error),
        };
        let one = match own(&found, self.login.as_deref()) {
            Ok(one) => one,
            Err(NotOwn::Missing(told)) => return seen(what, Now::NeverWas, &told),
            Err(NotOwn::Open(told)) => return seen(what, Now::Unknown, &told),
        };
        let Some(anchor) = &self.anchor else {
            return seen(
                what,
                Now::Changed,
                "the record names no head that was posted with it",
            );
        };
        let head = &anchor.head;
        if self.recomputed.as_ref() != Some(head) {
            return seen(
                what,
                Now::NeverWas,
                "the records do not give the head that is recorded",
            );
        }
        if !one.body.contains(head.as_str()) {
            let told = format!("{} carries another head: the record was made anew", one.url);
            return seen(what, Now::NeverWas, &told);
        }
        let normal = |text: &str| text.replace("\r\n", "\n").trim().to_owned();
        if normal(&one.body) != normal(&self.body) {
            let told = format!("{} reads differently from what was sent", one.url);
            return seen(what, Now::Changed, &told);
        }
        let told = format!(
            "{} by {}, with the head over {} subtasks",
            one.url,
            one.author,
            anchor.covers.len()
        );
        seen(what, Now::Agrees, &told)
    }
}

async fn look_at_issue(ctx: &Ctx, issue: &str, wanted: &str, by: &SubtaskId) -> Seen {
    let what = format!("{issue} made {wanted} by {by}");
    let now = match anew::issue(ctx, issue).await {
        Ok(now) => now,
        Err(error) => return unknown(what, &error),
    };
    let event = if wanted == "CLOSED" {
        "closed"
    } else {
        "reopened"
    };
    let last = now.events.iter().rev().find(|one| one.what == event);
    let Some(last) = last else {
        return seen(what, Now::NeverWas, &format!("it was never {event}"));
    };
    let who = last.by.as_deref().unwrap_or("ghost");
    let told = format!("{event} {} by {who}, is {}", last.at, now.state);
    let now = if now.state == wanted {
        Now::Agrees
    } else {
        Now::Changed
    };
    seen(what, now, &told)
}

async fn look_at_release(
    ctx: &Ctx,
    gate: &Gate,
    facts: &Facts,
    candidate: &JudgedCandidate,
) -> Option<Seen> {
    let tag = candidate.tag.as_ref()?;
    let repository = gate
        .subtasks()
        .find_map(|(_, subtask)| match &subtask.verb {
            Verb::FindCandidate(find) => Some(&find.repository),
            _ => None,
        })?;
    let quotable = context(&gate.parameters, facts).ok()?;
    let repository = render(repository, &quotable).ok()?;
    let what = format!("release {tag} of {repository}");
    let recorded = candidate.commit.as_deref().unwrap_or("none");
    Some(match anew::release(ctx, &repository, tag).await {
        Err(error) => unknown(what, &error),
        Ok(None) => seen(what, Now::NeverWas, "the release does not exist"),
        Ok(Some(commit)) if Some(&commit) == candidate.commit.as_ref() => {
            seen(what, Now::Agrees, &format!("its tag leads to {commit}"))
        }
        Ok(Some(commit)) => {
            let told = format!("its tag leads to {commit}, recorded is {recorded}");
            seen(what, Now::Changed, &told)
        }
    })
}

async fn look_at_index(ctx: &Ctx, candidate: &JudgedCandidate) -> Option<Seen> {
    let (package, version) = (candidate.package.as_ref()?, candidate.version.as_ref()?);
    let what = format!("wheels of {package} {version}");
    let offered = match anew::wheels(ctx, package, version).await {
        Ok(offered) => offered,
        Err(error) => return Some(unknown(what, &error)),
    };
    let gone = candidate.wheels.iter().find(|one| !offered.contains(one));
    Some(match gone {
        _ if offered.is_empty() => seen(what, Now::NeverWas, "the index offers none"),
        Some(gone) => seen(what, Now::Changed, &format!("sha256:{gone} is not offered")),
        None if candidate.wheels.is_empty() => {
            seen(what, Now::Unknown, "the record does not name their digests")
        }
        None => seen(
            what,
            Now::Agrees,
            &format!("{} with the recorded digests", offered.len()),
        ),
    })
}

fn seen(what: String, now: Now, told: &str) -> Seen {
    Seen {
        what,
        now,
        told: told.to_owned(),
    }
}

fn unknown(what: String, error: &VerbError) -> Seen {
    let outcome = error.clone().outcome();
    let told = outcome.finding().map(|finding| finding.what.clone());
    seen(what, Now::Unknown, &told.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;
    use crate::verb::scripted::{Scripted, ended};

    const BODY: &str = "It passed at ab12.\n\n<!-- gate run=01A subtask=T031 comment key=01K -->";

    async fn looked(author: &str, role: &str, login: Option<&str>) -> Now {
        let node = json!({
            "body": BODY, "url": "https://github.example/c/1", "createdAt": "2026-05-20T10:00:00Z",
            "authorAssociation": role, "viewerDidAuthor": false, "author": {"login": author},
        });
        let page = json!({"nodes": [node], "pageInfo": {"hasNextPage": false, "endCursor": null}});
        let issue = json!({
            "id": "I", "number": 1, "repository": {"nameWithOwner": "o/r"}, "comments": page,
        });
        let answer = json!({"data": {"repository": {"issue": issue}}}).to_string();
        let world = Scripted::new().run("gh api graphql", ended(0, &answer, ""));
        let comment = Comment {
            issue: "o/r#1".to_owned(),
            body: BODY.to_owned(),
            key: "<!-- gate run=01A subtask=T031 comment key=01K -->".to_owned(),
            login: login.map(str::to_owned),
            anchor: Some(Anchor {
                head: "ab12".to_owned(),
                covers: BTreeMap::new(),
            }),
            recomputed: Some("ab12".to_owned()),
        };
        comment.look(&world.ctx()).await.now
    }

    #[tokio::test]
    async fn a_comment_agrees_only_where_it_is_by_whoever_posted_it() {
        assert_eq!(looked("gate", "NONE", Some("gate")).await, Now::Agrees);
        assert_eq!(looked("mallory", "NONE", Some("gate")).await, Now::NeverWas);
        assert_eq!(looked("gate", "MEMBER", None).await, Now::Agrees);
        assert_eq!(looked("mallory", "NONE", None).await, Now::Unknown);
    }
}
