//! `gh api`: GraphQL and REST as the gate asks them.

use canary_gate::rehearsal::github::{OPERATOR, Person};
use serde_json::{Value, json};

use crate::support::{HARNESS, PRODUCT, World, issue_ref, oid};

const TIMELINE: &str = "query($owner: String!, $name: String!, $number: Int!) {
  repository(owner: $owner, name: $name) {
    issue(number: $number) {
      id number title state stateReason closedAt url
      timelineItems(itemTypes: [CLOSED_EVENT, REOPENED_EVENT], last: 100) {
        nodes {
          __typename
          ... on ClosedEvent {
            createdAt actor { login } stateReason
            closer {
              __typename
              ... on PullRequest { number url mergeCommit { oid } }
              ... on Commit { oid url }
            }
          }
          ... on ReopenedEvent { createdAt actor { login } }
        }
      }
      closedByPullRequestsReferences(first: 10) { nodes { number } }
    }
  }
}";

fn timeline(world: &World, number: u32) -> Value {
    let query = format!("query={TIMELINE}");
    let number = format!("number={number}");
    let names = ["-f", "owner=Priivacy-ai", "-f", "name=spec-kitty", "-F"];
    let arguments = [&["api", "graphql", "-f", &query], &names[..], &[&number]].concat();
    let mut answer = world.json(&arguments);
    answer["data"]["repository"]["issue"].take()
}

#[test]
fn the_timeline_names_the_closing_change() {
    let world = World::new(&[]);
    let issue = timeline(&world, 1141);
    assert_eq!(issue["stateReason"], "COMPLETED");
    let nodes = issue["timelineItems"]["nodes"].as_array().expect("a list");
    let kinds: Vec<&Value> = nodes.iter().map(|node| &node["__typename"]).collect();
    assert_eq!(kinds, ["ClosedEvent", "ReopenedEvent", "ClosedEvent"]);
    assert_eq!(
        nodes[2]["closer"],
        json!({
            "__typename": "PullRequest",
            "number": 1187,
            "url": "https://github.com/Priivacy-ai/spec-kitty/pull/1187",
            "mergeCommit": {"oid": oid('a')},
        })
    );
    assert_eq!(nodes[1]["actor"]["login"], "kitty-maintainer");
    let closing = &issue["closedByPullRequestsReferences"]["nodes"];
    assert_eq!(closing, &json!([{"number": 1150}, {"number": 1187}]));
    world.assert_all_known();
}

#[test]
fn a_comments_newest_page_and_the_pages_before_it() {
    let world = World::new(&[]);
    let ask = |window: &str| {
        let query = format!(
            "query={{ repository(owner: \"Priivacy-ai\", name: \"spec-kitty\") {{ issue(number: 1038) {{ comments({window}) {{ totalCount nodes {{ author {{ login ... on User {{ name }} }} authorAssociation createdAt url body id }} pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }} }} }}"
        );
        let mut answer = world.json(&["api", "graphql", "-f", &query]);
        answer["data"]["repository"]["issue"]["comments"].take()
    };
    let newest = ask("last: 1");
    assert_eq!(newest["totalCount"], 2);
    assert_eq!(newest["nodes"][0]["author"]["login"], "kitty-releases");
    assert_eq!(newest["pageInfo"]["hasPreviousPage"], true);
    let cursor = newest["pageInfo"]["startCursor"]
        .as_str()
        .expect("a cursor");
    let older = ask(&format!("last: 1, before: \"{cursor}\""));
    assert_eq!(older["nodes"][0]["author"]["login"], "kitty-maintainer");
    let first = ask("first: 1");
    assert_eq!(first["nodes"], older["nodes"]);
    let cursor = first["pageInfo"]["endCursor"].as_str().expect("a cursor");
    assert_eq!(
        ask(&format!("first: 5, after: \"{cursor}\""))["nodes"],
        newest["nodes"]
    );
    world.assert_all_known();
}

