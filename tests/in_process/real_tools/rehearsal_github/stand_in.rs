//! The stand-in for `gh` beside the real one: the same calls in the same worlds must print the
//! same bytes, end with the same code, ask the same and leave the same behind.

use std::process::{Output, Stdio};

use canary_gate::rehearsal::Fault;
use canary_gate::rehearsal::github::{ENVIRONMENT_TOKEN, Hits, Outage, RepositoryName};
use serde_json::Value;

use super::support::{HARNESS, PRODUCT, World};

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
    fault: Option<Fault>,
    token: Option<&'static str>,
    change: fn(&World),
}

impl Situation {
    const PLAIN: Self = Self {
        fault: None,
        token: None,
        change: |_| (),
    };

    fn after(change: fn(&World)) -> Self {
        Self {
            change,
            ..Self::PLAIN
        }
    }

    fn with_fault(fault: Fault) -> Self {
        Self {
            fault: Some(fault),
            ..Self::PLAIN
        }
    }

    fn with_token(token: &'static str) -> Self {
        Self {
            token: Some(token),
            ..Self::PLAIN
        }
    }
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

/// Every call in this situation, through both.
#[track_caller]
fn says_and_does_the_same(situation: &Situation) {
    // Another version words its errors differently; what it does must still be the same.
    let same_version = World::new(&[]).gh(&["--version"]).contains(" 2.23.");
    for call in calls() {
        let faults = situation.fault.as_slice();
        let real = seen(&World::new(faults), situation, &call);
        let ours = seen(&World::new(faults).with_stand_in(), situation, &call);
        let (ours, real) = if same_version {
            (ours, real)
        } else {
            (ours.of_any_version(), real.of_any_version())
        };
        assert_eq!(ours, real, "gh {call:?}");
    }
}

#[test]
fn nothing_is_wrong() {
    says_and_does_the_same(&Situation::PLAIN);
}

#[test]
fn a_read_meets_a_bad_gateway() {
    says_and_does_the_same(&Situation::with_fault(Fault::Github502Once));
}

#[test]
fn a_read_meets_the_limit() {
    says_and_does_the_same(&Situation::with_fault(Fault::GithubRateLimited));
}

#[test]
fn a_write_meets_a_bad_gateway() {
    says_and_does_the_same(&Situation::after(|world| plan(world, Outage::BadGateway)));
}

#[test]
fn a_writes_answer_gets_lost() {
    says_and_does_the_same(&Situation::after(|world| plan(world, Outage::AnswerLost)));
}

#[test]
fn a_write_meets_the_limit() {
    says_and_does_the_same(&Situation::after(|world| plan(world, Outage::RateLimited)));
}

#[test]
fn a_token_is_too_weak() {
    says_and_does_the_same(&Situation {
        fault: Some(Fault::TokenScopeError),
        ..Situation::with_token(ENVIRONMENT_TOKEN)
    });
}

#[test]
fn a_token_is_not_known() {
    says_and_does_the_same(&Situation::with_token("expired"));
}

#[test]
fn a_token_comes_from_the_environment() {
    says_and_does_the_same(&Situation::with_token(ENVIRONMENT_TOKEN));
}

#[test]
fn there_is_no_login() {
    says_and_does_the_same(&Situation::after(|world| {
        std::fs::remove_file(world.path("gh/hosts.yml")).expect("a login");
    }));
}

#[test]
fn a_repository_was_renamed() {
    says_and_does_the_same(&Situation::after(|world| {
        let old = RepositoryName::new("Priivacy-ai", "spec-kitty");
        let new = RepositoryName::new("spec-kitty", "spec-kitty");
        world.state.lock().rename(&old, new);
    }));
}

#[test]
fn nobody_listens() {
    says_and_does_the_same(&Situation::after(|world| {
        std::fs::remove_file(world.path("github.sock")).expect("a socket");
    }));
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
