//! Attackers: what the gate judges tries to get at the operator, and gets nothing. The table of
//! what each tries is in `tests/adversary/README.md`.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::audit_support::pytest;
use crate::audit_support::repo::{Builder, Repo, tree};

const CONFTEST: &str = include_str!("../adversary/conftest.py");
const OLD: &str = "def lane(name):\n    return \"planned\"\n";
const NEW: &str = "def lane(name):\n    return \"in_review\"\n";
const TEST: &str = "import os\n\nfrom app import lane\n\n\ndef test_lane():\n    assert lane(\"planned\") == \"in_review\", \"GOT \" + os.environ[\"GOT\"]\n";

/// An operator with a home, secrets, and a repository whose last commit attacks them.
struct Scene {
    root: tempfile::TempDir,
    repo: Repo,
    service: TcpListener,
}

impl Scene {
    fn new() -> Self {
        Self::with(CONFTEST)
    }

    fn with(conftest: &str) -> Self {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().canonicalize().unwrap();
        std::fs::create_dir(path.join("home")).unwrap();
        std::fs::write(path.join("home/.bashrc"), "# mine\n").unwrap();
        let service = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = service.local_addr().unwrap().port();
        let conftest = conftest
            .replace("@HOME@", path.join("home").to_str().unwrap())
            .replace("@REPOSITORY@", path.join("repo").to_str().unwrap())
            .replace("@PORT@", &port.to_string())
            // As good as nobody else's: tests run at the same time.
            .replace("@SECONDS@", &format!("864{port}"));
        let mut builder = Builder::default();
        let start = builder.commit(&[], tree(&[("src/app.py", OLD)]), "start");
        let fix = [
            ("src/app.py", NEW),
            ("tests/test_lane.py", TEST),
            ("tests/conftest.py", &conftest),
        ];
        builder.commit(&[start], tree(&fix), "Keep the lane (#7)");
        let repo = builder.write(&path.join("repo"));
        service.set_nonblocking(true).unwrap();
        Self {
            root,
            repo,
            service,
        }
    }

    fn path(&self, below: &str) -> PathBuf {
        self.root.path().canonicalize().unwrap().join(below)
    }

    /// A process of the attacker's that is still there.
    fn left(&self) -> Option<String> {
        let seconds = format!("864{}", self.service.local_addr().unwrap().port());
        processes().into_iter().find(|line| line.contains(&seconds))
    }

    fn audit(&self, more: &[&str]) -> Output {
        self.command(more).output().unwrap()
    }

    fn command(&self, more: &[&str]) -> Command {
        let python = pytest::python();
        let tests = format!(
            "env PYTHONPATH=src {} -m pytest -q -p no:cacheprovider --tb=short",
            python.display()
        );
        let tools = PathBuf::from(std::env::var_os("HOME").unwrap()).join(".cache/gate/tools");
        let cache = self.path("cache/gate");
        std::fs::create_dir_all(&cache).unwrap();
        if tools.is_dir() && !cache.join("tools").exists() {
            std::os::unix::fs::symlink(tools, cache.join("tools")).unwrap();
        }
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("gate"));
        command
            .args(["audit", "--fix", &self.repo.names[1], "--scope", "src"])
            .args(["--tests", &tests])
            .args(more)
            .env("HOME", self.path("home"))
            .env("XDG_CACHE_HOME", self.path("cache"))
            .env("XDG_STATE_HOME", self.path("state"))
            .env("GH_TOKEN", "s3cr3t-0123456789abcdef0123456789abcdef0123")
            .env(
                "SK_E2E_TOKEN",
                "s3cr3t-fedcba9876543210fedcba9876543210fedc",
            )
            .current_dir(&self.repo.path)
            .stdin(Stdio::null());
        command
    }
}

/// A test that says where it is, and goes on with a process that no signal but one ends.
const LINGERS: &str = "import os, socket, subprocess, time
os.environ['GOT'] = ''
own = socket.create_connection(('127.0.0.1', @PORT@))
subprocess.Popen(['setsid', 'sh', '-c', \"trap '' TERM HUP INT; exec sleep @SECONDS@\"],
                 pass_fds=[own.fileno()])
own.sendall(b'here')
time.sleep(@SECONDS@)
";

/// Every file below a directory with its content.
fn everything(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    let mut rest = vec![directory.to_owned()];
    while let Some(directory) = rest.pop() {
        for entry in std::fs::read_dir(&directory).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() && !path.is_symlink() {
                rest.push(path);
            } else {
                all.insert(path.clone(), std::fs::read(&path).unwrap_or_default());
            }
        }
    }
    all
}

