//! Finds the change that closed an issue, from the issue's history on GitHub.

use std::fmt;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::SubtaskId;
use crate::world::{Place, World};

use super::error::AuditError;
use super::git::Git;
use super::request::Limits;

/// The query whose response [`History::read`] reads; `$owner`, `$name` and `$number` are its
/// variables.
pub const TIMELINE_QUERY: &str = "query($owner:String!,$name:String!,$number:Int!){\
repository(owner:$owner,name:$name){issue(number:$number){state \
timelineItems(last:100,itemTypes:[CLOSED_EVENT,REOPENED_EVENT]){nodes{__typename \
... on ClosedEvent{createdAt closer{__typename \
... on PullRequest{number mergeCommit{oid}} ... on Commit{oid}}} \
... on ReopenedEvent{createdAt}}}}}}";

/// The query whose response [`headlines`] reads, for a pull request.
pub const HEADLINES_QUERY: &str = "query($owner:String!,$name:String!,$number:Int!){\
repository(owner:$owner,name:$name){pullRequest(number:$number){\
commits(first:100){nodes{commit{messageHeadline}}}}}}";

/// The change that last closed an issue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkedChange {
    /// The commit that contains it: a merge, a squash, the last of a rebase, or a plain commit.
    pub commit: String,
    /// The pull request, if there was one.
    pub pull_request: Option<u64>,
    /// When it closed the issue.
    pub closed_at: Timestamp,
    /// How often the issue was re-opened before that.
    pub reopened: usize,
    /// Changes that had closed it earlier.
    pub earlier: Vec<String>,
}

/// No change that could be audited closed the issue.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("no linked change: {reason}")]
pub struct NoLinkedChange {
    /// Why.
    pub reason: String,
    /// The events of the history, one line each.
    pub found: Vec<String>,
}

