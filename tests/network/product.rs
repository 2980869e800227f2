//! The real product: its sdist from the operator's own default index, with a small fix and its test
//! on top, audited through the binary without any option.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::candidate_support::machine::may_use_network;

const PACKAGE: &str = "spec-kitty-cli==3.2.0rc16";
/// When the candidate was there, and nothing later.
const DAY: &str = "2026-05-20T12:00:00Z";
const CLOCK: &str = "src/specify_cli/sync/clock.py";
const OLD: &str = "max(self.value, remote_clock) + 1";
const NEW: &str = "max(self.value, remote_clock, 0) + 1";
const TEST: &str = "from pathlib import Path\n\nfrom specify_cli.sync.clock import LamportClock\n\n\ndef test_a_negative_clock_counts_as_none(tmp_path: Path) -> None:\n    clock = LamportClock(value=-3, node_id=\"n\", _storage_path=tmp_path / \"clock.json\")\n    assert clock.receive(-5) == 1\n";

fn ran(command: &mut Command) -> Output {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{command:?}: {said}");
    output
}

fn git(repo: &Path, words: &[&str]) -> String {
    let mut git = Command::new("git");
    git.current_dir(repo)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_AUTHOR_DATE", DAY)
        .env("GIT_COMMITTER_DATE", DAY)
        .args(["-c", "user.name=a", "-c", "user.email=a@example.org"])
        .args(words);
    String::from_utf8(ran(&mut git).stdout).unwrap()
}

fn commit(repo: &Path, message: &str) {
    git(repo, &["add", "-A", "-f"]);
    git(repo, &["commit", "-q", "-m", message]);
}

/// A repository of the sdist.
fn product(directory: &Path) -> PathBuf {
    let download = [
        "-m",
        "pip",
        "download",
        "-q",
        "--no-deps",
        "--no-binary",
        ":all:",
    ];
    ran(Command::new("python3")
        .args(download)
        .args(["-d", ".", PACKAGE])
        .current_dir(directory));
    let is_sdist = |path: &PathBuf| path.to_string_lossy().ends_with(".tar.gz");
    let files = || {
        std::fs::read_dir(directory)
            .unwrap()
            .map(|entry| entry.unwrap().path())
    };
    let sdist = files().find(is_sdist).unwrap();
    ran(Command::new("tar")
        .arg("xzf")
        .arg(&sdist)
        .current_dir(directory));
    let repo = files().find(|path| path.is_dir()).unwrap();
    git(&repo, &["init", "-q", "-b", "main"]);
    commit(&repo, "3.2.0rc16");
    repo
}

fn change(repo: &Path, old: &str, new: &str) {
    let path = repo.join(CLOCK);
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text.matches(old).count(), 1, "{CLOCK} is another one");
    std::fs::write(&path, text.replace(old, new)).unwrap();
    std::fs::create_dir_all(repo.join("tests/sync")).unwrap();
    std::fs::write(repo.join("tests/sync/test_clock.py"), TEST).unwrap();
}

fn audited(repo: &Path) -> (Option<i32>, String) {
    let scope = ["--scope", "src/specify_cli/sync/", "--about", "receive"];
    let output = Command::new(assert_cmd::cargo::cargo_bin!("gate"))
        .args(["audit", "--fix", "HEAD"])
        .args(scope)
        .current_dir(repo)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (
        output.status.code(),
        String::from_utf8_lossy(&said).into_owned(),
    )
}

#[test]
fn a_fix_of_the_real_product_is_proved_without_any_option_and_a_log_is_none() {
    if !may_use_network("a fix of the real product, audited") {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let repo = product(directory.path());
    change(&repo, OLD, NEW);
    commit(&repo, "A negative clock counts as none (#7)");
    let (code, page) = audited(&repo);
    assert_eq!(code, Some(0), "{page}");
    assert!(page.contains("SUBSTANTIVE"), "{page}");
    let chosen = "chosen: extra `test` of `pyproject.toml`, which names pytest";
    assert!(page.contains(chosen), "{page}");

    // The same test on a change that only tells more.
    git(&repo, &["reset", "-q", "--hard", "HEAD~1"]);
    let told = "max(self.value, remote_clock) + 1\n        logging.getLogger(__name__).info(\"received %s\", remote_clock)";
    change(&repo, OLD, told);
    commit(&repo, "Tell what was received (#8)");
    let (code, page) = audited(&repo);
    assert_eq!(code, Some(3), "{page}");
    assert!(page.contains("DIAGNOSTIC-ONLY"), "{page}");
}
