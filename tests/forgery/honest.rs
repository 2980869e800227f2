//! Honest runs of a small gate, each with its bundle: a real one, a failing one, a part, a
//! rehearsal.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use camino::Utf8PathBuf;
use canary_gate::gate::Gate;
use canary_gate::model::subject::WorldKind;
use canary_gate::model::{Asked, Scope};
use canary_gate::session::{self, ChosenSandbox, Options};
use canary_gate::store::sha256_hex;
use canary_gate::world::live::{Operator, ToolPath};

/// A gate of two work packages; the last subtask's program decides.
pub(crate) fn gate_file(last: &str) -> String {
    let mut text = "format = 1\nname = \"small\"\ntitle = \"A small gate\"\n\n[parameters]\nword = \"well\"\n\n\
        [policy]\nprograms = [\"echo\", \"true\", \"false\"]\n"
        .to_owned();
    for (package, after, programs) in [
        ("WP01", "", ["\"echo\", \"{{ word }}\"", "\"true\""]),
        (
            "WP02",
            "depends_on = [\"WP01\"]\n",
            ["\"echo\", \"done\"", last],
        ),
    ] {
        let _ = write!(
            text,
            "\n[[work_package]]\nid = \"{package}\"\ntitle = \"{package}\"\npriority = \"high\"\n\
             {after}goal = \"Show it.\"\n"
        );
        for (number, program) in programs.iter().enumerate() {
            let id = format!("{}{number}", package.replace("WP0", "T"));
            let _ = write!(
                text,
                "\n[[work_package.subtask]]\nid = \"{id}\"\ntitle = \"{id}\"\nuses = \"run-program\"\n\
                 argv = [{program}]\nas = \"ran.{}\"\n",
                id.to_lowercase()
            );
        }
    }
    text
}

/// A run of its own, and what it left behind.
pub(crate) struct Run {
    _root: tempfile::TempDir,
    pub(crate) bundle: PathBuf,
    /// The journal's head, as the run prints it at its end.
    pub(crate) head: String,
    /// SHA-256 of the gate's file.
    pub(crate) gate: String,
}

/// What differs from an honest real run of all of it.
#[derive(Clone)]
pub(crate) struct How {
    pub(crate) gate: String,
    pub(crate) world: WorldKind,
    pub(crate) scope: Scope,
}

impl Default for How {
    fn default() -> Self {
        Self {
            gate: gate_file("\"true\""),
            world: WorldKind::Real,
            scope: Scope::All,
        }
    }
}

/// One at a time: what a process inherits of its children is one thing for all of it.
static ALONE: Mutex<()> = Mutex::new(());

/// Runs it to its end.
pub(crate) fn run(how: &How) -> Run {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let root = tempfile::TempDir::with_prefix("h-").unwrap();
    let path = Utf8PathBuf::from_path_buf(root.path().canonicalize().unwrap()).unwrap();
    let env = [("PATH", "/usr/bin:/bin"), ("HOME", path.as_str())];
    let env: BTreeMap<String, String> = env.map(|(k, v)| (k.to_owned(), v.to_owned())).into();
    let operator = Operator {
        env,
        home: path.clone(),
        cwd: path.clone(),
    };
    let gate = Gate::load("gates/small.toml", &how.gate, &|_| None);
    let gate = gate.unwrap_or_else(|problems| panic!("{problems}"));
    let options = Options {
        gate: Arc::new(gate),
        workspace: path.clone(),
        state: path.join("state"),
        cache: path.join("cache"),
        tools: ToolPath::default(),
        versions: BTreeMap::new(),
        flake: None,
        asked: Asked {
            scope: how.scope.clone(),
            ..Asked::default()
        },
        world: how.world.clone(),
        rehearser: None,
        resume: None,
        corrected: false,
        handed_on: None,
        keep: true,
        sandbox: ChosenSandbox::default(),
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let finished = runtime.block_on(async {
        let (_sender, signals) = tokio::sync::mpsc::unbounded_channel();
        session::run(operator, options, Vec::new(), signals, &|world| world).await
    });
    let finished = finished.unwrap();
    let bundled = finished.bundle.as_ref().unwrap_or_else(|| {
        panic!("no bundle: {:?}", finished.report.evidence_problems);
    });
    Run {
        bundle: finished.directory.bundle(bundled).into_std_path_buf(),
        head: bundled.manifest.head.clone(),
        gate: sha256_hex(how.gate.as_bytes()),
        _root: root,
    }
}
