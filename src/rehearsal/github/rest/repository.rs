//! Repositories, releases, tags, commits, pull requests and workflow runs in REST's shape.

use serde_json::{Value, json};

use super::super::repository::{
    Commit, PullRequest, Release, Repository, Tag, WorkflowRun, node_id,
};
use super::{Asked, api, user};

pub(super) fn repository(one: &Repository) -> Value {
    json!({
        "id": one.id,
        "node_id": node_id("R", one.id, &one.name.name),
        "name": one.name.name,
        "full_name": one.name.to_string(),
        "private": false,
        "owner": {"login": one.name.owner, "type": "Organization"},
        "html_url": one.url(""),
        "url": api(one, ""),
        "description": null,
        "fork": false,
        "created_at": one.created_at,
        "default_branch": Repository::BRANCH,
        "archived": false,
        "has_issues": true,
        "visibility": "public",
        "open_issues_count": one.issues.values().filter(|it| it.state.is_open()).count(),
        "permissions": {"admin": false, "maintain": false, "push": true, "triage": true, "pull": true},
    })
}

fn release_json(of: &Repository, release: &Release) -> Value {
    json!({
        "url": api(of, &format!("releases/{}", release.id)),
        "html_url": of.url(&format!("releases/tag/{}", release.tag)),
        "id": release.id,
        "node_id": node_id("RE", of.id, release.id),
        "tag_name": release.tag,
        "target_commitish": release.target,
        "name": release.tag,
        "draft": release.draft,
        "prerelease": release.prerelease,
        "created_at": release.published_at,
        "published_at": (!release.draft).then_some(release.published_at),
        "author": user(&release.author),
        "assets": [],
        "body": release.body,
    })
}

pub(super) fn releases(of: &Repository) -> Vec<Value> {
    of.releases
        .iter()
        .map(|one| release_json(of, one))
        .collect()
}

pub(super) fn release(of: &Repository, tag: &str) -> Option<Value> {
    let found = of
        .releases
        .iter()
        .find(|one| one.tag == tag && !one.draft)?;
    Some(release_json(of, found))
}

pub(super) fn latest_release(of: &Repository) -> Option<Value> {
    let found = of
        .releases
        .iter()
        .find(|one| !one.draft && !one.prerelease)?;
    Some(release_json(of, found))
}

pub(super) fn tags(of: &Repository) -> Vec<Value> {
    let tag = |tag: &Tag| {
        json!({
            "name": tag.name,
            "commit": {"sha": tag.commit, "url": api(of, &format!("commits/{}", tag.commit))},
            "node_id": node_id("REF", of.id, &tag.name),
        })
    };
    of.tags.iter().map(tag).collect()
}

fn ref_json(of: &Repository, name: &str, kind: &str, oid: &str) -> Value {
    json!({
        "ref": format!("refs/{name}"),
        "node_id": node_id("REF", of.id, name),
        "url": api(of, &format!("git/refs/{name}")),
        "object": {"sha": oid, "type": kind, "url": api(of, &format!("git/{kind}s/{oid}"))},
    })
}

/// All refs with their names below `refs/`.
fn refs(of: &Repository) -> Vec<(String, Value)> {
    let branch = format!("heads/{}", Repository::BRANCH);
    let main = ref_json(of, &branch, "commit", &of.head);
    let tags = of.tags.iter().map(|tag| {
        let name = format!("tags/{}", tag.name);
        let (kind, oid) = match &tag.object {
            Some(object) => ("tag", object),
            None => ("commit", &tag.commit),
        };
        let value = ref_json(of, &name, kind, oid);
        (name, value)
    });
    std::iter::once((branch, main)).chain(tags).collect()
}

pub(super) fn one_ref(of: &Repository, name: &str) -> Option<Value> {
    let mut refs = refs(of).into_iter();
    refs.find(|(one, _)| one == name).map(|(_, value)| value)
}

pub(super) fn matching_refs(of: &Repository, start: &str) -> Vec<Value> {
    let refs = refs(of).into_iter();
    refs.filter(|(name, _)| name.starts_with(start))
        .map(|(_, value)| value)
        .collect()
}

pub(super) fn tag_object(of: &Repository, oid: &str) -> Option<Value> {
    let tag = of
        .tags
        .iter()
        .find(|tag| tag.object.as_deref() == Some(oid))?;
    Some(json!({
        "node_id": node_id("TA", of.id, oid),
        "tag": tag.name,
        "sha": oid,
        "url": api(of, &format!("git/tags/{oid}")),
        "message": tag.name,
        "object": {"sha": tag.commit, "type": "commit"},
    }))
}

fn commit_data(commit: &Commit) -> Value {
    let person = json!({"name": "Spec Kitty", "email": "dev@example.org", "date": commit.at});
    json!({"author": person, "committer": person, "message": commit.message})
}

/// The commit that an object id, a unique start of one, a tag or the branch leads to.
fn resolve<'a>(of: &'a Repository, revision: &str) -> Option<&'a Commit> {
    let tag = of.tags.iter().find(|tag| tag.name == revision);
    let oid = match tag {
        Some(tag) => tag.commit.as_str(),
        None if revision == Repository::BRANCH => of.head.as_str(),
        None => revision,
    };
    let mut found = of
        .commits
        .values()
        .filter(|commit| commit.oid == oid || (oid.len() >= 7 && commit.oid.starts_with(oid)));
    found.next()
}