#[test]
fn a_list_without_bounds_is_refused_as_github_does() {
    let world = World::new(&[]);
    let query = "query={ repository(owner: \"Priivacy-ai\", name: \"spec-kitty\") { issue(number: 1038) { comments { nodes { body } } } } }";
    let stderr = world.fails(&["api", "graphql", "-f", query]);
    assert!(
        stderr.contains("You must provide a `first` or `last` value"),
        "{stderr}"
    );
    world.assert_all_known();
}

#[test]
fn reads_releases_refs_pulls_and_who_one_is_in_one_query() {
    let world = World::new(&[]);
    let query = "query={ viewer { login } rateLimit { remaining } repository(owner: \"Priivacy-ai\", name: \"spec-kitty\") { nameWithOwner defaultBranchRef { name target { oid } } releases(first: 2, orderBy: {field: CREATED_AT, direction: DESC}) { nodes { tagName isPrerelease isDraft publishedAt url tagCommit { oid } } } refs(refPrefix: \"refs/tags/\", first: 10) { nodes { name target { oid ... on Tag { target { oid } } ... on Commit { committedDate } } } } pullRequest(number: 1187) { number state mergedAt baseRefName headRefOid mergeCommit { oid } commits(first: 5) { totalCount nodes { commit { oid } } } closingIssuesReferences(first: 5) { nodes { number } } } } }";
    let answer = world.json(&["api", "graphql", "-f", query]);
    let data = &answer["data"];
    assert_eq!(data["viewer"]["login"], OPERATOR);
    let repository = &data["repository"];
    assert_eq!(repository["defaultBranchRef"]["target"]["oid"], oid('f'));
    let releases = repository["releases"]["nodes"].as_array().expect("a list");
    assert_eq!(releases.len(), 2);
    assert_eq!(releases[0]["tagName"], "v3.2.0rc16");
    assert_eq!(releases[0]["isPrerelease"], true);
    assert_eq!(releases[0]["tagCommit"]["oid"], oid('3'));
    let refs = repository["refs"]["nodes"].as_array().expect("a list");
    assert_eq!(refs[0]["name"], "v3.2.0rc16");
    assert_eq!(refs[0]["target"]["oid"], oid('3'));
    let pull = &repository["pullRequest"];
    assert_eq!(pull["state"], "MERGED");
    assert_eq!(pull["mergeCommit"]["oid"], oid('a'));
    assert_eq!(
        pull["closingIssuesReferences"]["nodes"],
        json!([{"number": 1141}])
    );
    world.assert_all_known();
}

#[test]
fn a_field_that_does_not_exist_is_refused_in_githubs_words_and_remembered() {
    let world = World::new(&[]);
    let query = "query={ repository(owner: \"Priivacy-ai\", name: \"spec-kitty\") { issue(number: 1141) { closingPullRequests(first: 1) { nodes { number } } } } }";
    let stderr = world.fails(&["api", "graphql", "-f", query]);
    let words = "Field 'closingPullRequests' doesn't exist on type 'Issue'";
    assert!(stderr.contains(words), "{stderr}");
    let unknown = &world.state.final_state()["unknown_requests"];
    assert_eq!(unknown.as_array().map(Vec::len), Some(1), "{unknown}");
}

#[test]
fn a_mutation_that_no_gate_sends_is_remembered_and_changes_nothing() {
    let world = World::new(&[]);
    let before = world.state.final_state()["repositories"].clone();
    world.fails(&["issue", "edit", "1038", "-R", PRODUCT, "--title", "other"]);
    world.fails(&["release", "create", "v9", "-R", PRODUCT, "--notes", "cut"]);
    world.fails(&["api", "-X", "DELETE", "repos/Priivacy-ai/spec-kitty"]);
    let end = world.state.final_state();
    assert_eq!(end["repositories"], before);
    let unknown = end["unknown_requests"].to_string();
    assert!(unknown.contains("updateIssue"), "{unknown}");
    assert!(
        unknown.contains("POST /repos/Priivacy-ai/spec-kitty/releases"),
        "{unknown}"
    );
    assert!(
        unknown.contains("DELETE /repos/Priivacy-ai/spec-kitty"),
        "{unknown}"
    );
}

