//! Finds the change that closed an issue, in what GitHub tells of its history.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::gate::SubtaskId;
use crate::world::{Place, World};

use super::error::AuditError;
use super::git::Git;
use super::request::Limits;

/// The query whose answer [`linked_change`] reads; `$owner`, `$name` and `$number` are its
/// variables.
pub const TIMELINE_QUERY: &str = "query($owner:String!,$name:String!,$number:Int!){\
repository(owner:$owner,name:$name){issue(number:$number){state \
timelineItems(last:100,itemTypes:[CLOSED_EVENT,REOPENED_EVENT]){nodes{__typename \
... on ClosedEvent{createdAt closer{__typename \
... on PullRequest{number mergeCommit{oid}} ... on Commit{oid}}} \
... on ReopenedEvent{createdAt}}}}}}";

/// The query whose answer [`headlines`] reads, for a pull request.
pub const HEADLINES_QUERY: &str = "query($owner:String!,$name:String!,$number:Int!){\
repository(owner:$owner,name:$name){pullRequest(number:$number){\
commits(first:100){nodes{commit{messageHeadline}}}}}}";

/// The change that last closed an issue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkedChange {
    /// The commit that brought it: a merge, a squash, the last of a rebase, or a plain commit.
    pub commit: String,
    /// The pull request, where there was one.
    pub pull_request: Option<u64>,
    /// When it closed the issue.
    pub closed_at: String,
    /// How often the issue was re-opened before that.
    pub reopened: usize,
    /// Changes that had closed it earlier.
    pub earlier: Vec<String>,
}

/// Nothing closed the issue that could be audited.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("no linked change: {reason}")]
pub struct NoLinkedChange {
    /// Why.
    pub reason: String,
    /// What the history holds, one line an event.
    pub found: Vec<String>,
}

struct Event {
    at: String,
    closed: bool,
    closer: Value,
}

/// Reads the answer to [`TIMELINE_QUERY`], or any answer with such `timelineItems` in it.
///
/// # Errors
/// What was found where there is no change.
pub fn linked_change(answer: &Value) -> Result<LinkedChange, NoLinkedChange> {
    let nodes = timeline(answer).map(Vec::as_slice).unwrap_or_default();
    let mut events: Vec<Event> = nodes.iter().filter_map(event).collect();
    events.sort_by(|a, b| a.at.cmp(&b.at));
    let found: Vec<String> = events.iter().map(told).collect();
    let none = |reason: &str| NoLinkedChange {
        reason: reason.to_owned(),
        found: found.clone(),
    };
    let Some(last) = events.last() else {
        return Err(none("the issue was never closed"));
    };
    if !last.closed {
        return Err(none("the issue was re-opened and not closed since"));
    }
    if last.closer.is_null() {
        return Err(none("it was closed by hand, by no change"));
    }
    let Some(commit) = commit_of(&last.closer) else {
        return Err(none("the pull request that closed it has no merge commit"));
    };
    Ok(LinkedChange {
        commit,
        pull_request: last.closer["number"].as_u64(),
        closed_at: last.at.clone(),
        reopened: events.iter().filter(|event| !event.closed).count(),
        earlier: events[..events.len() - 1]
            .iter()
            .filter_map(|event| commit_of(&event.closer))
            .collect(),
    })
}

/// The list of events, wherever in the answer it stands.
fn timeline(value: &Value) -> Option<&Vec<Value>> {
    match value {
        Value::Object(fields) => match fields.get("timelineItems") {
            Some(items) => items["nodes"].as_array(),
            None => fields.values().find_map(timeline),
        },
        _ => None,
    }
}

fn event(node: &Value) -> Option<Event> {
    let closed = match node["__typename"].as_str()? {
        "ClosedEvent" => true,
        "ReopenedEvent" => false,
        _ => return None,
    };
    Some(Event {
        at: node["createdAt"].as_str()?.to_owned(),
        closed,
        closer: node["closer"].clone(),
    })
}

fn commit_of(closer: &Value) -> Option<String> {
    let oid = match closer["__typename"].as_str() {
        Some("Commit") => &closer["oid"],
        Some("PullRequest") => &closer["mergeCommit"]["oid"],
        // Without the type's name the fields tell.
        _ if closer["mergeCommit"].is_object() => &closer["mergeCommit"]["oid"],
        _ => &closer["oid"],
    };
    oid.as_str().map(str::to_owned)
}

fn told(event: &Event) -> String {
    if !event.closed {
        return format!("{} re-opened", event.at);
    }
    let by = match (event.closer["number"].as_u64(), commit_of(&event.closer)) {
        (Some(number), Some(commit)) => format!("by pull request #{number}, commit {commit}"),
        (Some(number), None) => format!("by pull request #{number}, which has no merge commit"),
        (None, Some(commit)) => format!("by commit {commit}"),
        (None, None) => "by hand".to_owned(),
    };
    format!("{} closed {by}", event.at)
}

/// First lines of a pull request's commits, oldest first, in the answer to
/// [`HEADLINES_QUERY`].
#[must_use]
pub fn headlines(answer: &Value) -> Vec<String> {
    let nodes = &answer["data"]["repository"]["pullRequest"]["commits"]["nodes"];
    nodes
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|node| node["commit"]["messageHeadline"].as_str())
        .map(str::to_owned)
        .collect()
}

/// The state before a pull request that was rebased: the parent of its first commit, to be the
/// request's base. Nothing for merges and squashes, whose first parent is that state.
///
/// # Errors
/// What git said.
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
    /// Its name.
    pub commit: String,
    /// First line of its message.
    pub subject: String,
}

/// Commits of any branch whose message names an issue, newest first: for the reader, since a
/// fix may be spread over several.
///
/// # Errors
/// What git said.
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
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn answer(nodes: &Value) -> Value {
        json!({"data": {"repository": {"issue": {"state": "CLOSED", "timelineItems": {"nodes": nodes}}}}})
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
        let change = linked_change(&answer(&nodes)).unwrap();
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
        let change = linked_change(&answer(&nodes)).unwrap();
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
        let by_hand = linked_change(&answer(&json!([closed(Value::Null)]))).unwrap_err();
        assert!(by_hand.reason.contains("by hand"), "{by_hand}");
        assert_eq!(by_hand.found, ["2026-05-01T00:00:00Z closed by hand"]);
        let unmerged = json!({"__typename": "PullRequest", "number": 7, "mergeCommit": null});
        let unmerged = linked_change(&answer(&json!([closed(unmerged)]))).unwrap_err();
        assert!(unmerged.reason.contains("no merge commit"), "{unmerged}");
        assert!(linked_change(&answer(&json!([]))).is_err());
        assert!(linked_change(&json!({"errors": []})).is_err());
        let reopened = json!([closed(json!({"__typename": "Commit", "oid": "a"})),
            {"__typename": "ReopenedEvent", "createdAt": "2026-05-04T00:00:00Z"}]);
        assert!(linked_change(&answer(&reopened)).is_err());
    }
}