fn commit_json(of: &Repository, commit: &Commit) -> Value {
    json!({
        "sha": commit.oid,
        "node_id": node_id("C", of.id, &commit.oid),
        "commit": commit_data(commit),
        "url": api(of, &format!("commits/{}", commit.oid)),
        "html_url": of.url(&format!("commit/{}", commit.oid)),
        "parents": [],
    })
}

pub(super) fn commit(of: &Repository, revision: &str) -> Option<Value> {
    resolve(of, revision).map(|commit| commit_json(of, commit))
}

pub(super) fn git_commit(of: &Repository, oid: &str) -> Option<Value> {
    let commit = of.commits.get(oid)?;
    let mut value = commit_data(commit);
    value["sha"] = Value::String(commit.oid.clone());
    value["html_url"] = Value::String(of.url(&format!("commit/{oid}")));
    Some(value)
}

fn pull_json(of: &Repository, pull: &PullRequest) -> Value {
    json!({
        "url": api(of, &format!("pulls/{}", pull.number)),
        "html_url": of.url(&format!("pull/{}", pull.number)),
        "id": of.id * 10_000 + u64::from(pull.number),
        "node_id": node_id("PR", of.id, pull.number),
        "number": pull.number,
        "state": "closed",
        "locked": false,
        "title": pull.title,
        "user": user(&pull.author.login),
        "body": pull.body,
        "created_at": pull.created_at,
        "updated_at": pull.merged_at,
        "closed_at": pull.merged_at,
        "merged_at": pull.merged_at,
        "merge_commit_sha": pull.merge_commit,
        "merged": true,
        "merged_by": user(&pull.merged_by),
        "draft": false,
        "commits": pull.commits.len(),
        "head": {"ref": pull.branch, "sha": pull.head},
        "base": {"ref": pull.base},
        "author_association": pull.author.association.text(),
    })
}

/// Pull requests of a state; all there are are merged, so `open` (the default) has none.
pub(super) fn pulls(of: &Repository, state: Option<&str>) -> Vec<Value> {
    if !matches!(state, Some("closed" | "all")) {
        return Vec::new();
    }
    let pulls = of.pull_requests.values().rev();
    pulls.map(|pull| pull_json(of, pull)).collect()
}

fn numbered<'a>(of: &'a Repository, number: &str) -> Option<&'a PullRequest> {
    of.pull_requests.get(&number.parse().ok()?)
}

pub(super) fn pull(of: &Repository, number: &str) -> Option<Value> {
    numbered(of, number).map(|pull| pull_json(of, pull))
}

pub(super) fn pull_commits(of: &Repository, number: &str) -> Option<Vec<Value>> {
    let commits = numbered(of, number)?.commits.iter();
    let known = commits.filter_map(|oid| of.commits.get(oid));
    Some(known.map(|commit| commit_json(of, commit)).collect())
}

fn run_json(of: &Repository, run: &WorkflowRun) -> Value {
    json!({
        "id": run.id,
        "name": run.workflow,
        "display_title": run.workflow,
        "workflow_id": workflow_id(of, &run.workflow),
        "head_branch": run.branch,
        "head_sha": run.head,
        "run_number": 1,
        "run_attempt": 1,
        "event": run.event,
        "status": "completed",
        "conclusion": run.conclusion,
        "html_url": of.url(&format!("actions/runs/{}", run.id)),
        "created_at": run.at,
        "updated_at": run.at,
        "run_started_at": run.at,
    })
}

/// Workflow runs, by commit or branch when the request names one.
pub(super) fn runs(of: &Repository, asked: &Asked<'_>) -> Value {
    let fits = |name: &str, value: &str| asked.parameter(name).is_none_or(|it| it == value);
    let size = asked.number("per_page", 30).clamp(1, 100);
    let runs: Vec<Value> = of
        .runs
        .iter()
        .filter(|run| fits("head_sha", &run.head) && fits("branch", &run.branch))
        .filter(|run| fits("event", &run.event))
        .map(|run| run_json(of, run))
        .collect();
    let shown: Vec<&Value> = runs.iter().take(size).collect();
    json!({"total_count": runs.len(), "workflow_runs": shown})
}

pub(super) fn run(of: &Repository, id: &str) -> Option<Value> {
    let id: u64 = id.parse().ok()?;
    let run = of.runs.iter().find(|run| run.id == id)?;
    Some(run_json(of, run))
}

fn names(of: &Repository) -> Vec<&str> {
    let mut names: Vec<&str> = of.runs.iter().map(|run| run.workflow.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn workflow_id(of: &Repository, name: &str) -> usize {
    let at = names(of).iter().position(|one| *one == name);
    at.unwrap_or_default() + 1
}

pub(super) fn workflows(of: &Repository) -> Value {
    let names = names(of);
    let workflow = |name: &&str| json!({"id": workflow_id(of, name), "name": name, "path": format!(".github/workflows/{name}.yml"), "state": "active"});
    let all: Vec<Value> = names.iter().map(workflow).collect();
    json!({"total_count": all.len(), "workflows": all})
}
