//! The value of a schema field in the state: objects as JSON with all their plain fields, and the
//! fields that take arguments.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::issue::{CloseReason, Comment, EventKind, Issue, IssueEvent};
use super::super::name::{IssueRef, RepositoryName};
use super::super::repository::{PullRequest, Release, Repository, Tag, node_id};
use super::super::state::{Moment, Refusal, State, issue_node};
use super::field::{Asked, Refused};
use super::page::{cursor, page};

/// The value of a field of an object.
pub(super) fn resolve(
    state: &mut State,
    object: &str,
    of: &Value,
    asked: &Asked<'_>,
) -> Result<Value, Refused> {
    match (object, asked.name) {
        ("Query", "repository") => find_repository(state, asked.text("owner"), asked.text("name")),
        ("Query", _) => Ok(user(&state.operator().login)),
        ("Mutation", _) => mutate(state, asked),
        ("Issue", "repository") => {
            let name = of["repository"]
                .as_str()
                .and_then(|name| name.split_once('/'));
            let (owner, name) = name.unwrap_or_default();
            find_repository(state, owner, name)
        }
        ("Repository", "release") => {
            let tag = asked.text("tagName");
            let releases = of["releases"].as_array().into_iter().flatten();
            let found = releases.into_iter().find(|one| one["tagName"] == tag);
            Ok(found.cloned().unwrap_or(Value::Null))
        }
        ("Repository", "issue") => numbered(of, asked, "an Issue", &["issues"]),
        ("Repository", "pullRequest") => numbered(of, asked, "a PullRequest", &["pulls"]),
        ("Repository", "issueOrPullRequest") => {
            let both = ["issues", "pulls"];
            numbered(of, asked, "an issue or pull request", &both)
        }
        _ => match &of[asked.name] {
            Value::Array(items) if asked.returns.ends_with("Connection") => {
                if asked.name == "releases" {
                    state.happened(&Moment::ReleasesListed);
                }
                let mut items = wanted(items, asked);
                let own = |item: &Value| item["viewerDidAuthor"] == true;
                if asked.name == "comments" && items.iter().any(own) && state.is_late() {
                    items.retain(|item| !own(item));
                }
                page(&items, asked)
            }
            value => Ok(value.clone()),
        },
    }
}

/// Entries of a list in the requested order and of the requested kinds. Lists are stored in
/// GitHub's default order: releases and tags newest first, all others oldest first.
fn wanted(items: &[Value], asked: &Asked<'_>) -> Vec<Value> {
    let mut items = items.to_vec();
    if asked.name == "refs" && asked.text("refPrefix").trim_end_matches('/') != "refs/tags" {
        items.clear();
    }
    if let Some(kinds) = asked.arguments.get("itemTypes").and_then(Value::as_array) {
        let kind = |item: &Value| match item["__typename"].as_str() {
            Some("ClosedEvent") => json!("CLOSED_EVENT"),
            _ => json!("REOPENED_EVENT"),
        };
        items.retain(|item| kinds.contains(&kind(item)));
    }
    let order = asked.arguments.get("orderBy");
    if order.is_some_and(|order| order["direction"] == "ASC") {
        items.reverse();
    }
    items
}

fn find_repository(state: &State, owner: &str, name: &str) -> Result<Value, Refused> {
    let name = RepositoryName::new(owner, name);
    let found = state.repository(&name);
    let found = found.map(|found| repository(state, found));
    found.ok_or_else(|| {
        Refused::not_found(format!(
            "Could not resolve to a Repository with the name '{name}'."
        ))
    })
}

fn numbered(of: &Value, asked: &Asked<'_>, what: &str, lists: &[&str]) -> Result<Value, Refused> {
    let number = asked.number("number").unwrap_or_default();
    let lists = lists.iter().filter_map(|list| of[*list].as_array());
    let found = lists.flatten().find(|one| one["number"] == number);
    found.cloned().ok_or_else(|| {
        Refused::not_found(format!(
            "Could not resolve to {what} with the number of {number}."
        ))
    })
}

