//! A pytest to run proofs with, installed once under the user's cache directory.

use std::path::PathBuf;
use std::process::Command;

use canary_gate::audit::TestCommand;
use canary_gate::world::EnvBase;

/// Python of a virtual environment that has pytest.
pub(crate) fn python() -> PathBuf {
    installed("pytest", &["pytest"]).join("bin/python")
}

/// A uv.
pub(crate) fn uv() -> PathBuf {
    installed("uv", &["uv==0.13.9"]).join("bin/uv")
}

/// A virtual environment with packages.
pub(crate) fn installed(name: &str, packages: &[&str]) -> PathBuf {
    let cache = std::env::var_os("XDG_CACHE_HOME").map_or_else(
        || PathBuf::from(std::env::var_os("HOME").unwrap()).join(".cache"),
        PathBuf::from,
    );
    let home = cache.join("canary-gate-tests");
    std::fs::create_dir_all(&home).unwrap();
    // Tests are processes of their own: one of them installs, the others wait.
    let lock = std::fs::File::create(home.join("lock")).unwrap();
    lock.lock().unwrap();
    let venv = home.join(name);
    if !venv.join("ready").exists() {
        run(Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(&venv));
        run(Command::new(venv.join("bin/python"))
            .args(["-m", "pip", "install", "--quiet"])
            .args(packages));
        std::fs::write(venv.join("ready"), "").unwrap();
    }
    venv
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// pytest on the sources of a worktree.
pub(crate) fn command() -> TestCommand {
    let line = "-m pytest -q -p no:cacheprovider --tb=short \
                --continue-on-collection-errors --junitxml={junit} {tests}";
    let mut argv = vec![python().to_str().unwrap().to_owned()];
    argv.extend(line.split_whitespace().map(str::to_owned));
    TestCommand {
        argv,
        env: [("PYTHONPATH".to_owned(), "src".to_owned())].into(),
        base: EnvBase::Bare,
        ..TestCommand::default()
    }
}
