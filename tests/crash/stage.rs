//! A world for the small gate, that outlives the gates in it: the embedded GitHub, a service, a
//! workspace with a canary that takes no time.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::OnceLock;

use axum::Router;
use axum::routing::get;
use canary_gate::rehearsal::github::{
    GitHubServer, RepositoryFacts, STORED_TOKEN, SharedState, phase4, serve, write_gh_config,
};
use canary_gate::rehearsal::{Faults, gh};
use serde_json::{Value, json};

pub(crate) const GATE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/crash/gate.toml");
const CANARY: &str = include_str!("canary.sh");
const ISSUES: [(&str, &str); 4] = [
    ("Priivacy-ai/spec-kitty-end-to-end-testing", "41"),
    ("Priivacy-ai/spec-kitty", "1038"),
    ("Priivacy-ai/spec-kitty", "1141"),
    ("Priivacy-ai/spec-kitty", "1182"),
];

/// How the canary's runs end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Canary {
    Passes,
    Fails,
}

impl Canary {
    /// The exit code of an undisturbed gate.
    pub(crate) fn code(self) -> i32 {
        match self {
            Self::Passes => 0,
            Self::Fails => 1,
        }
    }
}

pub(crate) struct Stage {
    pub(crate) canary: Canary,
    root: tempfile::TempDir,
    github: SharedState,
    _server: GitHubServer,
}

impl Stage {
    pub(crate) fn new(canary: Canary) -> Self {
        // Short: a Unix socket's name has room for about a hundred bytes.
        let root = tempfile::Builder::new()
            .prefix("c-")
            .tempdir_in("/tmp")
            .unwrap();
        let project = root.path().join("w/project");
        for below in ["w/project", "bin", "home", "tmp", "cache"] {
            std::fs::create_dir_all(root.path().join(below)).unwrap();
        }
        std::fs::write(project.join("canary.sh"), CANARY).unwrap();
        tools(&root.path().join("bin"));
        let socket = root.path().join("s");
        write_gh_config(&root.path().join("gh"), &socket, Some(STORED_TOKEN)).unwrap();
        let github = SharedState::new(phase4(&facts(), &Faults::default()));
        let server = runtime().block_on(serve(&socket, github.clone())).unwrap();
        Self {
            canary,
            root,
            github,
            _server: server,
        }
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.root.path().join(below)
    }

    /// Any command of the gate here.
    pub(crate) fn gate(&self, arguments: &[&str]) -> Command {
        let mut path = vec![self.path("bin")];
        let outer = std::env::var_os("PATH").unwrap();
        path.extend(std::env::split_paths(&outer));
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("gate"));
        command
            .env_clear()
            .env("PATH", std::env::join_paths(path).unwrap())
            .env("HOME", self.path("home"))
            .env("TMPDIR", self.path("tmp"))
            .env("XDG_CACHE_HOME", self.path("cache"))
            .env("GH_CONFIG_DIR", self.path("gh"))
            .current_dir(self.path("w"))
            .stdin(Stdio::null())
            .args(arguments)
            .args(["--set", &format!("state_dir={}", self.path("st").display())]);
        command
    }

    /// A new run.
    pub(crate) fn start(&self) -> Command {
        let service = match self.canary {
            Canary::Passes => format!("service={}/passes", service()),
            Canary::Fails => format!("service={}/fails", service()),
        };
        self.gate(&["run", "--yes", "--gate", GATE, "--set", &service])
    }

    /// The latest run resumed; a new one where nothing of it is on record.
    pub(crate) fn go_on(&self) -> Command {
        if self.records() == 0 {
            return self.start();
        }
        self.gate(&["run", "--yes", "--resume", "latest"])
    }

    /// Starts a gate. What it prints goes into a file: whoever it leaves behind must not keep a
    /// pipe open.
    pub(crate) fn spawn(&self, mut command: Command) -> Running {
        let told = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.path("told"))
            .unwrap();
        command.stdout(told.try_clone().unwrap()).stderr(told);
        Running(command.spawn().unwrap())
    }

    /// Runs a gate to its end.
    pub(crate) fn run(&self, command: Command) -> ExitStatus {
        self.spawn(command).wait()
    }

    /// Everything the gates here have printed.
    pub(crate) fn told(&self) -> String {
        std::fs::read_to_string(self.path("told")).unwrap_or_default()
    }

    /// The run's directory: the newest with a journal.
    pub(crate) fn directory(&self) -> Option<PathBuf> {
        let runs = std::fs::read_dir(self.path("st/runs")).ok()?;
        let runs = runs.map(|entry| entry.unwrap().path());
        runs.filter(|run| run.join("journal.jsonl").is_file()).max()
    }

    pub(crate) fn journal(&self) -> Vec<u8> {
        let read = |run: PathBuf| std::fs::read(run.join("journal.jsonl")).ok();
        self.directory().and_then(read).unwrap_or_default()
    }

    /// How many whole records there are.
    pub(crate) fn records(&self) -> usize {
        let journal = self.journal();
        journal.split(|byte| *byte == b'\n').count() - 1
    }

    /// The newest bundle of the run.
    pub(crate) fn bundle(&self) -> Option<PathBuf> {
        let bundles = std::fs::read_dir(self.directory()?.join("bundle")).ok()?;
        let bundles = bundles.map(|entry| entry.unwrap().path());
        let whole = |path: &PathBuf| path.extension().is_some_and(|end| end == "gz");
        bundles
            .filter(whole)
            .max_by_key(|path| path.metadata().unwrap().modified().unwrap())
    }

    /// What the world has become, without what differs from run to run.
    pub(crate) fn world(&self) -> Value {
        let github = self.github.final_state();
        let issues = ISSUES.map(|(repository, number)| {
            let issue = &github["repositories"][repository]["issues"][number];
            let comments = issue["comments"].as_array().unwrap();
            let comments: Vec<String> = comments
                .iter()
                .map(|comment| the_same(comment["body"].as_str().unwrap()))
                .collect();
            json!({
                "issue": number,
                "state": issue["state"],
                "by_gate": issue["by_gate"],
                "comments": comments,
            })
        });
        json!({ "issues": issues, "unknown": github["unknown_requests"] })
    }

    /// The most writes of one kind on one issue; never more than one.
    pub(crate) fn most_writes(&self) -> u64 {
        let world = self.world();
        let counts = world["issues"].as_array().unwrap().iter();
        let counts = counts.flat_map(|issue| issue["by_gate"].as_object().unwrap().values());
        counts.filter_map(Value::as_u64).max().unwrap()
    }

    /// Asserts that the newest bundle is there, intact, and gives the same bytes again.
    pub(crate) fn proved(&self) -> Result<(), String> {
        let bundle = self.bundle().ok_or("there is no bundle")?;
        let output = gate_over(&["reproduce"], &bundle);
        let whole = output.status.success();
        whole.then_some(()).ok_or_else(|| text(&output))
    }
}

