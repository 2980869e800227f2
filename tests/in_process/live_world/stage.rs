//! A world in a directory of its own, and daemons in it.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use canary_gate::model::SubtaskId;
use canary_gate::world::live::{LiveWorld, Operator, Places, SandboxChoice};
use canary_gate::world::redact::Redactor;
use canary_gate::world::{
    Effect, EndProcesses, FileFailure, FileSeen, Finished, ProcessRule, ProcessSeen, Program,
    Receipt, Response, World, WorldError,
};

/// A world in a directory of its own.
pub(crate) struct Stage {
    pub(crate) world: LiveWorld,
    pub(crate) outfit: (Operator, Places),
    pub(crate) root: Utf8PathBuf,
    _directory: tempfile::TempDir,
}

impl Stage {
    pub(crate) fn new() -> Self {
        Self::with_env(&[])
    }

    pub(crate) fn with_env(more: &[(&str, &str)]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let root = Utf8PathBuf::from_path_buf(directory.path().canonicalize().unwrap()).unwrap();
        for name in ["run", "workspace", "state", "cache", "home"] {
            std::fs::create_dir(root.join(name)).unwrap();
        }
        let mut env: BTreeMap<String, String> =
            [("PATH".to_owned(), std::env::var("PATH").unwrap())].into();
        env.extend(
            more.iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        );
        let operator = Operator {
            env,
            home: root.join("home"),
            cwd: root.join("workspace"),
        };
        let places = Places::new(
            root.join("run"),
            root.join("workspace"),
            root.join("state"),
            root.join("cache"),
            root.join("home"),
        );
        Self {
            world: LiveWorld::new(operator.clone(), places.clone(), Arc::new(Redactor::new()))
                .learning_from([&daemon_rule()]),
            outfit: (operator, places),
            root,
            _directory: directory,
        }
    }

    pub(crate) fn with_sandbox(mut self, choice: SandboxChoice) -> Self {
        let (operator, places) = self.outfit.clone();
        self.world =
            LiveWorld::new(operator, places, Arc::new(Redactor::new())).with_sandbox(choice);
        self
    }

    pub(crate) async fn ask(&self, effect: Effect) -> Result<Response, WorldError> {
        self.world.perform(&SubtaskId::new("T000"), effect).await
    }

    pub(crate) async fn run(&self, program: Program) -> Result<Finished, WorldError> {
        match self.ask(Effect::Run(program)).await? {
            Response::Program(finished) => Ok(*finished),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn bash(&self, script: &str) -> Finished {
        self.run(bash(script)).await.unwrap()
    }

    pub(crate) async fn processes(&self) -> Vec<ProcessSeen> {
        match self.ask(Effect::ListProcesses).await.unwrap() {
            Response::Processes(seen) => seen,
            other => panic!("{other:?}"),
        }
    }

    /// Every process with all that it was started with. By another world, which would clear away
    /// the ended programs of the first: not while one runs.
    pub(crate) async fn everything(&self) -> Vec<ProcessSeen> {
        let (operator, places) = self.outfit.clone();
        let without_rules = LiveWorld::new(operator, places, Arc::new(Redactor::new()));
        let by = SubtaskId::new("T000");
        match without_rules
            .perform(&by, Effect::ListProcesses)
            .await
            .unwrap()
        {
            Response::Processes(seen) => seen,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn end(&self, end: EndProcesses) -> Vec<Receipt> {
        match self.ask(Effect::EndProcesses(end)).await.unwrap() {
            Response::Ended(receipts) => receipts,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn files(&self, effect: Effect) -> Result<Vec<FileSeen>, WorldError> {
        match self.ask(effect).await? {
            Response::Files(files) => Ok(files),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn path(&self, below: &str) -> Utf8PathBuf {
        self.root.join(below)
    }
}

pub(crate) fn bash(script: &str) -> Program {
    Program::new(["bash", "-c", script])
}

pub(crate) fn kind(error: &WorldError) -> FileFailure {
    match error {
        WorldError::File { kind, .. } => *kind,
        other => panic!("{other:?}"),
    }
}

pub(crate) const SCRIPT: &str = "\nfrom specify_cli.sync.daemon import run_sync_daemon\nrun_sync_daemon(9407, 'a-bearer-token')\n";

pub(crate) fn daemon_rule() -> ProcessRule {
    ProcessRule {
        name: "sync-daemon".into(),
        program: vec!["python*".into()],
        argv: vec![
            "-c".into(),
            r"\s*from specify_cli\.sync\.daemon import run_sync_daemon\s+run_sync_daemon\(\d+, '[^']*'\)\s*".into(),
        ],
        homes: Vec::new(),
    }
}

/// A real Python process in the real daemon's shape; ended with the test.
pub(crate) struct Daemon {
    pub(crate) child: Child,
    pub(crate) pid: u32,
}

impl Daemon {
    pub(crate) fn start(stage: &Stage, on_term: &str) -> Self {
        let package = stage.path("workspace/specify_cli/sync");
        std::fs::create_dir_all(&package).unwrap();
        std::fs::write(
            package.join("daemon.py"),
            format!(
                "import signal, sys\n\
                 def run_sync_daemon(port, token):\n    \
                     signal.signal(signal.SIGTERM, {on_term})\n    \
                     print('ready', flush=True)\n    \
                     while True:\n        \
                         signal.pause()\n"
            ),
        )
        .unwrap();
        let mut child = Command::new("python3")
            .args(["-c", SCRIPT])
            .current_dir(stage.path("workspace"))
            .env("PYTHONPATH", stage.path("workspace"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        assert_eq!(line, "ready\n");
        let pid = child.id();
        Self { child, pid }
    }

    pub(crate) fn polite(stage: &Stage) -> Self {
        Self::start(stage, "lambda *_: sys.exit(0)")
    }

    pub(crate) fn stubborn(stage: &Stage) -> Self {
        Self::start(stage, "signal.SIG_IGN")
    }

    pub(crate) async fn seen(&self, stage: &Stage) -> ProcessSeen {
        let all = stage.processes().await;
        all.into_iter()
            .find(|seen| seen.identity.pid == self.pid)
            .expect("it lives")
    }

    pub(crate) fn lives(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _ended = self.child.wait();
    }
}

pub(crate) fn make_executable(path: &Utf8Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}
