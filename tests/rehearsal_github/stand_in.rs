//! The stand-in for `gh` beside the real one: the same calls in the same worlds must print the
//! same bytes, end with the same code, ask the same and leave the same behind.

#![expect(
    clippy::expect_used,
    reason = "a test that cannot set its world up must fail"
)]

use std::process::{Output, Stdio};

use canary_gate::rehearsal::Fault;
use canary_gate::rehearsal::github::{ENVIRONMENT_TOKEN, Hits, Outage, RepositoryName};
use serde_json::Value;

use crate::support::{HARNESS, PRODUCT, World};

const FIELDS: &str = "state,closedAt,title,url";
const QUERY: &str = "query=query($owner:String!,$name:String!,$number:Int!){\
    repository(owner:$owner,name:$name){nameWithOwner \
    issue(number:$number){title url state stateReason closedAt}}}";
const RELEASES: &str = "query=query($owner:String!,$name:String!,$after:String){\
    repository(owner:$owner,name:$name){releases(first:100,after:$after,\
    orderBy:{field:CREATED_AT,direction:DESC}){nodes{tagName isPrerelease isDraft}}}}";

/// The shapes in which the gate starts `gh`; some meet an issue or repository that is not there.
fn calls() -> Vec<Vec<&'static str>> {
    let product = ["-f", "owner=Priivacy-ai", "-f", "name=spec-kitty"];
    let asked = |query| [&["api", "graphql", "-f", query][..], &product].concat();
    let about = |number| [asked(QUERY), vec!["-F", number]].concat();
    let issue = |verb, number, repo| vec!["issue", verb, number, "--repo", repo];
    let view = |number, repo| [issue("view", number, repo), vec!["--json", FIELDS]].concat();
    let comment = |number| [issue("comment", number, HARNESS), vec!["--body-file", "-"]].concat();
    vec![
        view("1141", PRODUCT),
        view("9", PRODUCT),
        view("1", "no/where"),
        about("number=1141"),
        about("number=9"),
        asked(RELEASES),
        asked("query=query{nonsense}"),
        comment("41"),
        comment("9"),
        issue("close", "41", HARNESS),
        issue("close", "1141", PRODUCT),
        issue("close", "9", PRODUCT),
        issue("reopen", "1141", PRODUCT),
        issue("reopen", "41", HARNESS),
    ]
}

/// A world and what is done to it before the call.
struct Situation {
    name: &'static str,
    fault: Option<Fault>,
    token: Option<&'static str>,
    change: fn(&World),
}

fn situations() -> Vec<Situation> {
    let plain = |name, change| Situation {
        name,
        fault: None,
        token: None,
        change,
    };
    let fault = |name, fault| Situation {
        fault: Some(fault),
        ..plain(name, |_| ())
    };
    let token = |name, token| Situation {
        token: Some(token),
        ..plain(name, |_| ())
    };
    let weak = Situation {
        fault: Some(Fault::TokenScopeError),
        ..token("a token that is too weak", ENVIRONMENT_TOKEN)
    };
    vec![
        plain("nothing wrong", |_| ()),
        fault("a read meets a bad gateway", Fault::Github502Once),
        fault("a read meets the limit", Fault::GithubRateLimited),
        plain("a write meets a bad gateway", |world| {
            plan(world, Outage::BadGateway);
        }),
        plain("a write's answer gets lost", |world| {
            plan(world, Outage::AnswerLost);
        }),
        plain("a write meets the limit", |world| {
            plan(world, Outage::RateLimited);
        }),
        weak,
        token("a token that is not known", "expired"),
        token("a token from the environment", ENVIRONMENT_TOKEN),
        plain("no login", |world| {
            std::fs::remove_file(world.path("gh/hosts.yml")).expect("a login");
        }),
        plain("a renamed repository", |world| {
            let old = RepositoryName::new("Priivacy-ai", "spec-kitty");
            let new = RepositoryName::new("spec-kitty", "spec-kitty");
            world.state.lock().rename(&old, new);
        }),
        plain("nobody listens", |world| {
            std::fs::remove_file(world.path("github.sock")).expect("a socket");
        }),
    ]
}

/// The next write meets an outage.
fn plan(world: &World, outage: Outage) {
    world.state.lock().plan_outage(Hits::Writes, outage);
}

/// What is to be seen of one call: its end, its words, what it asked, and the world after it.
#[derive(Debug, PartialEq)]
struct Seen {
    code: Option<i32>,
    stdout: String,
    stderr: String,
    requests: Vec<String>,
    repositories: Value,
}

impl Seen {
    /// Without what differs between versions of the real one.
    fn of_any_version(mut self) -> Self {
        self.stderr.clear();
        self.requests.clear();
        self
    }
}

fn seen(world: &World, situation: &Situation, call: &[&str]) -> Seen {
    (situation.change)(world);
    let input = world.path("input");
    std::fs::write(&input, "four of four: <&> \u{e9}\u{2713}\n").expect("a file");
    let output: Output = world
        .command()
        .env("GH_PROMPT_DISABLED", "1")
        .env("NO_COLOR", "1")
        .envs(situation.token.map(|token| ("GH_TOKEN", token)))
        .args(call)
        .stdin(Stdio::from(std::fs::File::open(&input).expect("a file")))
        .output()
        .expect("it must start");
    let own = world.path("").to_string_lossy().into_owned();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace(&own, "…/");
    Seen {
        code: output.status.code(),
        stdout: text(&output.stdout),
        stderr: text(&output.stderr),
        requests: world.requests(),
        repositories: world.state.final_state()["repositories"].take(),
    }
}

#[test]
fn it_says_and_does_what_the_real_one_does() {
    // Another version words its errors differently; what it does must still be the same.
    let same_version = World::new(&[]).gh(&["--version"]).contains(" 2.23.");
    for situation in situations() {
        for call in calls() {
            let faults = situation.fault.as_slice();
            let real = seen(&World::new(faults), &situation, &call);
            let ours = seen(&World::new(faults).with_stand_in(), &situation, &call);
            let (ours, real) = if same_version {
                (ours, real)
            } else {
                (ours.of_any_version(), real.of_any_version())
            };
            assert_eq!(ours, real, "{}: gh {call:?}", situation.name);
        }
    }
}

#[test]
fn it_says_that_it_is_a_stand_in_and_refuses_what_it_does_not_know() {
    let world = World::new(&[]).with_stand_in();
    assert_eq!(
        world.gh(&["--version"]),
        "gh version 2.23.0 (stand-in/rehearsal)\n"
    );
    for call in [
        &["repo", "delete", PRODUCT][..],
        &["api", "user"],
        &["issue", "view", "1141", "--repo", PRODUCT, "--json", "body"],
        &[
            "issue", "comment", "41", "--repo", HARNESS, "--body", "hello",
        ],
        &[
            "issue",
            "close",
            "41",
            "--repo",
            HARNESS,
            "--comment",
            "hello",
        ],
        &["issue", "close", "--repo", HARNESS],
        &[],
    ] {
        let words = world.fails(call);
        assert!(words.contains("stand-in"), "gh {call:?}: {words}");
        assert_eq!(words.lines().count(), 1, "gh {call:?}: {words}");
    }
    assert_eq!(world.requests(), Vec::<String>::new(), "nothing was asked");
}