fn mutate(state: &mut State, asked: &Asked<'_>) -> Result<Value, Refused> {
    let input = asked.arguments.get("input").unwrap_or(&Value::Null);
    let id = input["issueId"].as_str().or(input["subjectId"].as_str());
    let id = id.unwrap_or_default();
    let which = state.issue_by_node(id);
    let which = which.ok_or_else(|| Refused::from(Refusal::NoNode(id.to_owned())))?;
    let mut payload = json!({"__typename": asked.returns});
    payload["clientMutationId"] = input["clientMutationId"].clone();
    match asked.name {
        "addComment" => {
            let posted = state.comment(&which, input["body"].as_str().unwrap_or_default())?;
            let count = state.issue(&which).map_or(0, |issue| issue.comments.len());
            payload["commentEdge"] = json!({
                "__typename": "IssueCommentEdge",
                "cursor": cursor(count.saturating_sub(1)),
                "node": comment(state, &which, &posted),
            });
            return Ok(payload);
        }
        "closeIssue" => state.close(&which, close_reason(&input["stateReason"])),
        _ => state.reopen(&which),
    }
    let repository = state.repository(&which.repository);
    let found = repository.and_then(|one| Some((one, one.issues.get(&which.number)?)));
    payload["issue"] = found.map_or(Value::Null, |(one, found)| issue(state, one, found));
    Ok(payload)
}

fn close_reason(given: &Value) -> CloseReason {
    match given.as_str() {
        Some("NOT_PLANNED") => CloseReason::NotPlanned,
        Some("DUPLICATE") => CloseReason::Duplicate,
        _ => CloseReason::Completed,
    }
}

fn user(login: &str) -> Value {
    json!({
        "__typename": "User",
        "id": format!("U_{login}"),
        "login": login,
        "name": login,
        "url": format!("https://github.com/{login}"),
    })
}

/// A repository with all that is in it; `issues` and `pulls` are reached by number only.
fn repository(state: &State, of: &Repository) -> Value {
    let issues = of.issues.values().map(|one| issue(state, of, one));
    let pulls = of.pull_requests.values().map(|one| pull_request(of, one));
    let releases = of.releases.iter().map(|one| release(of, one));
    json!({
        "__typename": "Repository",
        "id": node_id("R", of.id, 0),
        "name": of.name.name,
        "nameWithOwner": of.name.to_string(),
        "url": of.url(""),
        "hasIssuesEnabled": true,
        "issues": issues.collect::<Vec<_>>(),
        "pulls": pulls.collect::<Vec<_>>(),
        "releases": releases.collect::<Vec<_>>(),
        "refs": of.tags.iter().map(tag_ref).collect::<Vec<_>>(),
    })
}

fn issue(state: &State, repository: &Repository, issue: &Issue) -> Value {
    let which = IssueRef {
        repository: repository.name.clone(),
        number: issue.number,
    };
    let comments = issue.comments.iter().map(|one| comment(state, &which, one));
    let events = issue.events.iter().map(|one| event(repository, one));
    json!({
        "__typename": "Issue",
        "id": issue_node(repository.id, issue.number),
        "number": issue.number,
        "title": issue.title,
        "url": repository.url(&format!("issues/{}", issue.number)),
        "state": issue.state.text(),
        "stateReason": issue.state.reason(),
        "closedAt": issue.state.closed_at(),
        // Looked up by name on request, because it contains this issue.
        "repository": repository.name.to_string(),
        "comments": comments.collect::<Vec<_>>(),
        "timelineItems": events.collect::<Vec<_>>(),
    })
}

fn comment(state: &State, on: &IssueRef, comment: &Comment) -> Value {
    let IssueRef { repository, number } = on;
    json!({
        "__typename": "IssueComment",
        "id": node_id("IC", 0, comment.id),
        "author": user(&comment.author.login),
        "authorAssociation": comment.author.association.text(),
        "body": comment.body,
        "createdAt": comment.at,
        "url": format!("https://github.com/{repository}/issues/{number}#issuecomment-{}", comment.id),
        "viewerDidAuthor": comment.author.login == state.operator().login,
    })
}

fn event(repository: &Repository, event: &IssueEvent) -> Value {
    let mut value = json!({
        "__typename": "ReopenedEvent",
        "id": node_id("REE", 0, event.id),
        "actor": user(&event.actor),
        "createdAt": event.at,
        "stateReason": "REOPENED",
    });
    if let EventKind::Closed { reason, closer } = &event.kind {
        let closer = closer.and_then(|number| repository.pull_requests.get(&number));
        value["__typename"] = json!("ClosedEvent");
        value["id"] = json!(node_id("CE", 0, event.id));
        value["stateReason"] = json!(reason.text());
        value["closer"] = closer.map_or(Value::Null, |pull| pull_request(repository, pull));
    }
    value
}