/// The gate over a file, wherever.
pub(crate) fn gate_over(arguments: &[&str], path: &Path) -> Output {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("gate"));
    command.args(arguments).arg(path).output().unwrap()
}

pub(crate) fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// A text without run id and attempt's number.
fn the_same(text: &str) -> String {
    let run = regex::Regex::new("(run|key)=[0-9A-Z]{26}").unwrap();
    let attempt = regex::Regex::new("attempt[0-9]+").unwrap();
    // A comment that is written after a resumption stands elsewhere in its journal.
    let head = regex::Regex::new("posted: `[0-9a-f]{64}`").unwrap();
    let text = run.replace_all(text, "$1=…");
    let text = head.replace_all(&text, "posted: `…`");
    attempt.replace_all(&text, "attempt…").into_owned()
}

/// A gate that runs; ended with the test at the latest.
pub(crate) struct Running(Child);

impl Running {
    pub(crate) fn wait(&mut self) -> ExitStatus {
        self.0.wait().unwrap()
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.0.try_wait().unwrap().is_some()
    }

    /// `kill -9`; what has ended already stays as it is.
    pub(crate) fn kill(&mut self) {
        self.0.kill().unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ended = self.0.kill();
        let _ended = self.0.wait();
    }
}

/// Stand-ins for the tools that the gate wants on a machine and this gate file never starts, and
/// for `gh` where there is none. Quick: each run asks them for their versions.
fn tools(bin: &Path) {
    let python = std::env::split_paths(&std::env::var_os("PATH").unwrap())
        .map(|directory| directory.join("python3"))
        .find(|path| path.is_file())
        .unwrap();
    if Command::new("gh").arg("--version").output().is_err() {
        gh::write_stand_in(bin, &python).unwrap();
    }
    for name in ["python3", "uv", "pipx", "flyctl"] {
        let path = bin.join(name);
        std::fs::write(&path, "#!/bin/sh\necho 9.9.9\n").unwrap();
        let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(path, executable).unwrap();
    }
}

fn facts() -> RepositoryFacts {
    let oid = |digit: &str| digit.repeat(40);
    RepositoryFacts {
        tags: Vec::new(),
        first_rollback_fix: oid("4"),
        rollback_fix: oid("5"),
        classification_fix: oid("6"),
    }
}

/// The service of all stages of this process: says what the canary is started with.
fn service() -> &'static str {
    static SERVICE: OnceLock<String> = OnceLock::new();
    SERVICE.get_or_init(|| {
        let variables = |fourth| {
            let page = json!({"variables": {"FOURTH": fourth}, "pass": []});
            get(move || std::future::ready(axum::Json(page.clone())))
        };
        let router = Router::new()
            .route("/passes/variables", variables("pass"))
            .route("/fails/variables", variables("fail"))
            .route(
                "/{canary}/health",
                get(|| std::future::ready(axum::Json(json!({})))),
            );
        runtime().block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            tokio::spawn(axum::serve(listener, router).into_future());
            format!("http://{address}")
        })
    })
}

/// One runtime for all servers of this process.
pub(crate) fn runtime() -> &'static tokio::runtime::Runtime {
    static RUNTIME: OnceLock<tokio::runtime::Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap()
    })
}
