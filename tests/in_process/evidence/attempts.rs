//! Attempt directories: content whole or absent, nothing changed afterwards.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use canary_gate::store::disk::OsDisk;
use canary_gate::store::seal_directory;

use super::sample::{FailingDisk, Failure};
use crate::sealed::differences;

/// A directory that holds a name, and one beside it with content.
fn written(dir: &Path) -> (PathBuf, PathBuf) {
    let (path, beside) = (
        dir.join("rc16-attempt1"),
        dir.join(".rc16-attempt1.partial"),
    );
    std::fs::create_dir(&path).unwrap();
    std::fs::create_dir_all(beside.join("logs")).unwrap();
    std::fs::write(beside.join("logs/run-1.log"), "a log\n").unwrap();
    std::fs::write(beside.join("latest.json"), "{}").unwrap();
    (path, beside)
}

#[test]
fn a_finished_attempt_is_read_only_and_any_change_is_seen() {
    let dir = tempfile::tempdir().unwrap();
    let (path, beside) = written(dir.path());
    assert_eq!(seal_directory(&OsDisk, &beside, &path).unwrap().len(), 2);
    assert!(!beside.exists());
    for name in ["", "logs", "logs/run-1.log", "latest.json", "manifest.json"] {
        let mode = std::fs::metadata(path.join(name))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o222, 0, "{name}");
    }
    assert_eq!(differences(&path), Vec::<String>::new());
    let writable = |name: &str| {
        let permissions = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(path.join(name), permissions).unwrap();
    };
    for name in ["", "logs", "logs/run-1.log"] {
        writable(name);
    }
    std::fs::write(path.join("logs/run-1.log"), "another").unwrap();
    std::fs::write(path.join("logs/more"), "").unwrap();
    std::fs::remove_file(path.join("latest.json")).unwrap();
    let differs = differences(&path);
    assert_eq!(differs.len(), 3, "{differs:?}");
    assert!(differs.contains(&"`logs/more` was added".to_owned()));
    assert!(differs.contains(&"`logs/run-1.log` was changed".to_owned()));
    assert!(differs.contains(&"`latest.json` is gone".to_owned()));
}

#[test]
fn a_name_that_holds_something_is_not_given_again() {
    let dir = tempfile::tempdir().unwrap();
    let (path, beside) = written(dir.path());
    std::fs::write(path.join("earlier"), "").unwrap();
    assert!(seal_directory(&OsDisk, &beside, &path).is_err());
    assert_eq!(std::fs::read_dir(&path).unwrap().count(), 1);
}

#[test]
fn a_failing_disk_leaves_an_empty_name_or_the_whole() {
    for how in [
        Failure::NoSpace,
        Failure::Io,
        Failure::NotPermitted,
        Failure::ShortWrite,
    ] {
        for n in 1.. {
            let dir = tempfile::tempdir().unwrap();
            let disk = FailingDisk::at(n, how, true);
            let (path, beside) = written(dir.path());
            let done = seal_directory(&disk, &beside, &path);
            if path.join("logs/run-1.log").exists() {
                assert_eq!(differences(&path), Vec::<String>::new());
            } else {
                assert!(done.is_err());
            }
            if done.is_ok() {
                assert!(n > 8);
                break;
            }
        }
    }
}
