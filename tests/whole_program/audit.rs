//! `gate audit` as a user types it: its page, its exit codes, and that it leaves nothing behind,
//! also after Ctrl-C and `kill -9`. Synchronised on what the tests under audit write.

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::audit_support::pytest;
use crate::audit_support::repo::{Builder, Repo, git, tree};

const OLD: &str = "def lane(name):\n    return \"planned\"\n";
const NEW: &str = "def lane(name):\n    return \"in_review\"\n";
const LOGS: &str = "import logging\n\nlogger = logging.getLogger(__name__)\n\n\ndef lane(name):\n    logger.info(\"asked for %s\", name)\n    return \"planned\"\n";
const TEST: &str =
    "from app import lane\n\n\ndef test_lane():\n    assert lane(\"planned\") == \"in_review\"\n";

/// A checkout with a fix and a change of logs alone, and a cache of its own that has the tools.
struct Place {
    root: tempfile::TempDir,
    repo: Repo,
}

impl Place {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let mut builder = Builder::default();
        let start = builder.commit(&[], tree(&[("src/app.py", OLD)]), "start");
        let logs = [("src/app.py", LOGS), ("tests/test_lane.py", TEST)];
        builder.commit(&[start], tree(&logs), "Tell what was asked for (#7)");
        let fix = [("src/app.py", NEW), ("tests/test_lane.py", TEST)];
        builder.commit(&[start], tree(&fix), "Keep the lane (#7)");
        let repo = builder.write(&root.path().join("repo"));
        let place = Self { root, repo };
        place.share_the_tools();
        place
    }

    /// What the gate has made for itself is used as it is; only audits are this place's own.
    fn share_the_tools(&self) {
        let cache = std::env::var_os("XDG_CACHE_HOME").map_or_else(
            || PathBuf::from(std::env::var_os("HOME").unwrap()).join(".cache"),
            PathBuf::from,
        );
        let (from, to) = (cache.join("gate"), self.path("cache/gate"));
        std::fs::create_dir_all(&from).unwrap();
        std::fs::create_dir_all(&to).unwrap();
        for name in ["tools", "uv"] {
            std::fs::create_dir_all(from.join(name)).unwrap();
            std::os::unix::fs::symlink(from.join(name), to.join(name)).unwrap();
        }
    }

    fn path(&self, below: &str) -> PathBuf {
        self.root.path().canonicalize().unwrap().join(below)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("gate"));
        command
            .arg("audit")
            .args(arguments)
            .env("XDG_CACHE_HOME", self.path("cache"))
            .env("XDG_STATE_HOME", self.path("state"))
            .current_dir(&self.repo.path)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn audit(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// `--tests` with pytest on this checkout.
    fn pytest() -> String {
        let python = pytest::python();
        format!(
            "env PYTHONPATH=src {} -m pytest -q -p no:cacheprovider --tb=short",
            python.display()
        )
    }

    fn look(&self) -> String {
        [
            "status --porcelain --ignored",
            "worktree list --porcelain",
            "for-each-ref",
            "stash list",
        ]
        .map(|line| git(&self.repo.path, &line.split(' ').collect::<Vec<_>>()))
        .join("\n")
    }

    /// Directories and marks of audits.
    fn left(&self) -> Vec<String> {
        let all = std::fs::read_dir(self.path("cache/gate/command/audit"));
        all.into_iter()
            .flatten()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name != "lock")
            .collect()
    }

    /// Starts an audit whose test run never ends, outside of a sandbox, where it can say so;
    /// gives its process id.
    fn hanging(&self) -> (Child, Vec<Pid>) {
        let pipe = self.path("pipe");
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
        // Opened for both, so that no side waits for the other to open it.
        let reader = OpenOptions::new()
            .read(true)
            .write(true)
            .open(&pipe)
            .unwrap();
        let tests = format!(
            "sh -c 'echo $$ >> {}; exec sleep 1000' {{junit}}",
            pipe.display()
        );
        let child = self
            .command(&["--fix", &self.repo.names[2], "--tests", &tests])
            .arg("--no-sandbox")
            .spawn()
            .unwrap();
        let pids = BufReader::new(reader)
            .lines()
            .take(1)
            .map(|line| Pid::from_raw(line.unwrap().parse().unwrap()))
            .collect();
        std::fs::remove_file(&pipe).unwrap();
        (child, pids)
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn pid_of(child: &Child) -> Pid {
    Pid::from_raw(child.id().try_into().unwrap())
}

fn lives(pid: Pid) -> bool {
    Path::new(&format!("/proc/{pid}")).exists()
}

#[test]
fn a_page_or_json_and_the_verdicts_exit_code() {
    let place = Place::new();
    let before = place.look();
    let tests = Place::pytest();
    let more = ["--scope", "src", "--about", "in_review", "--tests", &tests];
    let audit =
        |fix: &str, format: &[&str]| place.audit(&[&["--fix", fix], &more[..], format].concat());
    let fixed = audit(&place.repo.names[2], &[]);
    let page = text(&fixed.stdout);
    assert_eq!(
        fixed.status.code(),
        Some(0),
        "{page}{}",
        text(&fixed.stderr)
    );
    for words in [
        "SUBSTANTIVE: ",
        "Keep the lane",
        "app.py",
        "proves it",
        "git -C",
    ] {
        assert!(page.contains(words), "no `{words}` in\n{page}");
    }
    assert!(page.contains("git -C . diff"), "to be pasted:\n{page}");
    assert!(page.lines().count() < 40, "read in a minute:\n{page}");
    let path = place.root.path().display().to_string();
    assert!(!page.contains(&path), "no path of this machine:\n{page}");

    let logs = audit(&place.repo.names[1], &["--format", "json"]);
    assert_eq!(logs.status.code(), Some(3), "{}", text(&logs.stderr));
    let report: serde_json::Value = serde_json::from_slice(&logs.stdout).unwrap();
    assert_eq!(report["verdict"], "diagnostic-only");
    assert_eq!(report["version"], 1);

    // Tests that cannot run say why at the top of the page.
    let python = pytest::python();
    let lost = format!("{} -m pytest -q -p no:cacheprovider", python.display());
    let lost = place.audit(&["--fix", "main", "--tests", &lost]);
    assert_eq!(lost.status.code(), Some(4), "{}", text(&lost.stderr));
    let page = text(&lost.stdout);
    let first = page.lines().next().unwrap();
    assert!(first.contains("No module named 'app'"), "{first}");

    assert_eq!(place.look(), before, "the repository is left as found");
    assert_eq!(place.left(), Vec::<String>::new());
}

#[test]
fn what_is_wrong_is_said_with_its_remedy() {
    let place = Place::new();
    let before = place.look();
    let outside = place.path("cache");
    let cases: [(&[&str], i32, &str); 8] = [
        (&[], 2, "--fix"),
        (&["--fix", "HEAD", "--issue", "o/r#1"], 2, "cannot be used"),
        (&["--fix", "HEAD", "--repeat", "0"], 2, "--repeat"),
        (
            &["--fix", "HEAD", "--format", "xml"],
            2,
            "[possible values: text, json]",
        ),
        (&["--issue", "seven"], 4, "seven"),
        (&["--fix", "no-such-commit"], 4, "fetch"),
        (&["--fix", "main~1"], 4, "first of its history"),
        (
            &["--fix", "HEAD", "--repo", outside.to_str().unwrap()],
            4,
            "--repo",
        ),
    ];
    for (arguments, code, words) in cases {
        let output = place.audit(arguments);
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {told}");
        assert!(
            told.contains(words),
            "{arguments:?}: no `{words}` in {told}"
        );
        assert_eq!(text(&output.stdout), "", "{arguments:?}");
    }
    let missing = place.audit(&["--fix", "main", "--tests", "no-such-program"]);
    let told = text(&missing.stderr);
    assert_eq!(missing.status.code(), Some(4), "{told}");
    assert!(told.contains("install `no-such-program`"), "{told}");
    assert_eq!(place.look(), before);
    assert_eq!(place.left(), Vec::<String>::new());
}

#[test]
fn ctrl_c_leaves_nothing_behind() {
    let place = Place::new();
    let before = place.look();
    let (child, pids) = place.hanging();
    assert_eq!(place.left().len(), 2, "its directory and mark");
    kill(pid_of(&child), Signal::SIGINT).unwrap();
    let ended = child.wait_with_output().unwrap();
    let told = text(&ended.stderr);
    assert_eq!(ended.status.code(), Some(130), "{told}");
    assert!(told.contains("interrupted"), "{told}");
    assert!(!pids.iter().any(|pid| lives(*pid)), "tests still run");
    assert_eq!(place.look(), before);
    assert_eq!(place.left(), Vec::<String>::new());
}

#[test]
fn what_kill_9_leaves_the_next_audit_takes_away() {
    let place = Place::new();
    let before = place.look();
    let (mut child, pids) = place.hanging();
    // A second audit beside the first: each has worktrees of its own, and none is in the way.
    let tests = Place::pytest();
    let beside = place.audit(&["--fix", "main", "--tests", &tests]);
    assert_eq!(beside.status.code(), Some(0), "{}", text(&beside.stdout));
    assert_eq!(place.left().len(), 2, "the first one's directory and mark");

    child.kill().unwrap();
    child.wait().unwrap();
    for pid in pids {
        kill(pid, Signal::SIGKILL).unwrap();
    }
    assert_eq!(place.left().len(), 2, "nobody has cleaned up");
    // Whatever it is that is audited: this one ends before any test runs.
    let next = place.audit(&["--fix", &place.repo.names[1], "--scope", "src"]);
    assert_eq!(next.status.code(), Some(3), "{}", text(&next.stderr));
    assert_eq!(place.look(), before);
    assert_eq!(place.left(), Vec::<String>::new());
}

/// What the page prints works as it is printed, also for a file that only the fix has.
#[test]
fn the_commands_that_repeat_an_audit_work_as_they_are_printed() {
    let place = Place::new();
    let fix = [
        ("src/app.py", "from more import lane\n"),
        ("src/more.py", NEW),
        ("tests/test_lane.py", TEST),
    ];
    git(&place.repo.path, &["checkout", "-q", &place.repo.names[0]]);
    for (path, content) in fix {
        let path = place.repo.path.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    git(&place.repo.path, &["add", "-A"]);
    let person = ["-c", "user.name=a", "-c", "user.email=a@b"];
    git(
        &place.repo.path,
        &[&person[..], &["commit", "-q", "-m", "Move the lane"]].concat(),
    );
    let audited = place.audit(&["--fix", "HEAD", "--tests", &Place::pytest()]);
    let page = text(&audited.stdout);
    let (_, lines) = page.split_once("To repeat it\n").unwrap();
    let output = Command::new("sh")
        .args(["-e", "-c", &lines.replace("; done\n", " || true; done\n")])
        .current_dir(&place.repo.path)
        .output()
        .unwrap();
    let said = text(&output.stdout) + &text(&output.stderr);
    assert!(output.status.success(), "{lines}\n{said}");
    assert!(said.contains("1 failed"), "without the fix: {said}");
    assert!(said.contains("1 passed"), "with it: {said}");
    assert_eq!(
        git(&place.repo.path, &["worktree", "list"]).lines().count(),
        1
    );
}
