//! Tokens, scopes, outages, renamed repositories.

use canary_gate::rehearsal::Fault;
use canary_gate::rehearsal::github::{ENVIRONMENT_TOKEN, OPERATOR, RepositoryName};
use serde_json::{Value, json};

use super::support::{HARNESS, PRODUCT, World};

const ISSUE: &str =
    r#"repository(owner:"Priivacy-ai",name:"spec-kitty"){issue(number:1141){state}}"#;

const VIEW: [&str; 7] = ["issue", "view", "1141", "-R", PRODUCT, "--json", "state"];

#[test]
fn auth_status_names_the_login() {
    let world = World::new(&[]);
    let output = world.run(&["auth", "status"]);
    assert!(output.status.success());
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    assert!(text.contains(OPERATOR), "{text}");
    assert!(text.contains("repo"), "{text}");
    let user = world.gh(&["api", "user", "--jq", ".login"]);
    assert_eq!(user.trim(), OPERATOR);
    world.assert_all_known();
}

#[test]
fn an_unknown_token_is_refused_and_never_recorded() {
    let world = World::new(&[]);
    let output = world
        .command()
        .args(VIEW)
        .env("GH_TOKEN", "expired")
        .output()
        .expect("gh");
    assert!(!output.status.success());
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("Bad credentials"), "{stderr}");
    let end = world.state.final_state();
    assert_eq!(end["requests"][0]["token"], "unknown");
    assert!(!end.to_string().contains("expired"));
}

#[test]
fn says_502_once() {
    let world = World::new(&[Fault::Github502Once]);
    // Asking who one is does not use the outage up.
    world.gh(&["api", "user"]);
    assert!(world.fails(&VIEW).contains("HTTP 502"));
    assert_eq!(world.json(&VIEW), json!({"state": "CLOSED"}));
}

#[test]
fn says_once_that_the_limit_is_reached() {
    let world = World::new(&[Fault::GithubRateLimited]);
    let viewed = format!("query=query{{{ISSUE}}}");
    let output = world.run(&["api", "graphql", "-i", "-f", &viewed]);
    assert!(!output.status.success());
    let answer = String::from_utf8_lossy(&output.stdout).to_lowercase();
    assert!(answer.contains("403 forbidden"), "{answer}");
    assert!(answer.contains("retry-after: 1"), "{answer}");
    assert!(answer.contains("x-ratelimit-remaining: 0"), "{answer}");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("rate limit"), "{stderr}");
    world.query(&format!("query{{{ISSUE}}}"));
}

#[test]
fn a_token_that_is_too_weak_reads_but_does_not_write() {
    let world = World::new(&[Fault::TokenScopeError]);
    let with_environment = |arguments: &[&str]| {
        let mut command = world.command();
        command.env("GITHUB_TOKEN", ENVIRONMENT_TOKEN);
        command.args(arguments).output().expect("gh")
    };
    assert!(with_environment(&VIEW).status.success());
    let comment = ["issue", "comment", "41", "-R", HARNESS, "--body", "hello"];
    let refused = with_environment(&comment);
    assert!(!refused.status.success());
    let stderr = String::from_utf8_lossy(&refused.stderr);
    let words = "Your token has not been granted the required scopes";
    assert!(stderr.contains(words), "{stderr}");
    assert_eq!(world.issue(HARNESS, 41)["by_gate"]["comments"], 0);

    world.gh(&comment);
    assert_eq!(world.issue(HARNESS, 41)["by_gate"]["comments"], 1);
    let requests = world.requests();
    let used = |token: &str| requests.iter().filter(|one| one.contains(token)).count();
    assert!(used("[environment]") >= 2, "{requests:?}");
    let last = requests.last().expect("a request");
    assert!(last.contains("(addComment) [stored] 200"), "{last}");
    world.assert_all_known();
}

fn renamed() -> World {
    let world = World::new(&[]);
    let old = RepositoryName::new("Priivacy-ai", "spec-kitty");
    let new = RepositoryName::new("spec-kitty", "spec-kitty");
    world.state.lock().rename(&old, new);
    world
}

#[test]
fn graphql_follows_a_rename() {
    let world = renamed();
    let old = world.json(&[
        "issue",
        "view",
        "1141",
        "-R",
        PRODUCT,
        "--json",
        "state,url",
    ]);
    let new = "https://github.com/spec-kitty/spec-kitty/issues/1141";
    assert_eq!(old, json!({"state": "CLOSED", "url": new}));
    let view = ["issue", "view", "1141", "-R", "spec-kitty/spec-kitty"];
    let today = world.json(&[&view[..], &["--json", "state,url"]].concat());
    assert_eq!(today, old);
    world.gh(&["issue", "reopen", "1141", "-R", PRODUCT]);
    let issue = world.issue("spec-kitty/spec-kitty", 1141);
    assert_eq!(issue["by_gate"]["reopens"], 1);
    world.assert_all_known();
}

#[test]
fn rest_answers_a_rename_with_the_new_address() {
    let world = renamed();
    // gh follows it by itself, as it does with the real GitHub.
    let found: Value = world.json(&["api", &format!("repos/{PRODUCT}")]);
    assert_eq!(found["full_name"], "spec-kitty/spec-kitty");
    let requests = world.requests();
    assert_eq!(
        requests[0],
        "GET /repos/Priivacy-ai/spec-kitty [stored] 301"
    );
    assert_eq!(requests[1], "GET /repositories/830001 [stored] 200");
    let today: Value = world.json(&["api", "repos/spec-kitty/spec-kitty"]);
    assert_eq!(today, found);
    world.assert_all_known();
}

#[test]
fn a_route_that_nobody_sends_is_not_found_and_remembered() {
    let world = World::new(&[]);
    let stderr = world.fails(&["api", &format!("repos/{PRODUCT}/releases")]);
    assert!(stderr.contains("Not Found (HTTP 404)"), "{stderr}");
    let unknown = &world.state.final_state()["unknown_requests"];
    assert_eq!(unknown, &json!([format!("GET /repos/{PRODUCT}/releases")]));
}
