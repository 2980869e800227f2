//! A machine without `gh`: a rehearsal says so and does the same with a stand-in, a run says what
//! is missing.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::laws::ROLLBACK;
use super::passing::as_it_should_be;
use super::rehearsal::rehearse;
use crate::outside::cache;

/// This process's PATH without `gh`: where a directory has one, links to everything else in it.
fn path_without_gh(below: &Path) -> std::ffi::OsString {
    let path = std::env::var_os("PATH").unwrap();
    let entries = std::env::split_paths(&path).enumerate().map(|(at, entry)| {
        if entry.join("gh").exists() {
            others(&entry, &below.join(format!("path-{at}")))
        } else {
            entry
        }
    });
    std::env::join_paths(entries).unwrap()
}

fn others(directory: &Path, links: &Path) -> PathBuf {
    std::fs::create_dir_all(links).unwrap();
    for entry in std::fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        if entry.file_name() != "gh" {
            std::os::unix::fs::symlink(entry.path(), links.join(entry.file_name())).unwrap();
        }
    }
    links.to_owned()
}

#[test]
fn a_rehearsal_says_so_and_comes_to_the_same_end() {
    let rehearsal = rehearse(&[]);
    let path = path_without_gh(rehearsal.directory.path());
    let status = rehearsal.command().env("PATH", path).status().unwrap();
    let ended = rehearsal.ended(status.code());
    as_it_should_be(&ended);
    let told = "stand-ins: flyctl and gh; there is no `gh` on PATH";
    assert!(ended.stderr.contains(told), "{}", ended.told());
    let journal = ended.journal();
    let begun = journal.iter().map(ToString::to_string);
    let versions = begun.into_iter().find(|line| line.contains("\"flyctl\":"));
    let versions = versions.expect("the journal names the tools");
    for tool in ["\"gh\":\"2.23.0 (stand-in)\"", "(stand-in)\",\"git\":"] {
        assert!(versions.contains(tool), "{tool} in {versions}");
    }
}

#[test]
fn a_regression_is_written_down_through_the_stand_in_too() {
    let rehearsal = rehearse(&["scenario-4", "github-502-once"]);
    let path = path_without_gh(rehearsal.directory.path());
    let status = rehearsal.command().env("PATH", path).status().unwrap();
    let ended = rehearsal.ended(status.code());
    ended
        .ends(1, "failed", &[("T022", "failed")])
        .issue(ROLLBACK, "OPEN", (1, 0, 1))
        .untouched_except(&[ROLLBACK]);
}

#[test]
fn a_run_says_what_is_missing() {
    let directory = tempfile::tempdir().unwrap();
    let below = directory.path();
    let output = Command::new(assert_cmd::cargo::cargo_bin!("gate"))
        .env_clear()
        .env("PATH", path_without_gh(below))
        .env("HOME", below)
        .env("XDG_CACHE_HOME", cache())
        .current_dir(below)
        .args(["run", "--yes", "--only", "WP01"])
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert_eq!(output.status.code(), Some(4), "{told}");
    for words in ["program `gh` not found", "→ install it", "T001 error"] {
        assert!(told.contains(words), "`{words}` in {told}");
    }
    assert!(!told.contains("stand-in"), "{told}");
}