/// As `gh` after 2.46 asks for an issue; those versions are not on every machine.
#[test]
fn newer_versions_of_gh_find_their_fields() {
    let world = World::new(&[]);
    let fields = "id,number,title,state,stateReason(enableDuplicate: true),isPinned,author{login,...on User{id,name}},assignedActors(first:10){nodes{...on User{id,login,name,__typename}...on Bot{id,login,__typename}},totalCount},closedByPullRequestsReferences(first:100){nodes{id,number,url,repository{id,name,owner{id,login}}},pageInfo{hasNextPage,endCursor}},issueType{id,name,description,color},parent{number},subIssues(first:100){nodes{number}totalCount},subIssuesSummary{total,completed,percentCompleted},blockedBy(first:10){nodes{number}},blocking(first:10){nodes{number}},milestone{number,title,description,dueOn},reactionGroups{content,users{totalCount}}";
    let query = format!(
        "query=query IssueByNumber($owner: String!, $repo: String!, $number: Int!) {{ repository(owner: $owner, name: $repo) {{ hasIssuesEnabled issue: issueOrPullRequest(number: $number) {{ __typename ...on Issue{{{fields}}} ...on PullRequest{{id,number,title,state,author{{login}}}} }} }} Issue: __type(name: \"Issue\") {{ fields(includeDeprecated: true) {{ name }} }} }}"
    );
    let variables = [
        "-f",
        "owner=Priivacy-ai",
        "-f",
        "repo=spec-kitty",
        "-F",
        "number=1182",
    ];
    let answer = world.json(&[&["api", "graphql", "-f", &query], &variables[..]].concat());
    let issue = &answer["data"]["repository"]["issue"];
    assert_eq!(issue["__typename"], "Issue");
    assert_eq!(
        issue["closedByPullRequestsReferences"]["nodes"][0]["number"],
        1188
    );
    let names = answer["data"]["Issue"]["fields"].to_string();
    assert!(names.contains("stateReason"), "{names}");

    let query = "query=query IssueProjectItems { repository(owner: \"Priivacy-ai\", name: \"spec-kitty\") { issue(number: 1182) { projectItems(first: 100) { totalCount nodes { id project { id title } fieldValueByName(name: \"Status\") { ... on ProjectV2ItemFieldSingleSelectValue { optionId name } } } pageInfo { hasNextPage endCursor } } } } }";
    let answer = world.json(&["api", "graphql", "-f", query]);
    let items = &answer["data"]["repository"]["issue"]["projectItems"];
    assert_eq!(items["totalCount"], 0);
    world.assert_all_known();
}

#[test]
fn rest_reads_what_the_gate_needs() {
    let world = World::new(&[]);
    let get = |below: &str| world.json(&["api", &format!("repos/{PRODUCT}/{below}")]);
    let releases = get("releases");
    assert_eq!(releases[0]["tag_name"], "v3.2.0rc16");
    assert_eq!(releases[0]["prerelease"], true);
    assert_eq!(releases[2]["tag_name"], "v3.1.0");
    let url = "https://github.com/Priivacy-ai/spec-kitty/releases/tag/v3.2.0rc16";
    assert_eq!(releases[0]["html_url"], url);
    assert_eq!(get("releases/latest")["tag_name"], "v3.1.0");
    assert_eq!(get("releases/tags/v3.2.0rc15")["prerelease"], true);
    assert_eq!(get("tags")[0]["commit"]["sha"], oid('3'));
    assert_eq!(get("git/ref/tags/v3.2.0rc16")["object"]["sha"], oid('3'));
    assert_eq!(get(&format!("commits/{}", oid('a')))["sha"], oid('a'));
    assert_eq!(get("pulls/1188")["merge_commit_sha"], oid('b'));
    assert_eq!(get("issues/1141")["state_reason"], "completed");
    assert_eq!(get("issues/1141/events")[1]["event"], "reopened");
    assert_eq!(get("issues/1141/timeline")[1]["event"], "commented");
    let runs = get(&format!("actions/runs?head_sha={}", oid('3')));
    assert_eq!(runs["total_count"], 1);
    let tag = world.json(&[
        "api",
        "repos/Priivacy-ai/spec-kitty-events/git/ref/tags/v5.1.0",
    ]);
    assert_eq!(
        tag["object"],
        json!({"sha": oid('6'), "type": "tag", "url": tag["object"]["url"]})
    );
    let path = format!("repos/Priivacy-ai/spec-kitty-events/git/tags/{}", oid('6'));
    assert_eq!(world.json(&["api", &path])["object"]["sha"], oid('5'));
    assert_eq!(world.json(&["api", "rate_limit"])["rate"]["limit"], 5000);
    world.assert_all_known();
}

