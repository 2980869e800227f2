//! An embedded GitHub with a real `gh` that is logged in to it.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use canary_gate::rehearsal::gh::write_stand_in;
use canary_gate::rehearsal::github::{
    GitHubServer, IssueRef, RepositoryFacts, RepositoryName, STORED_TOKEN, SharedState, State,
    TagFact, phase4, serve, write_gh_config,
};
use canary_gate::rehearsal::{Fault, Faults};
use serde_json::{Value, json};
use tempfile::TempDir;

pub(crate) const PRODUCT: &str = "Priivacy-ai/spec-kitty";
pub(crate) const HARNESS: &str = "Priivacy-ai/spec-kitty-end-to-end-testing";

/// An object id that is easy to recognise.
pub(crate) fn oid(digit: char) -> String {
    digit.to_string().repeat(40)
}

fn tag(name: &str, digit: char, prerelease: bool, published_at: &str) -> TagFact {
    TagFact {
        name: name.to_owned(),
        commit: oid(digit),
        object: None,
        prerelease,
        published_at: published_at.parse().expect("a time"),
        released: true,
    }
}

pub(crate) fn facts() -> RepositoryFacts {
    let mut annotated = tag("v3.2.0rc16", '3', true, "2026-05-19T10:00:00Z");
    annotated.object = Some(oid('6'));
    RepositoryFacts {
        tags: vec![
            tag("v3.1.0", '1', false, "2026-03-20T10:00:00Z"),
            tag("v3.2.0rc15", '2', true, "2026-05-14T10:00:00Z"),
            annotated,
        ],
        first_rollback_fix: oid('7'),
        rollback_fix: oid('a'),
        classification_fix: oid('b'),
    }
}

/// An embedded GitHub with a `gh` that is logged in to it.
pub(crate) struct World {
    program: PathBuf,
    directory: TempDir,
    pub(crate) state: SharedState,
    // Held for its drop: the server ends with the test.
    _server: GitHubServer,
}

impl World {
    pub(crate) fn new(faults: &[Fault]) -> Self {
        let faults: Faults = faults.iter().copied().collect();
        Self::of(phase4(&facts(), &faults))
    }

    pub(crate) fn of(state: State) -> Self {
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
            program: gh_program(),
            directory,
            state,
            _server: server.expect("a server"),
        }
    }

    /// The same world with another program for `gh`: the stand-in of a machine that has none.
    pub(crate) fn with_stand_in(mut self) -> Self {
        let bin = self.directory.path().join("bin");
        self.program = write_stand_in(&bin, &python()).expect("a stand-in");
        self
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.directory.path())
            .env("GH_CONFIG_DIR", self.directory.path().join("gh"))
            .env("GH_NO_UPDATE_NOTIFIER", "1")
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        let output = self.command().args(arguments).output();
        output.expect("gh must be installed for these tests")
    }

    /// A path in this world's own directory.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Runs `gh`, which must succeed, and gives its standard output.
    pub(crate) fn gh(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "gh {arguments:?}: {stderr}");
        String::from_utf8(output.stdout).expect("text")
    }

    /// Sends a document through `gh api graphql`; it must be answered without errors.
    pub(crate) fn query(&self, document: &str) -> Value {
        self.json(&["api", "graphql", "-f", &format!("query={document}")])
    }

    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.gh(arguments)).expect("JSON")
    }

    /// Runs `gh` with what it writes to standard error.
    pub(crate) fn gh_stderr(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "gh {arguments:?}: {stderr}");
        stderr
    }

    /// Runs `gh`, which must fail, and gives its standard error.
    pub(crate) fn fails(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(!output.status.success(), "gh {arguments:?} succeeded");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    pub(crate) fn issue(&self, repository: &str, number: u32) -> Value {
        let end = self.state.final_state();
        end["repositories"][repository]["issues"][number.to_string()].clone()
    }

    /// What was asked so far, as `request [token] status`.
    pub(crate) fn requests(&self) -> Vec<String> {
        let end = self.state.final_state();
        let requests = end["requests"].as_array().cloned().unwrap_or_default();
        let text = |one: &Value| {
            let token = one["token"].as_str().unwrap_or_default();
            let request = one["request"].as_str().unwrap_or_default();
            format!("{request} [{token}] {}", one["status"])
        };
        requests.iter().map(text).collect()
    }

    /// Asserts that nothing was asked which the embedded GitHub does not know.
    pub(crate) fn assert_all_known(&self) {
        assert_eq!(self.state.final_state()["unknown_requests"], json!([]));
    }
}

/// The interpreter itself, not a shim that looks for it each time.
fn python() -> PathBuf {
    let print = ["-c", "import sys; print(sys.executable)"];
    let output = Command::new("python3").args(print).output();
    let output = output.expect("python3 must be installed for these tests");
    PathBuf::from(String::from_utf8_lossy(&output.stdout).trim())
}

/// `gh` from PATH, or another one to try these tests with.
fn gh_program() -> PathBuf {
    std::env::var_os("GATE_TEST_GH").map_or_else(|| PathBuf::from("gh"), PathBuf::from)
}

/// One runtime for all tests of this file; the servers' tasks live on it.
pub(crate) fn runtime() -> &'static tokio::runtime::Runtime {
    static RUNTIME: std::sync::OnceLock<tokio::runtime::Runtime> = std::sync::OnceLock::new();
    RUNTIME.get_or_init(|| {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime")
    })
}

pub(crate) fn issue_ref(repository: &str, number: u32) -> IssueRef {
    let (owner, name) = repository.split_once('/').expect("owner/name");
    IssueRef {
        repository: RepositoryName::new(owner, name),
        number,
    }
}
