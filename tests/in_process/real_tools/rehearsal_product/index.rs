//! The package index, asked by the real uv, pip and pipx.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use canary_gate::rehearsal::Fault;
use canary_gate::rehearsal::product::index::{self, IndexServer};
use tokio::runtime::Runtime;

use super::tools::{World, both, finish, succeed, tools};

/// Any candidate of the 3.2.0 line, as PEP 440 writes it: `<3.2.0` would leave all of them out.
const CANDIDATES: &str = "spec-kitty-cli>=3.2.0rc1,<3.2.0rc99";

/// An index that runs, and what runs it.
struct Running {
    world: World,
    index: IndexServer,
    _runtime: Runtime,
}

impl Running {
    fn new(faults: &[Fault]) -> Self {
        let world = World::new(faults);
        let releases = world.wheels();
        let runtime = Runtime::new().unwrap();
        let extra = [tools().wheels.clone()];
        let wheels = world.path("wheels");
        let index = runtime
            .block_on(index::serve(&wheels, &releases, &extra))
            .unwrap();
        Self {
            world,
            index,
            _runtime: runtime,
        }
    }

    /// A tool that sees this index and nothing else.
    fn tool(&self, name: &str) -> Command {
        let mut command = Command::new(tools().bin.join(name));
        let path = std::env::join_paths([
            tools().bin.as_path(),
            Path::new("/usr/bin"),
            Path::new("/bin"),
        ]);
        command
            .current_dir(self.world.root.path())
            .env_clear()
            .env("PATH", path.unwrap())
            .env("HOME", self.world.path("home"))
            .env("UV_DEFAULT_INDEX", self.index.url())
            .env("PIP_INDEX_URL", self.index.url())
            .env("UV_PYTHON", tools().python())
            .env("PIPX_HOME", self.world.path("pipx"))
            .env("PIPX_BIN_DIR", self.world.path("bin"))
            .env("PIPX_MAN_DIR", self.world.path("man"))
            .env("PIPX_DEFAULT_PYTHON", tools().python());
        command
    }