#[test]
fn what_is_not_there_is_404_and_a_foreign_commit_422() {
    let world = World::new(&[]);
    let stderr = world.fails(&["api", &format!("repos/{PRODUCT}/issues/7")]);
    assert!(stderr.contains("Not Found (HTTP 404)"), "{stderr}");
    let stderr = world.fails(&["api", "repos/Priivacy-ai/nothing/releases"]);
    assert!(stderr.contains("Not Found (HTTP 404)"), "{stderr}");
    let stderr = world.fails(&["api", &format!("repos/{PRODUCT}/commits/1234567")]);
    assert!(
        stderr.contains("No commit found for SHA: 1234567"),
        "{stderr}"
    );
    world.assert_all_known();
}

#[test]
fn rest_pages_lead_on() {
    let world = World::new(&[]);
    let tracker = issue_ref(PRODUCT, 1038);
    for number in 0..5 {
        let author = Person::member("kitty-maintainer");
        let text = format!("note {number}");
        world.state.lock().comment_by(author, &tracker, &text);
    }
    let path = format!("repos/{PRODUCT}/issues/1038/comments?per_page=3");
    let bodies = world.gh(&["api", "--paginate", &path, "--jq", ".[].body"]);
    assert_eq!(bodies.lines().count(), 7, "{bodies}");
    assert_eq!(bodies.lines().last(), Some("note 4"));
    assert_eq!(world.requests().len(), 3);
    world.assert_all_known();
}

#[test]
fn rest_writes_count_like_the_others() {
    let world = World::new(&[]);
    let path = format!("repos/{HARNESS}/issues/41");
    let comment = world.json(&["api", &format!("{path}/comments"), "-f", "body=evidence"]);
    assert_eq!(comment["body"], "evidence");
    let closed = world.json(&["api", "-X", "PATCH", &path, "-f", "state=closed"]);
    assert_eq!(closed["state"], "closed");
    assert_eq!(closed["closed_by"]["login"], OPERATOR);
    world.gh(&["api", "-X", "PATCH", &path, "-f", "state=open"]);
    let writes = json!({"comments": 1, "closes": 1, "reopens": 1});
    assert_eq!(world.issue(HARNESS, 41)["by_gate"], writes);
    assert_eq!(world.state.final_state()["writes_by_gate"], writes);
    world.assert_all_known();
}

#[test]
fn other_commands_of_gh_work_too() {
    let world = World::new(&[]);
    let releases = world.gh(&["release", "list", "-R", PRODUCT]);
    assert!(releases.contains("v3.2.0rc16"), "{releases}");
    let fields = "tagName,isPrerelease,publishedAt,url";
    let release = world.json(&[
        "release",
        "view",
        "v3.2.0rc16",
        "-R",
        PRODUCT,
        "--json",
        fields,
    ]);
    assert_eq!(release["isPrerelease"], true);
    let fields = "number,state,mergedAt,mergeCommit,baseRefName,headRefOid,commits,title,url";
    let pull = world.json(&["pr", "view", "1187", "-R", PRODUCT, "--json", fields]);
    assert_eq!(pull["mergeCommit"]["oid"], oid('a'));
    let runs = world.gh(&["run", "list", "-R", PRODUCT]);
    assert!(runs.contains("release"), "{runs}");
    world.assert_all_known();
}