/// When an issue was closed and re-opened, oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History(Vec<Event>);

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "__typename", rename_all_fields = "camelCase")]
enum Event {
    #[serde(rename = "ClosedEvent")]
    Closed {
        created_at: Timestamp,
        /// None if a person closed it by hand.
        closer: Option<Closer>,
    },
    #[serde(rename = "ReopenedEvent")]
    Reopened { created_at: Timestamp },
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "__typename", rename_all_fields = "camelCase")]
enum Closer {
    Commit {
        oid: String,
    },
    PullRequest {
        number: u64,
        merge_commit: Option<Oid>,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Oid {
    oid: String,
}

impl History {
    /// Reads the response to [`TIMELINE_QUERY`].
    ///
    /// # Errors
    /// It lacks what was requested, or contains something that cannot be read: an event that was
    /// skipped could be the decisive one.
    pub fn read(answer: &Value) -> Result<Self, AuditError> {
        let mut events: Vec<Event> = nodes(
            answer,
            "/data/repository/issue/timelineItems/nodes",
            "timeline",
        )?;
        events.sort_by_key(Event::at);
        Ok(Self(events))
    }

    /// The change that last closed the issue.
    ///
    /// # Errors
    /// What was found, if there is no such change.
    pub fn linked_change(&self) -> Result<LinkedChange, NoLinkedChange> {
        let none = |reason: &str| NoLinkedChange {
            reason: reason.to_owned(),
            found: self.0.iter().map(ToString::to_string).collect(),
        };
        let Some((last, before)) = self.0.split_last() else {
            return Err(none("the issue was never closed"));
        };
        let Event::Closed { created_at, closer } = last else {
            return Err(none("the issue was re-opened and not closed since"));
        };
        let Some(closer) = closer else {
            return Err(none("it was closed by hand, by no change"));
        };
        let Some(commit) = closer.commit() else {
            return Err(none("the pull request that closed it has no merge commit"));
        };
        let reopened = |event: &&Event| matches!(event, Event::Reopened { .. });
        let earlier = before.iter().filter_map(Event::closer);
        Ok(LinkedChange {
            commit: commit.to_owned(),
            pull_request: match closer {
                Closer::PullRequest { number, .. } => Some(*number),
                Closer::Commit { .. } => None,
            },
            closed_at: *created_at,
            reopened: before.iter().filter(reopened).count(),
            earlier: earlier
                .filter_map(Closer::commit)
                .map(str::to_owned)
                .collect(),
        })
    }
}

impl Event {
    fn at(&self) -> Timestamp {
        match self {
            Self::Closed { created_at, .. } | Self::Reopened { created_at } => *created_at,
        }
    }

    fn closer(&self) -> Option<&Closer> {
        match self {
            Self::Closed { closer, .. } => closer.as_ref(),
            Self::Reopened { .. } => None,
        }
    }
}

impl Closer {
    /// The commit that it brought; a pull request that was not merged brought none.
    fn commit(&self) -> Option<&str> {
        match self {
            Self::Commit { oid } => Some(oid),
            Self::PullRequest { merge_commit, .. } => {
                merge_commit.as_ref().map(|commit| commit.oid.as_str())
            }
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Closed { created_at, closer } = self else {
            return write!(f, "{} re-opened", self.at());
        };
        let commit = closer.as_ref().and_then(Closer::commit);
        write!(f, "{created_at} closed ")?;
        match (closer, commit) {
            (None, _) => f.write_str("by hand"),
            (Some(Closer::PullRequest { number, .. }), Some(commit)) => {
                write!(f, "by pull request #{number}, commit {commit}")
            }
            (Some(Closer::PullRequest { number, .. }), None) => {
                write!(f, "by pull request #{number}, which has no merge commit")
            }
            (Some(Closer::Commit { oid }), _) => write!(f, "by commit {oid}"),
        }
    }
}

/// The complete entries of a list in GitHub's response.
fn nodes<T: DeserializeOwned>(answer: &Value, at: &str, what: &str) -> Result<Vec<T>, AuditError> {
    let unreadable = |reason: String| AuditError::Answer {
        command: "gh api graphql".to_owned(),
        reason: format!("its {what} {reason}"),
    };
    let found = answer.pointer(at);
    let found = found.ok_or_else(|| unreadable("is not there".to_owned()))?;
    Vec::deserialize(found).map_err(|error| unreadable(format!("has another shape: {error}")))
}

/// First lines of a pull request's commit messages, oldest first, in the response to
/// [`HEADLINES_QUERY`].
///
/// # Errors
/// The response lacks them.
pub fn headlines(answer: &Value) -> Result<Vec<String>, AuditError> {
    #[derive(Deserialize)]
    struct Node {
        commit: Headline,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Headline {
        message_headline: String,
    }
    let path = "/data/repository/pullRequest/commits/nodes";
    let commits: Vec<Node> = nodes(answer, path, "list of commits")?;
    let headlines = commits.into_iter();
    Ok(headlines.map(|node| node.commit.message_headline).collect())
}

/// The state before a pull request that was rebased: the parent of its first commit, to be used as
/// the base of the audit request. None for merges and squashes, whose first parent is that state.
///
/// # Errors
/// The error of git.
pub async fn base_of(
    world: &dyn World,
    by: &SubtaskId,
    repo: &Place,
    commit: &str,
    headlines: &[String],
) -> Result<Option<String>, AuditError> {
    let count = headlines.len();
    if count < 2 {
        return Ok(None);
    }
    let git = git(world, by, repo);
    let arguments = ["log", "--first-parent", "--format=%P%x09%s"];
    let number = format!("-n{count}");
    let text = git
        .text(&[&arguments[..], &[&number, commit]].concat(), None)
        .await?;
    let commits: Vec<(&str, &str)> = text
        .lines()
        .filter_map(|line| line.split_once('\t'))
        .collect();
    let rebased = commits.len() == count
        && commits
            .iter()
            .rev()
            .zip(headlines)
            .all(|((parents, subject), headline)| !parents.contains(' ') && subject == headline);
    Ok(rebased
        .then(|| commits.last().map(|(parent, _)| (*parent).to_owned()))
        .flatten())
}

/// A commit that names an issue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamingCommit {
    /// Its id.
    pub commit: String,
    /// First line of its message.
    pub subject: String,
}

/// Commits of any branch whose message names an issue, newest first. They are shown to the reader,
/// since a fix may be spread over several commits.
///
/// # Errors
/// The error of git.
pub async fn commits_naming(
    world: &dyn World,
    by: &SubtaskId,
    repo: &Place,
    issue: u64,
) -> Result<Vec<NamingCommit>, AuditError> {
    let pattern = format!("--grep=#{issue}([^0-9]|$)");
    let arguments = ["log", "--all", "-E", &pattern, "-n50", "--format=%H%x09%s"];
    let text = git(world, by, repo).text(&arguments, None).await?;
    Ok(text
        .lines()
        .filter_map(|line| line.split_once('\t'))
        .map(|(commit, subject)| NamingCommit {
            commit: commit.to_owned(),
            subject: subject.to_owned(),
        })
        .collect())
}

fn git<'w>(world: &'w dyn World, by: &'w SubtaskId, repo: &'w Place) -> Git<'w> {
    Git {
        world,
        by,
        repo,
        limit: Limits::default().git,
        objects: None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn answer(nodes: &Value) -> Value {
        json!({"data": {"repository": {"issue": {"state": "CLOSED", "timelineItems": {"nodes": nodes}}}}})
    }

    fn linked_change(nodes: &Value) -> Result<LinkedChange, NoLinkedChange> {
        History::read(&answer(nodes)).unwrap().linked_change()
    }

    #[test]
    fn the_last_close_counts_and_reopenings_are_told() {
        let nodes = json!([
            {"__typename": "ClosedEvent", "createdAt": "2026-05-01T00:00:00Z", "closer":
                {"__typename": "PullRequest", "number": 5, "mergeCommit": {"oid": "aaa"}}},
            {"__typename": "ReopenedEvent", "createdAt": "2026-05-02T00:00:00Z"},
            {"__typename": "ClosedEvent", "createdAt": "2026-05-03T00:00:00Z", "closer":
                {"__typename": "Commit", "oid": "bbb"}},
        ]);
        let change = linked_change(&nodes).unwrap();
        assert_eq!(change.commit, "bbb");
        assert_eq!((change.pull_request, change.reopened), (None, 1));
        assert_eq!(change.earlier, ["aaa"]);
    }

    #[test]
    fn closed_by_a_commit_and_later_by_a_pull_request_in_any_order_told() {
        let nodes = json!([
            {"__typename": "ClosedEvent", "createdAt": "2026-05-05T00:00:00Z", "closer":
                {"__typename": "PullRequest", "number": 9, "mergeCommit": {"oid": "ccc"}}},
            {"__typename": "ClosedEvent", "createdAt": "2026-05-01T00:00:00Z", "closer":
                {"__typename": "Commit", "oid": "aaa"}},
            {"__typename": "ReopenedEvent", "createdAt": "2026-05-02T00:00:00Z"},
            {"__typename": "ClosedEvent", "createdAt": "2026-05-03T00:00:00Z", "closer": null},
            {"__typename": "ReopenedEvent", "createdAt": "2026-05-04T00:00:00Z"},
        ]);
        let change = linked_change(&nodes).unwrap();
        assert_eq!(
            (change.commit.as_str(), change.pull_request),
            ("ccc", Some(9))
        );
        assert_eq!(change.reopened, 2);
        assert_eq!(change.earlier, ["aaa"], "closing by hand brought no change");
    }

    #[test]
    fn without_a_change_it_says_what_was_found() {
        let closed = |closer: Value| json!({"__typename": "ClosedEvent", "createdAt": "2026-05-01T00:00:00Z", "closer": closer});
        let by_hand = linked_change(&json!([closed(Value::Null)])).unwrap_err();
        assert!(by_hand.reason.contains("by hand"), "{by_hand}");
        assert_eq!(by_hand.found, ["2026-05-01T00:00:00Z closed by hand"]);
        let unmerged = json!({"__typename": "PullRequest", "number": 7, "mergeCommit": null});
        let unmerged = linked_change(&json!([closed(unmerged)])).unwrap_err();
        assert!(unmerged.reason.contains("no merge commit"), "{unmerged}");
        assert!(linked_change(&json!([])).is_err());
        let reopened = json!([closed(json!({"__typename": "Commit", "oid": "a"})),
            {"__typename": "ReopenedEvent", "createdAt": "2026-05-04T00:00:00Z"}]);
        assert!(linked_change(&reopened).is_err());
    }

    #[test]
    fn an_event_that_cannot_be_read_is_not_passed_over() {
        let closed = json!({"__typename": "ClosedEvent", "createdAt": "2026-05-01T00:00:00Z",
            "closer": {"__typename": "Commit", "oid": "a"}});
        assert!(History::read(&answer(&json!([closed]))).is_ok());
        for last in [
            Value::Null,
            json!({"__typename": "ReopenedEvent"}),
            json!({"__typename": "ReopenedEvent", "createdAt": "yesterday"}),
            json!({"__typename": "TransferredEvent", "createdAt": "2026-05-02T00:00:00Z"}),
            json!({"__typename": "ClosedEvent", "createdAt": "2026-05-02T00:00:00Z",
                "closer": {"__typename": "ProjectV2"}}),
        ] {
            let history = History::read(&answer(&json!([closed, last])));
            assert!(history.is_err(), "{last}: {history:?}");
        }
        for answer in [json!({"errors": []}), json!({"data": {"repository": null}})] {
            assert!(History::read(&answer).is_err(), "{answer}");
            assert!(headlines(&answer).is_err(), "{answer}");
        }
    }
}