fn pull_request(repository: &Repository, pull: &PullRequest) -> Value {
    let commit = commit(&pull.merge_commit, &pull.title, pull.merged_at);
    json!({
        "__typename": "PullRequest",
        "id": node_id("PR", repository.id, pull.number),
        "number": pull.number,
        "title": pull.title,
        "url": repository.url(&format!("pull/{}", pull.number)),
        "state": "MERGED",
        "closedAt": pull.merged_at,
        "mergedAt": pull.merged_at,
        "mergeCommit": commit,
        "commits": [{"__typename": "PullRequestCommit", "commit": commit}],
    })
}

fn commit(oid: &str, headline: &str, at: Timestamp) -> Value {
    json!({
        "__typename": "Commit",
        "oid": oid,
        "messageHeadline": headline,
        "committedDate": at,
    })
}

fn tag_ref(tag: &Tag) -> Value {
    let commit = commit(&tag.commit, &format!("Release {}", tag.name), tag.at);
    let target = match &tag.object {
        None => commit,
        Some(object) => json!({
            "__typename": "Tag",
            "oid": object,
            "name": tag.name,
            "tagger": {"__typename": "GitActor", "name": "Spec Kitty", "date": tag.at},
            "target": commit,
        }),
    };
    json!({"__typename": "Ref", "name": tag.name, "target": target})
}

fn release(repository: &Repository, release: &Release) -> Value {
    let tag = &release.tag;
    json!({
        "__typename": "Release",
        "name": tag,
        "tagName": tag,
        "tagCommit": commit(&release.commit, &format!("Release {tag}"), release.published_at),
        "url": repository.url(&format!("releases/tag/{tag}")),
        "isDraft": false,
        "isPrerelease": release.prerelease,
        "publishedAt": release.published_at,
        "releaseAssets": [{
            "__typename": "ReleaseAsset",
            "id": format!("RA_{tag}"),
            "name": format!("{}-{tag}.tar.gz", repository.name.name),
            "size": 4096,
        }],
    })
}

#[cfg(test)]
mod tests {
    use super::super::schema::Schema;
    use super::*;
    use crate::rehearsal::Faults;
    use crate::rehearsal::github::{RepositoryFacts, TagFact, phase4};

    /// Every object in a value, with those inside it.
    fn objects(value: &Value) -> Vec<&Value> {
        let below = match value {
            Value::Array(items) => items.iter().flat_map(objects).collect(),
            Value::Object(fields) => fields.values().flat_map(objects).collect(),
            _ => Vec::new(),
        };
        let own = value.get("__typename").map(|_| value);
        own.into_iter().chain(below).collect()
    }

    #[test]
    fn an_object_has_every_field_of_its_type_and_no_other() {
        let tag = |name: &str, object: Option<&str>| TagFact {
            name: name.to_owned(),
            commit: "c".repeat(40),
            object: object.map(str::to_owned),
            prerelease: true,
            published_at: Timestamp::UNIX_EPOCH,
            released: true,
        };
        let facts = RepositoryFacts {
            tags: vec![tag("v1", None), tag("v2", Some("t"))],
            ..RepositoryFacts::default()
        };
        let state = phase4(&facts, &Faults::default());
        let repository = repository(&state, &state.repositories()[0]);
        let mut seen = std::collections::BTreeSet::new();
        for object in objects(&repository) {
            let of = object["__typename"].as_str().unwrap();
            let by_number = ["issue", "pullRequest", "issueOrPullRequest", "release"];
            let wanted = Schema::get().fields(of).iter();
            let wanted = wanted.map(|field| field.node.name.node.as_str());
            let mut wanted: Vec<_> = wanted.filter(|name| !by_number.contains(name)).collect();
            let fields = object.as_object().unwrap().keys().map(String::as_str);
            let mut fields: Vec<_> = fields.filter(|name| *name != "__typename").collect();
            fields.retain(|name| of != "Repository" || !["issues", "pulls"].contains(name));
            wanted.sort_unstable();
            fields.sort_unstable();
            assert_eq!(fields, wanted, "{of}");
            seen.insert(of);
        }
        for of in [
            "Issue",
            "IssueComment",
            "ClosedEvent",
            "Tag",
            "Release",
            "GitActor",
        ] {
            assert!(seen.contains(of), "{of}: {seen:?}");
        }
    }
}