/// Command lines of all processes.
fn processes() -> Vec<String> {
    let pids = std::fs::read_dir("/proc").unwrap().flatten();
    pids.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok())
        .map(|line| String::from_utf8_lossy(&line).replace('\0', " "))
        .collect()
}

#[test]
fn a_conftest_gets_nothing() {
    let scene = Scene::new();
    let (home, repo) = (
        everything(&scene.path("home")),
        everything(&scene.repo.path),
    );
    let audited = scene.audit(&["--format", "json"]);
    let told = String::from_utf8_lossy(&audited.stderr).into_owned();
    assert_eq!(audited.status.code(), Some(0), "{told}");
    let report: serde_json::Value = serde_json::from_slice(&audited.stdout).unwrap();
    let failure = report["proof"]["fail_to_pass"][0]["failure"].as_str();
    let failure = failure.unwrap_or_else(|| panic!("{report:#}"));
    assert!(failure.contains("GOT nothing"), "it got more: {failure}");
    assert_eq!(report["proof"]["confined"]["by"], "bubblewrap");
    assert_eq!(report["proof"]["confined"]["network"], false);
    assert!(scene.service.accept().is_err(), "nobody was there");
    assert_eq!(everything(&scene.path("home")), home);
    assert_eq!(everything(&scene.repo.path), repo, "byte for byte");
    assert_eq!(scene.left(), None, "a process outlived the audit");
}

/// The other way round: the attacker is one, where nothing keeps it in.
#[test]
fn without_a_sandbox_it_gets_through_and_the_report_says_so() {
    let scene = Scene::new();
    let audited = scene.audit(&["--format", "json", "--no-sandbox"]);
    let report: serde_json::Value = serde_json::from_slice(&audited.stdout).unwrap();
    assert_eq!(report["proof"]["confined"]["by"], "nothing");
    let said = report.to_string();
    // The tokens would come first: of the gate itself it gets nothing even then.
    assert!(said.contains("GOT the operator's shell"), "{said}");
    assert!(said.contains("wrote outside its checkout"), "{said}");
    assert_eq!(scene.left(), None, "a process outlived the audit");
}

/// The network is closed to tests, and open to those that were given it.
#[test]
fn the_network_is_open_where_it_was_given() {
    let scene = Scene::new();
    let audited = scene.audit(&["--format", "json", "--network"]);
    let report: serde_json::Value = serde_json::from_slice(&audited.stdout).unwrap();
    let failure = report["proof"]["fail_to_pass"][0]["failure"].as_str();
    let failure = failure.unwrap_or_else(|| panic!("{report:#}"));
    assert!(failure.contains("GOT the network"), "{failure}");
    assert_eq!(report["proof"]["confined"]["network"], true);
    assert!(scene.service.accept().is_ok(), "nobody was there");
}

/// A gate that is killed takes what runs in its sandbox along: the connection ends when the last
/// process that holds it has.
#[test]
fn a_gate_that_is_killed_leaves_nothing_running_in_its_sandbox() {
    let scene = Scene::with(LINGERS);
    scene.service.set_nonblocking(false).unwrap();
    let mut gate = scene.command(&["--network"]).spawn().unwrap();
    let (mut stream, _) = scene.service.accept().unwrap();
    let mut here = [0; 4];
    stream.read_exact(&mut here).unwrap();
    // A process that is becoming another program has no command line for a moment.
    let is_at_work = (0..1000).any(|_| scene.left().is_some());
    assert!(is_at_work, "it is at work");
    gate.kill().unwrap();
    gate.wait().unwrap();
    let patience = std::time::Duration::from_secs(20);
    stream.set_read_timeout(Some(patience)).unwrap();
    let ended = stream.read(&mut here);
    let reset = |error: &std::io::Error| error.kind() == std::io::ErrorKind::ConnectionReset;
    assert!(
        matches!(&ended, Ok(0)) || ended.as_ref().is_err_and(reset),
        "a process outlived the gate: {ended:?}"
    );
}