    /// What uv resolves a requirement to.
    fn resolve(&self, requirement: &str, more: &[&str]) -> String {
        std::fs::write(self.world.path("in.txt"), requirement).unwrap();
        let mut uv = self.tool("uv");
        uv.args([
            "pip",
            "compile",
            "--quiet",
            "--no-header",
            "--no-annotate",
            "in.txt",
        ])
        .args(more);
        let output = finish(&mut uv);
        assert!(output.status.success(), "{}", both(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    fn lock(&self) -> String {
        std::fs::write(self.world.path("in.txt"), "spec-kitty-cli==3.2.0rc16").unwrap();
        succeed(
            self.tool("uv")
                .args(["pip", "compile", "--quiet", "in.txt", "--generate-hashes"])
                .args([
                    "--exclude-newer",
                    "2026-05-21T00:00:00Z",
                    "--format",
                    "pylock.toml",
                ])
                .args(["--output-file", "pylock.toml"]),
        );
        std::fs::read_to_string(self.world.path("pylock.toml")).unwrap()
    }
}

#[test]
fn uv_finds_the_candidate_and_its_closure() {
    let running = Running::new(&[]);
    let resolved = running.resolve(CANDIDATES, &[]);
    assert_eq!(
        resolved,
        "spec-kitty-cli==3.2.0rc16\nspec-kitty-events==5.1.0\n"
    );
}

#[test]
fn times_of_upload_hold() {
    let running = Running::new(&[]);
    let before = |time| running.resolve(CANDIDATES, &["--exclude-newer", time]);
    assert!(before("2026-05-20T10:00:01Z").contains("==3.2.0rc16\n"));
    assert!(before("2026-05-20T09:59:59Z").contains("==3.2.0rc15\n"));
}

#[test]
fn a_yanked_candidate_is_not_chosen() {
    let running = Running::new(&[Fault::RcYanked]);
    let resolved = running.resolve(CANDIDATES, &[]);
    assert!(resolved.contains("==3.2.0rc15\n"), "{resolved}");
}

#[test]
fn a_candidate_that_is_not_there_is_not_chosen() {
    for fault in [Fault::NoNewRc, Fault::IndexBehindGithub] {
        let running = Running::new(&[fault]);
        let resolved = running.resolve(CANDIDATES, &[]);
        assert!(resolved.contains("==3.2.0rc15\n"), "{fault}: {resolved}");
    }
}

#[test]
fn real_wheels_are_served_beside_ours() {
    let running = Running::new(&[]);
    let resolved = running.resolve("pytest", &[]);
    assert!(resolved.contains("pytest==8.3.5\n"), "{resolved}");
}

#[test]
fn pipx_installs_from_a_lock_and_asks_for_nothing_else() {
    let running = Running::new(&[]);
    let lock = running.lock();
    assert!(
        lock.contains("spec_kitty_events-5.1.0-py3-none-any.whl"),
        "{lock}"
    );
    // With pip as backend, pipx would ask the index for a newer pip as well.
    let mut pipx = running.tool("pipx");
    pipx.args(["install", "--backend", "uv", "--lock", "pylock.toml"])
        .args(["--output", "json", "spec-kitty-cli==3.2.0rc16"]);
    let output = finish(&mut pipx);
    assert!(output.status.success(), "{}", both(&output));
    let projects = running.index.requests();
    let projects: BTreeSet<_> = projects
        .iter()
        .filter_map(|line| line.strip_prefix("GET /simple/"))
        .collect();
    assert_eq!(
        projects,
        BTreeSet::from(["spec-kitty-cli/", "spec-kitty-events/"])
    );
    let version = succeed(Command::new(running.world.path("bin/spec-kitty")).arg("--version"));
    assert!(version.lines().count() >= 30);
    assert_eq!(
        version.lines().last(),
        Some("spec-kitty-cli version 3.2.0rc16")
    );
}

#[test]
fn a_changed_wheel_does_not_pass_the_lock() {
    let running = Running::new(&[]);
    let lock = running.lock();
    let digest = lock
        .split("sha256 = \"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let other = lock.replace(digest, &"0".repeat(64));
    std::fs::write(running.world.path("pylock.toml"), other).unwrap();
    let output = finish(running.tool("pipx").args([
        "install",
        "--lock",
        "pylock.toml",
        "spec-kitty-cli==3.2.0rc16",
    ]));
    assert!(!output.status.success(), "{}", both(&output));
}

#[test]
fn pip_reads_the_html() {
    let running = Running::new(&[]);
    let mut pip = Command::new(tools().python());
    pip.env_clear()
        .env("PIP_INDEX_URL", running.index.url())
        .env("HOME", running.world.path("home"))
        .args([
            "-m",
            "pip",
            "download",
            "--quiet",
            "--disable-pip-version-check",
        ])
        .args([
            "--no-cache-dir",
            "--dest",
            "got",
            "spec-kitty-cli==3.2.0rc16",
        ])
        .current_dir(running.world.root.path());
    succeed(&mut pip);
    assert!(
        running
            .world
            .path("got/spec_kitty_cli-3.2.0rc16-py3-none-any.whl")
            .exists()
    );
    let page = succeed(Command::new(tools().python()).env_clear().args([
        "-c",
        "import sys, urllib.request as r; print(r.urlopen(sys.argv[1]).read().decode())",
        &format!("{}spec-kitty-cli/", running.index.url()),
    ]));
    assert!(
        page.contains("data-yanked=\"numbered by mistake\""),
        "{page}"
    );
    assert!(page.contains("data-requires-python=\"&gt;=3.9\""), "{page}");
    let asked = running.index.requests();
    assert!(
        asked.contains(&"GET /simple/spec-kitty-cli/".to_owned()),
        "{asked:?}"
    );
}

#[test]
fn a_broken_candidate_lacks_its_preflight() {
    let running = Running::new(&[Fault::RcBrokenImport]);
    succeed(running.tool("uv").args(["venv", "--quiet", "venv"]));
    let mut install = running.tool("uv");
    install
        .args(["pip", "install", "--quiet", "--python", "venv/bin/python"])
        .arg("spec-kitty-cli==3.2.0rc16");
    succeed(&mut install);
    let python = running.world.path("venv/bin/python");
    succeed(Command::new(&python).args(["-c", "import specify_cli.sync.owner"]));
    let output = finish(Command::new(&python).args(["-c", "import specify_cli.sync.preflight"]));
    assert!(both(&output).contains("No module named 'specify_cli.sync.preflight'"));
}
