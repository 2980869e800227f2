//! Attempt directories: numbers taken once, content whole or absent, nothing changed afterwards.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;

use canary_gate::evidence::{Attempt, Content, check_directory};
use canary_gate::journal::disk::OsDisk;

use super::sample::{FailingDisk, Failure};

fn log() -> Content {
    Content::Bytes(b"a log\n".to_vec())
}

#[test]
fn numbers_are_taken_once_by_however_many() {
    let dir = tempfile::tempdir().unwrap();
    let names: BTreeSet<String> = std::thread::scope(|scope| {
        let take = || {
            let attempt = Attempt::take(&OsDisk, dir.path(), "v3.2.0rc16").unwrap();
            attempt
                .dir()
                .file_name()
                .unwrap()
                .to_string_lossy()
                .into_owned()
        };
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(take)).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    assert_eq!(names.len(), 8);
    assert!(names.contains("v3.2.0rc16-attempt1") && names.contains("v3.2.0rc16-attempt8"));
}

#[test]
fn a_finished_attempt_is_read_only_and_any_change_is_seen() {
    let dir = tempfile::tempdir().unwrap();
    let mut attempt = Attempt::take(&OsDisk, dir.path(), "rc16").unwrap();
    attempt.keep("logs/run-1.log", &log()).unwrap();
    attempt
        .keep("latest.json", &Content::Bytes(b"{}".to_vec()))
        .unwrap();
    for bad in [
        "../x",
        "/x",
        "manifest.json",
        "latest.json",
        "logs/../../x",
        "",
    ] {
        assert!(attempt.keep(bad, &log()).is_err(), "{bad}");
    }
    let path = attempt.dir().to_owned();
    assert_eq!(
        std::fs::read_dir(&path).unwrap().count(),
        0,
        "written beside"
    );
    assert_eq!(attempt.finish().unwrap().len(), 2);
    for name in ["", "logs", "logs/run-1.log", "latest.json", "manifest.json"] {
        let mode = std::fs::metadata(path.join(name))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o222, 0, "{name}");
    }
    assert_eq!(
        check_directory(&OsDisk, &path).unwrap(),
        Vec::<String>::new()
    );
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
    let differs = check_directory(&OsDisk, &path).unwrap();
    assert_eq!(differs.len(), 3, "{differs:?}");
    assert!(differs.contains(&"`logs/more` was added".to_owned()));
    assert!(differs.contains(&"`logs/run-1.log` was changed".to_owned()));
}

#[test]
fn tags_that_lead_elsewhere_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    for tag in ["", "..", "a/b", ".hidden", "-x", "a b", "ä"] {
        assert!(Attempt::take(&OsDisk, dir.path(), tag).is_err(), "{tag}");
    }
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
            let done = Attempt::take(&disk, dir.path(), "rc16").and_then(|mut attempt| {
                attempt.keep("a/b", &log())?;
                attempt.finish()
            });
            let path = dir.path().join("rc16-attempt1");
            if path.join("a/b").exists() {
                assert_eq!(
                    check_directory(&OsDisk, &path).unwrap(),
                    Vec::<String>::new()
                );
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
