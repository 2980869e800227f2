//! A bench for the harness: SaaS, checkout, synced venv and a small CLI, all real processes.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use canary_gate::rehearsal::harness::{self, HarnessPlan, Locking};
use canary_gate::rehearsal::saas::{self, Deployment, SaasServer};
use canary_gate::rehearsal::{Fault, Faults};
use serde_json::Value;

const FAKE: &str = include_str!("fake_spec_kitty.py");

/// One harness in one temporary directory.
pub(crate) struct Bench {
    pub(crate) root: tempfile::TempDir,
    pub(crate) checkout: PathBuf,
    pub(crate) saas: SaasServer,
    _runtime: tokio::runtime::Runtime,
    uv: Locking,
}

impl Bench {
    /// A synced harness whose CLI has no bug.
    pub(crate) fn new(faults: &[Fault]) -> Self {
        Self::with_bugs(faults, "")
    }

    /// A synced harness whose CLI has these bugs.
    pub(crate) fn with_bugs(faults: &[Fault], bugs: &str) -> Self {
        let faults: Faults = faults.iter().copied().collect();
        let root = tempfile::tempdir().unwrap();
        let checkout = root.path().join("spec-kitty-end-to-end-testing");
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let saas = runtime
            .block_on(saas::serve(Deployment::default(), &faults))
            .unwrap();
        let uv = uv();
        harness::build(&HarnessPlan {
            checkout: &checkout,
            saas_url: &saas.url(),
            candidate: "3.2.0rc16",
            faults: &faults,
            locking: &uv,
        })
        .unwrap();
        let bench = Self {
            root,
            checkout,
            saas,
            _runtime: runtime,
            uv,
        };
        let synced = bench.program(&bench.uv.uv, ["sync", "--quiet"]);
        assert!(synced.status.success(), "{synced:?}");
        bench.install_cli(bugs);
        bench
    }

    fn install_cli(&self, bugs: &str) {
        let text = format!(
            "#!{}\n{}",
            self.python().display(),
            FAKE.replace("@BUGS@", bugs)
        );
        let cli = self.cli();
        fs::write(&cli, text).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(&cli, mode).unwrap();
    }

    /// The CLI under test.
    pub(crate) fn cli(&self) -> PathBuf {
        self.root.path().join("spec-kitty")
    }

    fn python(&self) -> PathBuf {
        self.checkout.join(".venv/bin/python")
    }

    /// A command in the checkout with the canary's environment and nothing else of ours.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(&self.checkout)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", self.root.path().join("home"))
            .env("SPEC_KITTY_ENABLE_SAAS_SYNC", "1")
            .env("SPEC_KITTY_E2E_TRUSTED_RUNNER", "1")
            .env("SK_E2E_SPEC_KITTY_BIN", self.cli())
            .env("SK_E2E_SPEC_KITTY_PYTHON", self.python())
            .env("SK_E2E_SPEC_KITTY_REPO", "/nonexistent")
            .envs(certificates())
            .envs(&self.uv.env)
            .stdin(Stdio::null());
        command
    }

    /// Runs a program to its end.
    pub(crate) fn program<S: AsRef<OsStr>>(
        &self,
        program: impl AsRef<OsStr>,
        arguments: impl IntoIterator<Item = S>,
    ) -> Output {
        self.command(program).args(arguments).output().unwrap()
    }

    /// Runs the canary script.
    pub(crate) fn canary<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Output {
        self.program(self.checkout.join(harness::SCRIPT), arguments)
    }

    /// Runs pytest from the harness's venv.
    pub(crate) fn pytest<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Output {
        let arguments = ["-m", "pytest"].into_iter().chain(arguments);
        self.program(self.python(), arguments)
    }

    /// A file in the canary's artifacts.
    pub(crate) fn artifact(&self, below: &str) -> PathBuf {
        self.checkout.join(harness::ARTIFACTS).join(below)
    }

    /// A result document.
    pub(crate) fn result(&self, below: &str) -> Value {
        serde_json::from_str(&fs::read_to_string(self.artifact(below)).unwrap()).unwrap()
    }

    /// The daemon's pid, of the owner record.
    pub(crate) fn daemon(&self) -> Option<u64> {
        let record = self.artifact("home/.kittify/sync/daemon/owner.json");
        let text = fs::read_to_string(record).ok()?;
        serde_json::from_str::<Value>(&text).unwrap()["pid"].as_u64()
    }

    /// What git says of the checkout's tracked tree and of files it does not ignore.
    pub(crate) fn git_status(&self) -> String {
        let output = self.program("git", ["status", "--porcelain"]);
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        // A daemon of the four-run protocol stays behind, as in the field.
        let home = self.artifact("home");
        let stop = ["sync", "daemon", "stop"];
        let stopped = self
            .command(self.cli())
            .env("HOME", home)
            .args(stop)
            .output();
        drop(stopped);
    }
}

/// Both streams of a program as text.
pub(crate) fn said(output: &Output) -> String {
    let streams = [&output.stdout, &output.stderr];
    streams.map(|bytes| String::from_utf8_lossy(bytes)).concat()
}

/// What this machine needs to reach the package index at all.
fn certificates() -> impl Iterator<Item = (String, String)> {
    const NAMES: [&str; 6] = [
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "HTTPS_PROXY",
        "https_proxy",
        "NO_PROXY",
        "no_proxy",
    ];
    NAMES
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), std::env::var(name).ok()?)))
}

/// `uv` from PATH, or one made once for all tests of this machine.
fn uv() -> Locking {
    let tools = std::env::temp_dir().join("canary-gate-test-tools");
    fs::create_dir_all(&tools).unwrap();
    let cache = tools.join("uv-cache").to_string_lossy().into_owned();
    Locking {
        uv: uv_on_path().unwrap_or_else(|| made_uv(&tools)),
        env: BTreeMap::from([("UV_CACHE_DIR".to_owned(), cache)]),
    }
}

fn uv_on_path() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|directory| directory.join("uv"))
        .find(|candidate| candidate.is_file())
}

fn made_uv(tools: &Path) -> PathBuf {
    // Tests are processes of their own: the first one makes it, the others wait.
    let lock = File::create(tools.join("lock")).unwrap();
    lock.lock().unwrap();
    let venv = tools.join("venv");
    let uv = venv.join("bin/uv");
    if !uv.is_file() {
        succeed(Command::new("python3").arg("-m").arg("venv").arg(&venv));
        succeed(Command::new(venv.join("bin/pip")).args(["install", "--quiet", "uv"]));
    }
    uv
}

fn succeed(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
}
