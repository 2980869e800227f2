//! The real tools, made once under the user's cache directory, and a world to use them in.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use canary_gate::rehearsal::product::repositories::Product;
use canary_gate::rehearsal::product::tree::{Tree, unpack};
use canary_gate::rehearsal::product::{pytest_wheels, wheels};
use canary_gate::rehearsal::{Fault, Faults};
use tempfile::TempDir;

/// uv, pipx and what they need, by hash.
const TOOLS: &str = include_str!("tools.txt");

/// Where uv and pipx are, and the wheels of pytest.
pub(crate) struct Tools {
    pub(crate) bin: PathBuf,
    pub(crate) wheels: PathBuf,
    pub(crate) uv_cache: PathBuf,
}

impl Tools {
    pub(crate) fn python(&self) -> PathBuf {
        self.bin.join("python3")
    }
}

/// The tools; the first caller on a machine installs them, all others wait for that.
pub(crate) fn tools() -> &'static Tools {
    static TOOLS_MADE: OnceLock<Tools> = OnceLock::new();
    TOOLS_MADE.get_or_init(|| {
        let cache = std::env::var_os("XDG_CACHE_HOME").map_or_else(
            || PathBuf::from(std::env::var_os("HOME").unwrap()).join(".cache"),
            PathBuf::from,
        );
        let cache = cache.join("canary-gate-tests");
        fs::create_dir_all(&cache).unwrap();
        let lock = File::create(cache.join("lock")).unwrap();
        lock.lock().unwrap();
        let bin = install(&cache.join("tools"));
        let python = bin.join("python3");
        let wheels = pytest_wheels::ensure(&cache.join("wheels"), &python).unwrap();
        Tools {
            bin,
            wheels,
            uv_cache: cache.join("uv"),
        }
    })
}

fn install(home: &Path) -> PathBuf {
    let bin = home.join("bin");
    let done = home.join("installed.txt");
    if fs::read_to_string(&done).is_ok_and(|text| text == TOOLS) {
        return bin;
    }
    let requirements = home.with_extension("txt");
    fs::write(&requirements, TOOLS).unwrap();
    succeed(
        Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(home),
    );
    succeed(
        Command::new(bin.join("python3"))
            .args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
            ])
            .args([
                "--require-hashes",
                "--no-deps",
                "--only-binary",
                ":all:",
                "-r",
            ])
            .arg(&requirements),
    );
    fs::write(&done, TOOLS).unwrap();
    bin
}

/// Runs a command that must succeed; answers its standard output.
pub(crate) fn succeed(command: &mut Command) -> String {
    let output = finish(command);
    assert!(output.status.success(), "{command:?}\n{}", both(&output));
    String::from_utf8(output.stdout).unwrap()
}

/// Runs a command to its end.
pub(crate) fn finish(command: &mut Command) -> Output {
    command.stdin(Stdio::null()).output().unwrap()
}

/// What a command wrote.
pub(crate) fn both(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    text(&output.stdout) + &text(&output.stderr)
}

/// A product under faults, and a directory for it.
pub(crate) struct World {
    pub(crate) root: TempDir,
    pub(crate) product: Product,
    pub(crate) faults: Faults,
}

impl World {
    pub(crate) fn new(faults: &[Fault]) -> Self {
        static VENDORED: OnceLock<Tree> = OnceLock::new();
        let faults = faults.iter().copied().collect();
        let vendored = VENDORED.get_or_init(|| pytest_wheels::read(&tools().wheels).unwrap());
        Self {
            root: TempDir::new().unwrap(),
            product: Product::new(vendored, &faults).unwrap(),
            faults,
        }
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.root.path().join(below)
    }

    pub(crate) fn wheels(&self) -> Vec<wheels::Release> {
        wheels::write(&self.product, &self.path("wheels"), &self.faults).unwrap()
    }

    /// A command line interface that runs from the tree of a tag.
    pub(crate) fn unpack(&self, tag: &str) -> PathBuf {
        let source = self.path(tag);
        unpack(self.product.tagged(tag).unwrap(), &source).unwrap();
        source.join("src")
    }
}
