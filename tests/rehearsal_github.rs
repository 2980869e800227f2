//! The real `gh` against the embedded GitHub, over its Unix socket.
#![expect(
    clippy::disallowed_methods,
    reason = "the test starts the real gh and reads the environment itself"
)]

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use canary_gate::rehearsal::github::{
    Act, CheckoutFacts, ENVIRONMENT_TOKEN, FixFacts, GitHubServer, Hits, IssueRef, Moment, Outage,
    Person, RepositoryFacts, RepositoryName, STORED_TOKEN, SharedState, State, TagFact, phase4,
    serve, write_gh_config,
};
use canary_gate::rehearsal::{Fault, Faults};
use serde_json::{Value, json};
use tempfile::TempDir;

const PRODUCT: &str = "Priivacy-ai/spec-kitty";
const HARNESS: &str = "Priivacy-ai/spec-kitty-end-to-end-testing";

/// An object id that is easy to recognise.
fn oid(digit: char) -> String {
    digit.to_string().repeat(40)
}

fn tag(name: &str, digit: char, prerelease: bool, published_at: &str) -> TagFact {
    TagFact {
        name: name.to_owned(),
        commit: oid(digit),
        object: None,
        prerelease,
        published_at: published_at.parse().expect("a time"),
    }
}

fn fix(merge: char, head: char) -> FixFacts {
    FixFacts {
        merge: oid(merge),
        head: oid(head),
    }
}

fn facts() -> RepositoryFacts {
    let mut annotated = tag("v5.1.0", '5', false, "2026-05-01T10:00:00Z");
    annotated.object = Some(oid('6'));
    RepositoryFacts {
        spec_kitty: CheckoutFacts {
            head: oid('f'),
            tags: vec![
                tag("v3.1.0", '1', false, "2026-03-20T10:00:00Z"),
                tag("v3.2.0rc15", '2', true, "2026-05-14T10:00:00Z"),
                tag("v3.2.0rc16", '3', true, "2026-05-19T10:00:00Z"),
            ],
        },
        end_to_end: CheckoutFacts {
            head: oid('e'),
            tags: Vec::new(),
        },
        events: CheckoutFacts {
            head: oid('d'),
            tags: vec![annotated],
        },
        first_rollback_fix: fix('7', '8'),
        rollback_fix: fix('a', '9'),
        classification_fix: fix('b', '4'),
        harness_fix: fix('c', '0'),
    }
}

/// An embedded GitHub with a `gh` that is logged in to it.
struct World {
    directory: TempDir,
    state: SharedState,
    // Held for its drop: the server ends with the test.
    _server: GitHubServer,
}

impl World {
    fn new(faults: &[Fault]) -> Self {
        let faults: Faults = faults.iter().copied().collect();
        Self::of(phase4(&facts(), &faults))
    }

    fn of(state: State) -> Self {
        // A socket's path may have about 100 bytes: not every TMPDIR leaves room for that.
        let directory = tempfile::Builder::new()
            .prefix("gh")
            .tempdir_in("/tmp")
            .expect("a directory");
        let state = SharedState::new(state);
        let socket = directory.path().join("github.sock");
        let config = directory.path().join("gh");
        write_gh_config(&config, &socket, Some(STORED_TOKEN)).expect("a configuration");
        let server = runtime().block_on(serve(&socket, state.clone()));
        Self {
            directory,
            state,
            _server: server.expect("a server"),
        }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(gh_program());
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.directory.path())
            .env("GH_CONFIG_DIR", self.directory.path().join("gh"))
            .env("GH_NO_UPDATE_NOTIFIER", "1")
            .stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let output = self.command().args(arguments).output();
        output.expect("gh must be installed for these tests")
    }

    /// Runs `gh`, which must succeed, and gives its standard output.
    fn gh(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "gh {arguments:?}: {stderr}");
        String::from_utf8(output.stdout).expect("text")
    }

    fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.gh(arguments)).expect("JSON")
    }

    /// Runs `gh`, which must fail, and gives its standard error.
    fn fails(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(!output.status.success(), "gh {arguments:?} succeeded");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    fn issue(&self, repository: &str, number: u32) -> Value {
        let end = self.state.final_state();
        end["repositories"][repository]["issues"][number.to_string()].clone()
    }

    /// Asserts that nothing was asked which the embedded GitHub does not know.
    fn assert_all_known(&self) {
        assert_eq!(self.state.final_state()["unknown_requests"], json!([]));
    }
}

/// `gh` from PATH, or another one to try these tests with.
fn gh_program() -> PathBuf {
    std::env::var_os("GATE_TEST_GH").map_or_else(|| PathBuf::from("gh"), PathBuf::from)
}

/// One runtime for all tests of this file; the servers' tasks live on it.
fn runtime() -> &'static tokio::runtime::Runtime {
    static RUNTIME: std::sync::OnceLock<tokio::runtime::Runtime> = std::sync::OnceLock::new();
    RUNTIME.get_or_init(|| {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime")
    })
}

fn issue_ref(repository: &str, number: u32) -> IssueRef {
    let (owner, name) = repository.split_once('/').expect("owner/name");
    IssueRef {
        repository: RepositoryName::new(owner, name),
        number,
    }
}

#[test]
fn views_a_closed_issue() {
    let world = World::new(&[]);
    let fields = "number,title,state,closedAt,closed,body,author,comments,url,labels,assignees,milestone,createdAt,updatedAt,id,reactionGroups,projectCards,stateReason";
    // gh 2.23 does not know `stateReason`, and newer ones know no cards: each its own.
    let fields = match known_fields(&world) {
        known if known.contains("stateReason") => fields.replace("projectCards,", ""),
        _ => fields.replace(",stateReason", ""),
    };
    let issue = world.json(&["issue", "view", "1141", "-R", PRODUCT, "--json", &fields]);
    assert_eq!(issue["state"], "CLOSED");
    assert_eq!(issue["closedAt"], "2026-05-18T13:41:09Z");
    assert_eq!(issue["title"], "Status queue rolls in_review back to planned on drain");
    assert_eq!(issue["url"], "https://github.com/Priivacy-ai/spec-kitty/issues/1141");
    assert_eq!(issue["comments"][0]["authorAssociation"], "MEMBER");
    world.assert_all_known();
}

/// What `gh issue view --json` offers.
fn known_fields(world: &World) -> String {
    world.fails(&["issue", "view", "1", "-R", PRODUCT, "--json"])
}
