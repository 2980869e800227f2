//! A run directory, an operator's home, and the real uv and pipx between them and an index.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use canary_gate::model::{Fact, Facts, Source, SubtaskId};
use canary_gate::verb::{Ctx, Setting};
use canary_gate::world::World;
use canary_gate::world::live::{LiveWorld, Operator, Places, SandboxChoice};
use canary_gate::world::redact::Redactor;
use serde_json::Value;

/// One run.
pub(crate) struct Stage {
    pub(crate) root: Utf8PathBuf,
    env: BTreeMap<String, String>,
    sandbox: SandboxChoice,
    world: Arc<LiveWorld>,
    facts: Mutex<Facts>,
    _directory: tempfile::TempDir,
}

impl Stage {
    /// A run whose operator uses this index.
    pub(crate) fn new(index: &str) -> Self {
        Self::with(index, &[])
    }

    /// The same with more variables in the operator's environment.
    pub(crate) fn with(index: &str, more: &[(&str, &str)]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let root = Utf8PathBuf::from_path_buf(directory.path().canonicalize().unwrap()).unwrap();
        for name in ["run", "workspace", "state", "home", "bin"] {
            std::fs::create_dir(root.join(name)).unwrap();
        }
        let path = format!(
            "{}:{}:{}",
            root.join("bin"),
            tools(),
            std::env::var("PATH").unwrap()
        );
        let mut env: BTreeMap<String, String> = [("PATH", path.as_str())]
            .into_iter()
            .chain(more.iter().copied())
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        if index.is_empty() {
            for name in [
                "SSL_CERT_FILE",
                "SSL_CERT_DIR",
                "HTTPS_PROXY",
                "UV_DEFAULT_INDEX",
                "PIP_INDEX_URL",
            ] {
                if let Ok(value) = std::env::var(name) {
                    env.insert(name.to_owned(), value);
                }
            }
        } else {
            for name in ["UV_DEFAULT_INDEX", "PIP_INDEX_URL"] {
                env.insert(name.to_owned(), index.to_owned());
            }
        }
        Self {
            world: Arc::new(world(&root, &env, SandboxChoice::Required)),
            sandbox: SandboxChoice::Required,
            root,
            env,
            facts: Mutex::default(),
            _directory: directory,
        }
    }

    /// The same operator at another index.
    pub(crate) fn on(mut self, index: &str) -> Self {
        for name in ["UV_DEFAULT_INDEX", "PIP_INDEX_URL"] {
            self.env.insert(name.to_owned(), index.to_owned());
        }
        self.world = Arc::new(world(&self.root, &self.env, self.sandbox));
        self
    }

    /// The same operator, where nothing keeps programs in.
    pub(crate) fn without_sandbox(mut self) -> Self {
        self.sandbox = SandboxChoice::Off;
        self.world = Arc::new(world(&self.root, &self.env, self.sandbox));
        self
    }

    /// A context with the facts published so far.
    pub(crate) fn ctx(&self) -> Ctx {
        self.ctx_of(self.facts.lock().unwrap().clone())
    }

    fn ctx_of(&self, facts: Facts) -> Ctx {
        Ctx::new(
            SubtaskId::new("T010"),
            Arc::clone(&self.world) as Arc<dyn World>,
            Arc::new(Setting::default()),
            Arc::new(facts),
            Duration::from_mins(5),
            tokio::sync::mpsc::unbounded_channel().0,
        )
    }

    /// The operator's environment.
    pub(crate) fn environment(&self) -> &BTreeMap<String, String> {
        &self.env
    }

    /// Takes over what a context published.
    pub(crate) fn keep(&self, ctx: &Ctx) {
        for fact in ctx.take_published() {
            self.facts.lock().unwrap().publish(fact).unwrap();
        }
    }

    /// A context with one fact more, for this context only.
    pub(crate) fn ctx_with(&self, name: &str, value: Value) -> Ctx {
        let mut facts = self.facts.lock().unwrap().clone();
        let source = Source {
            by: SubtaskId::new("T000"),
            exchange: None,
            facts: Vec::new(),
            origins: Vec::new(),
        };
        let fact = Fact {
            name: name.to_owned(),
            value,
            source,
        };
        facts.publish(fact).unwrap();
        self.ctx_of(facts)
    }

    /// Takes over what a context published, unless it is there already.
    pub(crate) fn replace(&self, ctx: &Ctx) {
        for fact in ctx.take_published() {
            drop(self.facts.lock().unwrap().publish(fact));
        }
    }

    pub(crate) fn fact(&self, path: &str) -> Value {
        self.facts.lock().unwrap().value(path).cloned().unwrap()
    }

    pub(crate) fn run(&self, below: &str) -> Utf8PathBuf {
        self.root.join("run").join(below)
    }

    /// Puts an executable first on the operator's PATH.
    pub(crate) fn put_program(&self, name: &str, script: &str) {
        let path = self.root.join("bin").join(name);
        std::fs::write(&path, script).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
}

/// The world of an operator with this environment.
fn world(root: &Utf8Path, env: &BTreeMap<String, String>, sandbox: SandboxChoice) -> LiveWorld {
    let below = |name: &str| root.join(name);
    let operator = Operator {
        env: env.clone(),
        home: below("home"),
        cwd: below("workspace"),
    };
    let places = Places::new(
        below("run"),
        below("workspace"),
        below("state"),
        below("cache"),
        below("home"),
    );
    LiveWorld::new(operator, places, Arc::new(Redactor::new())).with_sandbox(sandbox)
}

/// Directory with uv and pipx, when they are not on PATH; made once per machine.
fn tools() -> &'static Utf8Path {
    static TOOLS: OnceLock<Utf8PathBuf> = OnceLock::new();
    TOOLS.get_or_init(|| {
        let directory = Utf8PathBuf::from_path_buf(std::env::temp_dir())
            .unwrap()
            .join("canary-gate-test-tools");
        let bin = directory.join("uv-and-pipx");
        if ["uv", "pipx"].into_iter().all(is_on_path) {
            return bin;
        }
        std::fs::create_dir_all(&directory).unwrap();
        let lock = std::fs::File::create(directory.join("uv-and-pipx.lock")).unwrap();
        lock.lock().unwrap();
        if !bin.is_dir() {
            let venv = directory.join("uv-and-pipx-venv");
            succeed("python3", &["-m", "venv", "--clear", venv.as_str()]);
            let pip = [
                "-m",
                "pip",
                "install",
                "--quiet",
                "uv==0.13.9",
                "pipx==1.18.4",
            ];
            succeed(venv.join("bin/python").as_str(), &pip);
            // A directory of its own: the tools' interpreter must not become the machine's.
            let beside = directory.join("uv-and-pipx-new");
            std::fs::create_dir_all(&beside).unwrap();
            for name in ["uv", "pipx"] {
                std::fs::remove_file(beside.join(name)).ok();
                std::os::unix::fs::symlink(venv.join("bin").join(name), beside.join(name)).unwrap();
            }
            std::fs::rename(&beside, &bin).unwrap();
        }
        bin
    })
}

fn is_on_path(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap();
    std::env::split_paths(&path).any(|directory| directory.join(name).is_file())
}

fn succeed(program: &str, arguments: &[&str]) {
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(output.status.success(), "{program}: {output:?}");
}
