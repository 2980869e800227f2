//! Journals and bundles of every released format stay readable, and are still written the same.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use canary_gate::evidence::Recording;
use canary_gate::gate::Verdict;
use canary_gate::journal::disk::OsDisk;
use canary_gate::journal::{FILE, Journal, read};

use super::bundles::{bundled, check};
use super::sample::{ended, event, fact, header, id, resumed, started};

fn kept(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/evidence/format-1")
        .join(name)
}

/// A run that was stopped, resumed and sealed.
fn a_resumed_run(dir: &Path) {
    let journal = Journal::create(dir, header(2)).unwrap();
    for kind in [started(1), fact(1, "rc", 0), ended(1, 1), started(2)] {
        journal.event(&event(1, kind)).unwrap();
    }
    drop(journal);
    let (journal, _) = Journal::resume(dir, resumed()).unwrap();
    for kind in [started(2), ended(2, 2)] {
        journal.event(&event(600, kind)).unwrap();
    }
    journal.seal(Verdict::Passed).unwrap();
}

#[tokio::test]
async fn format_1_is_read_and_still_written_the_same() {
    let (dir, path) = bundled(2).await;
    let run = dir.path().join("run");
    let resumed = dir.path().join("resumed");
    a_resumed_run(&resumed);
    for (written, name) in [
        (run.join(FILE), "run/journal.jsonl"),
        (resumed.join(FILE), "resumed/journal.jsonl"),
        (path, "bundle.tar.gz"),
    ] {
        // Where to take it from, should a field be added before the format's first release.
        let fresh = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name.replace('/', "-"));
        std::fs::copy(&written, fresh).unwrap();
        assert!(
            std::fs::read(written).unwrap() == std::fs::read(kept(name)).unwrap(),
            "`{name}` is written otherwise now: a new format needs a new number, and this one kept"
        );
    }
    let read_run = read(&kept("run")).unwrap();
    assert_eq!(
        (read_run.verdict(), read_run.outcomes().len()),
        (Verdict::Passed, 2)
    );
    let read_resumed = read(&kept("resumed")).unwrap();
    assert_eq!(
        (read_resumed.epoch, read_resumed.verdict()),
        (2, Verdict::Passed)
    );
    assert_eq!(read_resumed.course(&id(1)).unwrap().epoch, 1);
    for bundle in ["bundle.tar.gz", "bundle-first-script.tar.gz"] {
        let checked = check(&kept(bundle)).unwrap();
        assert!(checked.intact(), "{checked}");
    }
    let recording = Recording::open(Arc::new(OsDisk), &kept("bundle.tar.gz")).unwrap();
    assert_eq!(recording.folded.outcomes(), read_run.outcomes());
}

/// A whole rehearsal of the gate that ships, with its own reports.
#[test]
fn a_rehearsal_that_was_kept_is_intact() {
    assert_cmd::Command::new(assert_cmd::cargo::cargo_bin!("gate"))
        .arg("verify")
        .arg(kept("rehearsal.tar.gz"))
        .assert()
        .success()
        .stdout(predicates::str::contains("intact: verdict passed, "));
}
