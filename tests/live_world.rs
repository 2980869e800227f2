//! The live world against real programs, files and processes.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test makes the outside that it looks at"
)]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use canary_gate::gate::SubtaskId;
use canary_gate::world::live::{LiveWorld, Operator, Places};
use canary_gate::world::redact::Redactor;
use canary_gate::world::{
    Effect, EndProcesses, Ended, EnvBase, Fate, FileFailure, FileSeen, Finished, HttpGet,
    KeepFiles, ListFiles, Pack, Place, ProcessIdentity, ProcessRule, ProcessSeen, Program,
    ReadFile, Receipt, Response, Watch, World, WorldError, WriteFile,
};

/// A world in a directory of its own.
struct Stage {
    world: LiveWorld,
    outfit: (Operator, Places),
    root: Utf8PathBuf,
    _directory: tempfile::TempDir,
}

impl Stage {
    fn new() -> Self {
        Self::with_env(&[])
    }

    fn with_env(more: &[(&str, &str)]) -> Self {
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

    async fn ask(&self, effect: Effect) -> Result<Response, WorldError> {
        self.world.perform(&SubtaskId::new("T000"), effect).await
    }

    async fn run(&self, program: Program) -> Result<Finished, WorldError> {
        match self.ask(Effect::Run(program)).await? {
            Response::Program(finished) => Ok(*finished),
            other => panic!("{other:?}"),
        }
    }

    async fn bash(&self, script: &str) -> Finished {
        self.run(bash(script)).await.unwrap()
    }

    async fn processes(&self) -> Vec<ProcessSeen> {
        match self.ask(Effect::ListProcesses).await.unwrap() {
            Response::Processes(seen) => seen,
            other => panic!("{other:?}"),
        }
    }

    /// Every process with all that it was started with. By another world, which would clear away
    /// the ended programs of the first: not while one runs.
    async fn everything(&self) -> Vec<ProcessSeen> {
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

    async fn end(&self, end: EndProcesses) -> Vec<Receipt> {
        match self.ask(Effect::EndProcesses(end)).await.unwrap() {
            Response::Ended(receipts) => receipts,
            other => panic!("{other:?}"),
        }
    }

    async fn files(&self, effect: Effect) -> Result<Vec<FileSeen>, WorldError> {
        match self.ask(effect).await? {
            Response::Files(files) => Ok(files),
            other => panic!("{other:?}"),
        }
    }

    fn path(&self, below: &str) -> Utf8PathBuf {
        self.root.join(below)
    }
}

fn bash(script: &str) -> Program {
    Program::new(["bash", "-c", script])
}

fn kind(error: &WorldError) -> FileFailure {
    match error {
        WorldError::File { kind, .. } => *kind,
        other => panic!("{other:?}"),
    }
}

// ---- programs ----

#[tokio::test]
async fn output_exit_code_and_logs() {
    let stage = Stage::new();
    let finished = stage.bash("echo out; echo err >&2; exit 3").await;
    assert_eq!(finished.ended, Ended::Code(3));
    assert_eq!(finished.stdout.text, "out\n");
    assert_eq!(finished.stderr.text, "err\n");
    assert_eq!(finished.stdout.bytes, 4);
    assert!(!finished.stdout.truncated);
    let log = finished.stdout.log.unwrap();
    assert_eq!(log.as_str(), "‹run›/logs/T000-1-bash.out");
    let text = std::fs::read_to_string(stage.path("run/logs/T000-1-bash.out")).unwrap();
    assert_eq!(text, "out\n");
    assert!(finished.leftovers.is_empty());
}

#[tokio::test]
async fn a_signal_is_not_an_exit_code() {
    let stage = Stage::new();
    assert_eq!(stage.bash("kill -9 $$").await.ended, Ended::Signal(9));
    // One that has no name.
    assert_eq!(stage.bash("kill -35 $$").await.ended, Ended::Signal(35));
}

#[tokio::test]
async fn a_program_starts_with_the_signals_it_expects() {
    let stage = Stage::new();
    let finished = stage.bash("kill -PIPE $$; echo ignored").await;
    assert_eq!(finished.ended, Ended::Signal(13));
    let finished = stage
        .bash("grep -E '^Sig(Blk|Ign)' /proc/self/status")
        .await;
    for line in finished.stdout.text.lines() {
        let (_, mask) = line.split_once('\t').unwrap();
        // Above 31 are the C library's own.
        let mask = u64::from_str_radix(mask, 16).unwrap() & 0x7fff_ffff;
        assert_eq!(mask, 0, "{line}");
    }
}

#[tokio::test]
async fn a_program_has_a_session_of_its_own_and_no_descriptor_of_the_gates() {
    let stage = Stage::new();
    let finished = stage
        .bash("read -r pid _ _ _ group session _ < /proc/$$/stat; echo $pid $group $session; ls /proc/$$/fd; true")
        .await;
    let (ids, descriptors) = finished.stdout.text.split_once('\n').unwrap();
    let ids: Vec<&str> = ids.split(' ').collect();
    assert_eq!(ids, [ids[0]; 3]);
    let mut descriptors: Vec<String> = descriptors.lines().map(str::to_owned).collect();
    descriptors.sort();
    assert_eq!(descriptors, inherited());
}

/// Descriptors that this test was started with, and whatever it starts as well.
fn inherited() -> Vec<String> {
    const CLOSED_ON_EXEC: u32 = 0o2_000_000;
    let all = std::fs::read_dir("/proc/self/fdinfo").unwrap();
    let all = all.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let kept = |name: &String| {
        let info = std::fs::read_to_string(format!("/proc/self/fdinfo/{name}")).unwrap_or_default();
        let flags = info.lines().find_map(|line| line.strip_prefix("flags:"));
        flags.is_some_and(|flags| {
            u32::from_str_radix(flags.trim(), 8).unwrap() & CLOSED_ON_EXEC == 0
        })
    };
    let mut kept: Vec<String> = all.filter(kept).collect();
    kept.sort();
    kept
}

#[tokio::test]
async fn a_script_that_names_no_interpreter_is_the_shells() {
    let stage = Stage::new();
    std::fs::write(stage.path("run/script"), "echo \"$0 $1\"\n").unwrap();
    make_executable(&stage.path("run/script"));
    let program = Program::new(["‹run›/script", "argument"]);
    let finished = stage.run(program).await.unwrap();
    assert_eq!(finished.stdout.text, "‹run›/script argument\n");
}

#[tokio::test]
async fn an_argument_with_a_zero_byte_is_an_error() {
    let stage = Stage::new();
    let error = stage.run(bash("true\0")).await.unwrap_err();
    assert!(matches!(error, WorldError::NotStarted { .. }), "{error:?}");
    assert!(error.to_string().contains("nul byte"), "{error}");
}

#[tokio::test]
async fn places_go_out_as_paths_and_come_back_as_tokens() {
    let stage = Stage::new();
    let mut program = bash("echo $0 $ROOT; pwd; cat > $ROOT/x; echo ‹run›/y");
    program.argv.push("‹workspace›/argument".into());
    program.env.insert("ROOT".into(), "‹state›".into());
    program.cwd = Place::workspace("");
    program.stdin = Some("typed".into());
    let finished = stage.run(program).await.unwrap();
    assert_eq!(
        finished.stdout.text,
        "‹workspace›/argument ‹state›\n‹workspace›\n‹run›/y\n"
    );
    assert_eq!(
        std::fs::read_to_string(stage.path("state/x")).unwrap(),
        "typed"
    );
    let log = std::fs::read_to_string(stage.path("run/logs/T000-1-bash.out")).unwrap();
    assert_eq!(log, finished.stdout.text);
}

#[tokio::test]
async fn standard_input_is_null_unless_given() {
    let stage = Stage::new();
    let finished = stage.run(Program::new(["cat"])).await.unwrap();
    assert_eq!(
        (finished.ended, finished.stdout.text.as_str()),
        (Ended::Code(0), "")
    );
}

#[tokio::test]
async fn standard_input_that_nobody_reads_is_no_error() {
    let stage = Stage::new();
    let mut program = bash("exec <&-; exit 0");
    program.stdin = Some("x".repeat(1 << 20));
    assert!(stage.run(program).await.unwrap().success());
}

#[tokio::test]
async fn what_cannot_be_started_says_why() {
    let stage = Stage::new();
    std::fs::write(stage.path("run/plain"), "x").unwrap();
    std::fs::write(stage.path("run/orphan"), "#!/no/such/interpreter\n").unwrap();
    make_executable(&stage.path("run/orphan"));
    let missing = stage
        .run(Program::new(["no-such-program"]))
        .await
        .unwrap_err();
    assert_eq!(missing.to_string(), "program `no-such-program` not found");
    let cases = [
        ("‹run›/plain", "is not an executable file"),
        ("‹run›/orphan", "the interpreter it names is not there"),
    ];
    for (name, why) in cases {
        let error = stage.run(Program::new([name])).await.unwrap_err();
        assert!(matches!(error, WorldError::NotStarted { .. }), "{error:?}");
        assert!(error.to_string().contains(why), "{error}");
    }
    let mut nowhere = bash("true");
    nowhere.cwd = Place::run("nowhere");
    let error = stage.run(nowhere).await.unwrap_err();
    assert!(error.to_string().contains("working directory"), "{error}");
}

fn make_executable(path: &Utf8Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[tokio::test]
async fn invalid_utf8_is_shown_and_kept() {
    let stage = Stage::new();
    let finished = stage.bash(r"printf 'a\xff\xfeb'").await;
    assert_eq!(finished.stdout.text, "a\u{fffd}\u{fffd}b");
    assert_eq!(
        std::fs::read(stage.path("run/logs/T000-1-bash.out")).unwrap(),
        b"a\xff\xfeb"
    );
}

// ---- environment ----

async fn environment(stage: &Stage, change: impl FnOnce(&mut Program)) -> BTreeMap<String, String> {
    let mut program = Program::new(["env", "-0"]);
    change(&mut program);
    let text = stage.run(program).await.unwrap().stdout.text;
    text.split_terminator('\0')
        .map(|entry| entry.split_once('=').unwrap())
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

const OPERATORS: &[(&str, &str)] = &[
    ("HOME", "/wrong"),
    ("SSL_CERT_FILE", "/certificates.pem"),
    ("https_proxy", "http://proxy:1"),
    ("GH_TOKEN", "ghp_env_token_value"),
    ("GITHUB_TOKEN", "other-env-token"),
    ("GH_CONFIG_DIR", "/gh"),
    ("FLY_APP", "some-app"),
    ("UV_DEFAULT_INDEX", "http://index/simple"),
    ("UV_INDEX_TEAM_USERNAME", "me"),
    ("UV_PYTHON", "3.9"),
    ("PIP_INDEX_URL", "http://index/pip"),
    ("PIP_USER", "1"),
    ("CANARY_TOKEN", "canary-secret"),
    ("LD_PRELOAD_NOT", "x"),
    ("PYTHONPATH", "/evil"),
    ("DBUS_SESSION_BUS_ADDRESS", "unix:path=/bus"),
];

/// The names beyond those that every program gets.
fn beyond(env: &BTreeMap<String, String>) -> Vec<&str> {
    const ALWAYS: &[&str] = &[
        "PATH",
        "HOME",
        "TMPDIR",
        "XDG_CACHE_HOME",
        "XDG_DATA_HOME",
        "XDG_STATE_HOME",
        "LANG",
        "TZ",
        "SSL_CERT_FILE",
        "https_proxy",
    ];
    for name in ALWAYS {
        assert!(env.contains_key(*name), "{name}");
    }
    env.keys()
        .map(String::as_str)
        .filter(|name| !ALWAYS.contains(name))
        .collect()
}

#[tokio::test]
async fn a_bare_environment_is_exactly_what_is_written_down() {
    let stage = Stage::with_env(OPERATORS);
    let env = environment(&stage, |_| ()).await;
    assert_eq!(beyond(&env), ["XDG_CONFIG_HOME"]);
    for (name, value) in [
        ("HOME", "‹run›/home"),
        ("TMPDIR", "‹run›/tmp/T000-1-env"),
        ("XDG_CONFIG_HOME", "‹run›/home/.config"),
        ("XDG_STATE_HOME", "‹run›/home/.local/state"),
        ("LANG", "C.UTF-8"),
        ("TZ", "UTC"),
        ("SSL_CERT_FILE", "/certificates.pem"),
    ] {
        assert_eq!(env[name], value, "{name}");
    }
}

#[tokio::test]
async fn each_base_adds_what_is_written_down() {
    let stage = Stage::with_env(OPERATORS);
    let github = environment(&stage, |program| program.base = EnvBase::GitHub).await;
    assert_eq!(
        beyond(&github),
        ["DBUS_SESSION_BUS_ADDRESS", "GH_CONFIG_DIR"]
    );
    assert_eq!(github["HOME"], "‹home›");
    let token = environment(&stage, |program| {
        program.base = EnvBase::GitHubEnvironmentToken;
    })
    .await;
    assert_eq!(
        beyond(&token),
        [
            "DBUS_SESSION_BUS_ADDRESS",
            "GH_CONFIG_DIR",
            "GH_TOKEN",
            "GITHUB_TOKEN"
        ]
    );
    assert_eq!(token["GH_TOKEN"], "‹secret:GH_TOKEN›");
    let fly = environment(&stage, |program| program.base = EnvBase::Fly).await;
    assert_eq!(beyond(&fly), ["FLY_APP", "XDG_CONFIG_HOME"]);
    assert_eq!(fly["HOME"], "‹home›");
}

#[tokio::test]
async fn an_installer_gets_the_operators_index_and_the_gates_cache() {
    let stage = Stage::with_env(OPERATORS);
    let config = stage.path("home/.config");
    std::fs::create_dir_all(config.join("pip")).unwrap();
    std::fs::create_dir_all(config.join("uv")).unwrap();
    std::fs::write(config.join("pip/pip.conf"), "[global]\n").unwrap();
    std::fs::write(config.join("uv/uv.toml"), "offline = true\n").unwrap();
    std::fs::write(stage.path("home/.netrc"), "").unwrap();
    let env = environment(&stage, |program| program.base = EnvBase::Installer).await;
    assert_eq!(
        beyond(&env),
        [
            "NETRC",
            "PIP_CACHE_DIR",
            "PIP_CONFIG_FILE",
            "PIP_INDEX_URL",
            "UV_CACHE_DIR",
            "UV_DEFAULT_INDEX",
            "UV_INDEX_TEAM_USERNAME",
            "XDG_CONFIG_HOME",
        ]
    );
    assert_eq!(env["UV_CACHE_DIR"], "‹cache›/uv");
    assert_eq!(env["PIP_CONFIG_FILE"], "‹home›/.config/pip/pip.conf");
    assert_eq!(env["NETRC"], "‹home›/.netrc");
    let uv = std::fs::read_to_string(stage.path("run/home/.config/uv/uv.toml")).unwrap();
    assert_eq!(uv, "offline = true\n");
}

#[tokio::test]
async fn a_passed_variable_is_a_secret() {
    let stage = Stage::with_env(OPERATORS);
    let env = environment(&stage, |program| {
        program.pass.insert("CANARY_TOKEN".into());
        program.pass.insert("NOT_SET".into());
    })
    .await;
    assert_eq!(env["CANARY_TOKEN"], "‹secret:CANARY_TOKEN›");
    assert!(!env.contains_key("NOT_SET"));
    let finished = stage
        .bash("printf canary-; printf secret | base64; echo canary-secret")
        .await;
    assert!(
        !finished.stdout.text.contains("canary-secret"),
        "{}",
        finished.stdout.text
    );
    let logs = std::fs::read_to_string(stage.path("run/logs/T000-2-bash.out")).unwrap();
    assert!(!logs.contains("canary-secret"), "{logs}");
}

// ---- time limits, leftovers, cancellation ----

#[tokio::test]
async fn a_time_limit_ends_the_whole_tree() {
    let stage = Stage::new();
    // Two grandchildren ignore TERM, one of them in a group of its own.
    let stubborn = "trap '' TERM; echo here; while :; do sleep 1000 & wait; done";
    let mark = format!("of {}", stage.root);
    let mut program = bash(&format!(
        "trap '' TERM\n bash -c \"$1\" \"$2\" &\n set -m\n bash -c \"$1\" \"$2\" &\n {stubborn}"
    ));
    program
        .argv
        .extend(["outer".into(), stubborn.to_owned(), mark.clone()]);
    program.limit = Duration::from_secs(4);
    let finished = stage.run(program).await.unwrap();
    assert_eq!(finished.ended, Ended::TimedOut);
    assert!(
        finished.stdout.text.contains("here"),
        "the last output is shown"
    );
    assert!(finished.leftovers.is_empty(), "{:?}", finished.leftovers);
    assert!(
        finished.elapsed >= Duration::from_secs(6),
        "TERM, grace, KILL"
    );
    for process in stage.everything().await {
        assert!(!process.argv.contains(&mark), "{process:?}");
    }
}

#[tokio::test]
async fn a_pipe_that_stays_open_is_a_named_leftover_and_no_hang() {
    let stage = Stage::new();
    let finished = stage.bash("sleep 1000 & echo $!; exit 3").await;
    assert_eq!(finished.ended, Ended::Code(3));
    let pid: u32 = finished.stdout.text.trim().parse().unwrap();
    let [left] = finished.leftovers.as_slice() else {
        panic!("{:?}", finished.leftovers);
    };
    assert_eq!((left.identity.pid, left.program.as_str()), (pid, "sleep"));
    let receipts = stage.world.end_leftovers(Duration::from_secs(5)).await;
    assert_eq!(receipts.len(), 1);
    assert_eq!(receipts[0].fate, Fate::Terminated);
    assert!(
        !stage
            .processes()
            .await
            .iter()
            .any(|seen| seen.identity == left.identity)
    );
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_leftover_that_fled_into_its_own_session_is_found() {
    let stage = Stage::new();
    let script = "setsid bash -c 'echo $$; exec sleep 1000 >/dev/null 2>&1' > pid & wait -n; \
                  until [ -s pid ]; do :; done; cat pid";
    let finished = stage.bash(&script.replace("& wait -n;", "&")).await;
    let pid: u32 = finished.stdout.text.trim().parse().unwrap();
    assert!(
        finished
            .leftovers
            .iter()
            .any(|left| left.identity.pid == pid)
    );
    let receipts = stage.world.end_leftovers(Duration::from_secs(5)).await;
    assert_eq!(receipts[0].fate, Fate::Terminated);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn under_the_subreaper_an_ended_orphan_is_really_gone() {
    // Not to be undone, but harmless to other tests of this process.
    let isolation = canary_gate::world::live::isolate();
    assert!(isolation.subreaper && isolation.pidfd && isolation.session_per_program);
    let stage = Stage::new();
    // The orphan outlives its parent; a later program ends it and waits for its pid.
    let left = stage
        .bash("setsid sleep 1000 >/dev/null 2>&1 & echo $!")
        .await;
    let pid = left.stdout.text.trim().to_owned();
    assert_eq!(left.leftovers.len(), 1, "{:?}", left.leftovers);
    let mut program = bash(&format!(
        "kill {pid}; while kill -0 {pid} 2>/dev/null; do :; done; echo gone"
    ));
    program.limit = Duration::from_mins(1);
    let waited = stage.run(program).await.unwrap();
    assert_eq!(waited.stdout.text, "gone\n");
    // And those that it started itself still tell how they ended.
    for code in 0..20 {
        assert_eq!(
            stage.bash(&format!("exit {code}")).await.ended,
            Ended::Code(code)
        );
    }
}

/// Started with `nohup`, or in the background of a script.
#[test]
fn the_same_signals_where_the_gate_was_started_with_some_ignored() {
    let test = "a_program_starts_with_the_signals_it_expects";
    let output = Command::new("sh")
        .args(["-c", "trap '' HUP INT QUIT USR1; exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test])
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}");
    assert!(told.contains("1 passed"), "{told}");
}

/// In a pid namespace of its own, as in a container, the session's leader may be outside: the
/// system calls it 0.
#[cfg(target_os = "linux")]
#[test]
fn the_same_in_a_pid_namespace_of_its_own() {
    if !nix::unistd::geteuid().is_root() {
        eprintln!("NOT SHOWN: a pid namespace of its own takes root");
        return;
    }
    let tests = [
        "under_the_subreaper_an_ended_orphan_is_really_gone",
        "a_leftover_that_fled_into_its_own_session_is_found",
        "a_time_limit_ends_the_whole_tree",
        "daemons_end_by_term_or_kill_and_others_are_left_alone",
    ];
    let output = Command::new("unshare")
        .args(["--pid", "--fork", "--mount-proc"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "--test-threads", "1"])
        .args(tests)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}");
    assert!(told.contains(&format!("{} passed", tests.len())), "{told}");
}

#[tokio::test]
async fn a_program_that_is_given_up_is_ended_with_its_group() {
    let stage = Stage::new();
    let fifo = stage.path("run/fifo");
    nix::unistd::mkfifo(fifo.as_std_path(), nix::sys::stat::Mode::S_IRWXU).unwrap();
    let program = bash(
        "trap '' TERM; sleep 1000 & echo $! > fifo; wait; while :; do sleep 1000 & wait; done",
    );
    let ready = tokio::task::spawn_blocking(move || std::fs::read_to_string(fifo).unwrap());
    let pid: u32 = tokio::select! {
        finished = stage.run(program) => panic!("{finished:?}"),
        line = ready => line.unwrap().trim().parse().unwrap(),
    };
    stage.world.settle().await;
    let left: Vec<ProcessSeen> = stage.everything().await;
    assert!(
        !left.iter().any(|seen| seen.identity.pid == pid),
        "the grandchild is gone"
    );
    let mark = "trap '' TERM; sleep 1000 & echo $! > fifo";
    assert!(
        !left
            .iter()
            .any(|seen| seen.argv.iter().any(|text| text.starts_with(mark)))
    );
}

/// Ctrl-C: a program that cleans up says so, and is heard; what fled from it is not forgotten.
#[tokio::test]
async fn a_program_that_is_given_up_is_heard_to_its_end() {
    let stage = Stage::new();
    let fifo = stage.path("run/fifo");
    nix::unistd::mkfifo(fifo.as_std_path(), nix::sys::stat::Mode::S_IRWXU).unwrap();
    let program = bash(
        "trap 'echo cleaning; echo cleaned > cleaned; echo last words; exit 0' TERM; \
         setsid bash -c 'echo $$ > fifo; exec sleep 1000 > /dev/null 2>&1' & \
         while :; do wait; done",
    );
    let ready = tokio::task::spawn_blocking(move || std::fs::read_to_string(fifo).unwrap());
    let fled: u32 = tokio::select! {
        finished = stage.run(program) => panic!("{finished:?}"),
        line = ready => line.unwrap().trim().parse().unwrap(),
    };
    stage.world.settle().await;
    assert!(
        stage.path("run/cleaned").exists(),
        "its trap came to its end"
    );
    let log = std::fs::read_to_string(stage.path("run/logs/T000-1-bash.out")).unwrap();
    assert!(log.ends_with("cleaning\nlast words\n"), "{log}");
    let receipts = stage.world.end_leftovers(Duration::from_secs(5)).await;
    let ended: Vec<u32> = receipts.iter().map(|one| one.identity.pid).collect();
    assert_eq!(ended, [fled]);
}

#[tokio::test]
async fn a_hundred_megabytes_need_no_memory() {
    let stage = Stage::new();
    let before = peak_memory();
    let finished = stage
        .bash("head -c 100000000 /dev/zero | tr '\\0' x; echo end")
        .await;
    let grown = peak_memory().saturating_sub(before);
    assert_eq!(finished.stdout.bytes, 100_000_004);
    assert!(finished.stdout.truncated);
    assert!(finished.stdout.text.len() <= 1 << 20);
    assert!(finished.stdout.text.ends_with("xend\n"));
    let log = stage.path("run/logs/T000-1-bash.out");
    assert_eq!(std::fs::metadata(log).unwrap().len(), 100_000_004);
    assert!(grown < 40_000, "{grown} KiB more");
}

/// Peak of resident memory in KiB.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or(0, |line| {
        line.trim().trim_end_matches(" kB").parse().unwrap()
    })
}

// ---- watching ----

/// Answers each GET and then lets the script go on: so the script cannot be ahead of the world.
async fn health_that_lets_go(listener: tokio::net::TcpListener, gates: Vec<Utf8PathBuf>) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut gates = gates.into_iter();
    loop {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut request = vec![0; 4096];
        let count = socket.read(&mut request).await.unwrap();
        let request = String::from_utf8_lossy(&request[..count]).to_lowercase();
        assert!(request.contains("user-agent: gate/"), "{request}");
        assert!(!request.contains("cookie"), "{request}");
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok";
        socket.write_all(answer).await.unwrap();
        if let Some(gate) = gates.next() {
            tokio::task::spawn_blocking(move || std::fs::write(gate, "go\n").unwrap());
        }
    }
}

#[tokio::test]
async fn a_watch_sees_each_boundary_as_it_comes() {
    let stage = Stage::new();
    let script = "
        read -r _ < ‹run›/go-0; mkdir -p ‹workspace›/runs
        for n in 1 2 1; do
            echo $n >> ‹workspace›/queue.db
            echo $n > ‹workspace›/runs/beside; mv ‹workspace›/runs/beside ‹workspace›/runs/run-$n.json
            step=$((step + 1)); read -r _ < ‹run›/go-$step
        done";
    let gates: Vec<Utf8PathBuf> = (0..4)
        .map(|step| stage.path(&format!("run/go-{step}")))
        .collect();
    for gate in &gates {
        nix::unistd::mkfifo(gate.as_std_path(), nix::sys::stat::Mode::S_IRWXU).unwrap();
    }
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/health/", listener.local_addr().unwrap());
    let server = tokio::spawn(health_that_lets_go(listener, gates));
    let boundary = |n: u32| Place::workspace(&format!("runs/run-{n}.json"));
    let mut program = bash(script);
    program.watch = Some(Box::new(Watch {
        boundaries: vec![boundary(1), boundary(2)],
        processes: ProcessRule {
            name: "script".into(),
            program: vec!["bash".into()],
            argv: vec!["-c".into(), r"\s*read -r _[\s\S]*runs/run-[\s\S]*".into()],
            homes: Vec::new(),
        },
        files: vec![ListFiles {
            root: Place::workspace(""),
            include: vec!["*.db".into()],
        }],
        addresses: vec![HttpGet {
            url,
            limit: Duration::from_secs(10),
        }],
        ask_every: None,
        fixed: Vec::new(),
        programs: Vec::new(),
    }));
    let finished = stage.run(program).await.unwrap();
    server.abort();
    assert!(finished.success(), "{}", finished.stderr.text);
    let seen = &finished.observations;
    let names: Vec<&str> = seen.iter().map(|seen| seen.boundary.as_str()).collect();
    assert_eq!(
        names,
        ["start", "run-1.json", "run-2.json", "run-1.json", "end"]
    );
    let sizes: Vec<u64> = seen
        .iter()
        .flat_map(|seen| &seen.files)
        .map(|file| file.bytes)
        .collect();
    assert_eq!(sizes, [2, 4, 6, 6], "the queue as it was at each boundary");
    let alive: Vec<usize> = seen.iter().map(|seen| seen.processes.len()).collect();
    assert_eq!(alive, [0, 1, 1, 1, 0]);
    assert!(seen.windows(2).all(|pair| pair[0].at <= pair[1].at));
    for seen in seen {
        assert_eq!(seen.answers[0].as_ref().unwrap().body, "ok");
    }
}

// ---- processes ----

const SCRIPT: &str = "\nfrom specify_cli.sync.daemon import run_sync_daemon\nrun_sync_daemon(9407, 'a-bearer-token')\n";

fn daemon_rule() -> ProcessRule {
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
struct Daemon {
    child: Child,
    pid: u32,
}

impl Daemon {
    fn start(stage: &Stage, on_term: &str) -> Self {
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

    fn polite(stage: &Stage) -> Self {
        Self::start(stage, "lambda *_: sys.exit(0)")
    }

    fn stubborn(stage: &Stage) -> Self {
        Self::start(stage, "signal.SIG_IGN")
    }

    async fn seen(&self, stage: &Stage) -> ProcessSeen {
        let all = stage.processes().await;
        all.into_iter()
            .find(|seen| seen.identity.pid == self.pid)
            .expect("it lives")
    }

    fn lives(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _ended = self.child.wait();
    }
}

#[tokio::test]
async fn what_others_were_started_with_is_told_only_when_a_rule_or_a_search_could_mean_it() {
    let stage = Stage::new();
    let started = |words: &str| {
        let mut sleep = Command::new("bash");
        sleep.args(["-c", "read -r _", words]).stdin(Stdio::piped());
        sleep.spawn().unwrap()
    };
    let mut others = [started("/home/somebody/letter"), started("run_sync_daemon")];
    let [letter, search] = others.each_ref().map(Child::id);
    let argv = |seen: &[ProcessSeen], pid| {
        let one = seen.iter().find(|one| one.identity.pid == pid);
        one.map(|one| (one.program.clone(), one.argv.len()))
    };
    let told = stage.processes().await;
    let everything = stage.everything().await;
    for other in &mut others {
        other.kill().unwrap();
        other.wait().unwrap();
    }
    assert_eq!(argv(&told, letter), Some(("bash".to_owned(), 0)));
    assert_eq!(argv(&told, search), Some(("bash".to_owned(), 4)));
    assert_eq!(argv(&everything, letter), Some(("bash".to_owned(), 4)));
}

#[tokio::test]
async fn of_others_paths_only_the_last_part_is_told() {
    let stage = Stage::new();
    let mut other = Command::new("bash")
        .args([
            "-c",
            "read -r _",
            "--log=/srv/another/gate/run_sync_daemon.log",
        ])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let told = stage.processes().await;
    let seen = told.iter().find(|one| one.identity.pid == other.id());
    let argv = seen.unwrap().argv.clone();
    other.kill().unwrap();
    other.wait().unwrap();
    assert_eq!(
        argv[1..],
        ["-c", "read -r _", "--log=‹elsewhere›/run_sync_daemon.log"]
    );
}

#[tokio::test]
async fn a_daemon_is_listed_without_its_token() {
    let stage = Stage::new();
    let daemon = Daemon::polite(&stage);
    let seen = daemon.seen(&stage).await;
    assert!(daemon_rule().matches(&seen), "{seen:?}");
    assert!(seen.ours && !seen.ancestor);
    assert!(!format!("{seen:?}").contains("a-bearer-token"), "{seen:?}");
    let finished = stage.bash("echo the token is a-bearer-token").await;
    assert_eq!(finished.stdout.text, "the token is ‹secret:daemon-token›\n");
}

#[tokio::test]
async fn who_only_speaks_of_a_daemon_makes_no_secret_of_a_word() {
    let stage = Stage::new();
    let told = "run_sync_daemon(9400, 'an-ordinary-word')";
    let mut shell = std::process::Command::new("bash")
        .args(["-c", "read -r _", told])
        .stdin(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let all = stage.processes().await;
    let seen = all.iter().find(|seen| seen.identity.pid == shell.id());
    let argv = seen.unwrap().argv.join(" ");
    drop(shell.stdin.take());
    shell.wait().unwrap();
    // There it may be a token, whoever wrote it.
    assert!(argv.contains("‹secret:daemon-token›"), "{argv}");
    let finished = stage.bash("echo an-ordinary-word").await;
    assert_eq!(finished.stdout.text, "an-ordinary-word\n");
}

#[tokio::test]
async fn daemons_end_by_term_or_kill_and_others_are_left_alone() {
    let stage = Stage::new();
    let (mut polite, mut stubborn, mut reused) = (
        Daemon::polite(&stage),
        Daemon::stubborn(&stage),
        Daemon::polite(&stage),
    );
    // The module is shared; the third one was started last and is polite again.
    let identity = |seen: ProcessSeen| seen.identity;
    let mut gone = Daemon::polite(&stage);
    let targets = vec![
        identity(polite.seen(&stage).await),
        identity(stubborn.seen(&stage).await),
        // Another process has this pid now: the start time tells.
        ProcessIdentity {
            started: identity(reused.seen(&stage).await).started - 1,
            pid: reused.pid,
        },
        identity(gone.seen(&stage).await),
        identity(
            stage
                .processes()
                .await
                .into_iter()
                .find(|seen| seen.identity.pid == std::process::id())
                .unwrap(),
        ),
    ];
    gone.child.kill().unwrap();
    gone.child.wait().unwrap();
    let receipts = stage
        .end(EndProcesses {
            rule: daemon_rule(),
            targets: targets.clone(),
            grace: Duration::from_millis(700),
        })
        .await;
    let fates: Vec<Fate> = receipts.iter().map(|receipt| receipt.fate).collect();
    assert_eq!(
        fates,
        [
            Fate::Terminated,
            Fate::Killed,
            Fate::NotTheSame,
            Fate::AlreadyGone,
            Fate::NotTheSame
        ]
    );
    let order: Vec<ProcessIdentity> = receipts.iter().map(|receipt| receipt.identity).collect();
    assert_eq!(order, targets, "receipts come in the order asked for");
    assert!(receipts[1].after >= Duration::from_millis(700));
    assert!(!polite.lives() && !stubborn.lives());
    assert!(
        reused.lives(),
        "the identity did not match, so it got no signal"
    );
}

#[tokio::test]
async fn a_look_alike_is_not_the_same() {
    let stage = Stage::new();
    let mut editor = Command::new("sleep").arg("1000").spawn().unwrap();
    let pid = editor.id();
    let seen = stage.processes().await;
    let target = seen
        .iter()
        .find(|seen| seen.identity.pid == pid)
        .unwrap()
        .identity;
    let receipts = stage
        .end(EndProcesses {
            rule: daemon_rule(),
            targets: vec![target],
            grace: Duration::from_secs(1),
        })
        .await;
    assert_eq!(receipts[0].fate, Fate::NotTheSame);
    assert!(matches!(editor.try_wait(), Ok(None)));
    editor.kill().unwrap();
    editor.wait().unwrap();
}

// ---- files ----

fn write(path: &str, text: &str, replace: bool) -> Effect {
    Effect::WriteFile(WriteFile {
        path: Place::new(path),
        text: text.into(),
        replace,
    })
}

#[tokio::test]
async fn a_file_is_replaced_only_when_told_so() {
    let stage = Stage::new();
    let seen = stage
        .files(write("‹state›/a/b.txt", "one", false))
        .await
        .unwrap();
    assert_eq!(
        (seen[0].path.as_str(), seen[0].bytes),
        ("‹state›/a/b.txt", 3)
    );
    let error = stage
        .files(write("‹state›/a/b.txt", "two", false))
        .await
        .unwrap_err();
    assert_eq!(kind(&error), FileFailure::AlreadyExists);
    stage
        .files(write("‹state›/a/b.txt", "three", true))
        .await
        .unwrap();
    assert_eq!(
        std::fs::read_to_string(stage.path("state/a/b.txt")).unwrap(),
        "three"
    );
    let names: Vec<_> = std::fs::read_dir(stage.path("state/a")).unwrap().collect();
    assert_eq!(names.len(), 1, "nothing is left beside it");
}

#[tokio::test]
async fn nothing_is_written_through_a_link_or_into_the_home() {
    let stage = Stage::new();
    std::os::unix::fs::symlink(stage.path("home"), stage.path("state/link")).unwrap();
    std::os::unix::fs::symlink(stage.path("home/f"), stage.path("state/file")).unwrap();
    for path in [
        "‹state›/link/f",
        "‹state›/file",
        "‹home›/f",
        "‹state›/../home/f",
    ] {
        for replace in [false, true] {
            let error = stage.files(write(path, "x", replace)).await.unwrap_err();
            assert_eq!(kind(&error), FileFailure::NotPermitted, "{path}");
        }
    }
    assert_eq!(std::fs::read_dir(stage.path("home")).unwrap().count(), 0);
}

#[tokio::test]
async fn a_directory_is_made_once() {
    let stage = Stage::new();
    let make = || Effect::MakeDir {
        path: Place::new("‹state›/attempts/rc16-attempt1"),
    };
    // By however many, and at the same time.
    let answers = futures::future::join_all((0..8).map(|_| stage.ask(make()))).await;
    let (first, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    assert_eq!(first, [Ok(Response::Done)]);
    for error in refused {
        assert_eq!(kind(&error.unwrap_err()), FileFailure::AlreadyExists);
    }
}

#[tokio::test]
async fn reading_has_a_limit_and_wants_text() {
    let stage = Stage::new();
    std::fs::write(stage.path("run/ok"), format!("at {}/run/x", stage.root)).unwrap();
    std::fs::write(stage.path("run/bytes"), b"\xff").unwrap();
    let read = |name: &str, limit| {
        stage.ask(Effect::ReadFile(ReadFile {
            path: Place::run(name),
            limit,
        }))
    };
    assert_eq!(
        read("ok", 1000).await,
        Ok(Response::Text("at ‹run›/x".into()))
    );
    for (name, limit, wanted) in [
        ("ok", 4, FileFailure::TooLarge),
        ("bytes", 9, FileFailure::NotText),
        ("none", 9, FileFailure::NotFound),
    ] {
        assert_eq!(
            kind(&read(name, limit).await.unwrap_err()),
            wanted,
            "{name}"
        );
    }
}

#[tokio::test]
async fn listing_sorts_and_follows_no_link() {
    let stage = Stage::new();
    for name in ["b.json", "a.json", "sub/c.json", "sub/d.txt"] {
        std::fs::create_dir_all(stage.path("workspace/sub")).unwrap();
        std::fs::write(stage.path("workspace").join(name), name).unwrap();
    }
    std::os::unix::fs::symlink(stage.path("home"), stage.path("workspace/l")).unwrap();
    std::os::unix::fs::symlink(
        stage.path("workspace/a.json"),
        stage.path("workspace/z.json"),
    )
    .unwrap();
    let list = |root: &str, include: &[&str]| {
        stage.files(Effect::ListFiles(ListFiles {
            root: Place::new(root),
            include: include.iter().map(|text| (*text).to_owned()).collect(),
        }))
    };
    let names = |files: Vec<FileSeen>| -> Vec<String> {
        files
            .into_iter()
            .map(|file| file.path.to_string())
            .collect()
    };
    assert_eq!(
        names(list("‹workspace›", &["**/*.json"]).await.unwrap()),
        [
            "‹workspace›/a.json",
            "‹workspace›/b.json",
            "‹workspace›/sub/c.json"
        ]
    );
    assert_eq!(list("‹workspace›", &[]).await.unwrap().len(), 4);
    assert_eq!(list("‹workspace›/nowhere", &[]).await.unwrap(), []);
    // In the home, which is only looked at, a link is seen by where it leads.
    let link = stage.path("home/link.json");
    let leading = async |to: &str| {
        std::fs::remove_file(&link).ok();
        std::os::unix::fs::symlink(to, &link).unwrap();
        let mut files = list("‹home›", &["*.json"]).await.unwrap();
        files.pop().unwrap()
    };
    let (one, other) = (leading("nowhere").await, leading("elsewhere").await);
    assert_eq!((one.path.as_str(), one.bytes), ("‹home›/link.json", 7));
    assert_ne!(one.sha256, other.sha256);
    // What need not be entered is not: a name that is no text would be an error there.
    let odd: &std::ffi::OsStr = std::os::unix::ffi::OsStrExt::from_bytes(b"\xff");
    std::fs::write(stage.path("workspace/sub").as_std_path().join(odd), "").unwrap();
    assert!(list("‹workspace›", &["**/*.json"]).await.is_err());
    let beside = list("‹workspace›", &["other/*.json", "a.json"]).await;
    assert_eq!(names(beside.unwrap()), ["‹workspace›/a.json"]);
}

#[tokio::test]
async fn evidence_is_copied_without_secrets_and_never_replaced() {
    let stage = Stage::with_env(&[("GH_TOKEN", "top-secret-value")]);
    std::fs::write(
        stage.path("workspace/log.txt"),
        "with top-secret-value in it",
    )
    .unwrap();
    let keep = || {
        stage.files(Effect::KeepFiles(KeepFiles {
            from: ListFiles {
                root: Place::workspace(""),
                include: vec![],
            },
            to: Place::new("‹state›/evidence"),
        }))
    };
    let kept = keep().await.unwrap();
    assert_eq!(kept[0].path.as_str(), "‹state›/evidence/log.txt");
    let text = std::fs::read_to_string(stage.path("state/evidence/log.txt")).unwrap();
    assert_eq!(text, "with ‹secret:GH_TOKEN› in it");
    assert_eq!(kind(&keep().await.unwrap_err()), FileFailure::AlreadyExists);
}

#[tokio::test]
async fn the_same_files_give_the_same_archive() {
    let stage = Stage::new();
    for (directory, order) in [("one", ["a", "b"]), ("two", ["b", "a"])] {
        let root = stage.path("workspace").join(directory);
        std::fs::create_dir(&root).unwrap();
        for name in order {
            std::fs::write(root.join(name), format!("content of {name}")).unwrap();
        }
        make_executable(&root.join("a"));
    }
    let long = "x".repeat(150);
    for directory in ["one", "two"] {
        std::fs::write(stage.path("workspace").join(directory).join(&long), "").unwrap();
    }
    std::fs::File::open(stage.path("workspace/two/b"))
        .unwrap()
        .set_modified(std::time::UNIX_EPOCH)
        .unwrap();
    let pack = |from: &str, to: &str| {
        stage.files(Effect::Pack(Pack {
            parts: vec![(
                "bundle".into(),
                ListFiles {
                    root: Place::workspace(from),
                    include: vec![],
                },
            )],
            to: Place::new(format!("‹state›/{to}.tar.gz")),
        }))
    };
    let one = pack("one", "1").await.unwrap();
    let two = pack("two", "2").await.unwrap();
    assert_eq!(one[0].sha256, two[0].sha256);
    assert_eq!(
        kind(&pack("one", "1").await.unwrap_err()),
        FileFailure::AlreadyExists
    );
    let listing = stage
        .bash("tar tvzf ‹state›/1.tar.gz | awk '{print $1, $2, $NF}'")
        .await;
    assert_eq!(
        listing.stdout.text,
        format!("-rwxr-xr-x 0/0 bundle/a\n-rw-r--r-- 0/0 bundle/b\n-rw-r--r-- 0/0 bundle/{long}\n")
    );
}

#[tokio::test]
async fn programs_are_found_in_path_order() {
    let stage = Stage::new();
    let Ok(Response::Found(found)) = stage
        .ask(Effect::FindProgram {
            name: "bash".into(),
        })
        .await
    else {
        panic!();
    };
    assert!(found[0].ends_with("/bash"), "{found:?}");
    let none = stage
        .ask(Effect::FindProgram {
            name: "no-such".into(),
        })
        .await;
    assert_eq!(none, Ok(Response::Found(vec![])));
}
