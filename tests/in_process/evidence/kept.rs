//! Journals and bundles of every released format stay readable, and are still written the same.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use canary_gate::evidence::Recording;
use canary_gate::journal::{
    BLOB_LIMIT, Blobs, FILE, Header, Journal, RecordLayer, ReplayWorld, read,
};
use canary_gate::model::Verdict;
use canary_gate::store::disk::OsDisk;
use canary_gate::world::World;

use super::bundles::{bundled, check};
use super::sample::{Echo, ended, event, fact, header, id, resumed, run, started};

fn kept(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/in_process/evidence/format-1")
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

/// Where a journal does not say how long a text may be in a record, it is what it was before one
/// did; and a resumed run goes on with what its journal says.
#[tokio::test]
async fn a_text_becomes_a_blob_where_its_journal_says() {
    let texts = ["s".repeat(4000), "m".repeat(5000), "l".repeat(20_000)];
    let texts_in = |journal: &Path| {
        let text = std::fs::read_to_string(journal.join(FILE)).unwrap();
        texts.clone().map(|long| text.contains(&long))
    };
    for (said, expected) in [
        (4096, [true, false, false]),
        (BLOB_LIMIT, [true, true, false]),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let header = Header {
            blob_limit: said,
            ..header(1)
        };
        drop(Journal::create(dir.path(), header).unwrap());
        let (journal, folded) = Journal::resume(dir.path(), resumed()).unwrap();
        assert_eq!(folded.header.blob_limit, said);
        let world = RecordLayer::new(Arc::new(Echo::default()), journal);
        for text in &texts {
            world
                .perform(&id(1), run(&format!("cat {text}")))
                .await
                .unwrap();
        }
        assert_eq!(texts_in(dir.path()), expected, "{said}");
        let header = std::fs::read_to_string(dir.path().join(FILE)).unwrap();
        assert_eq!(header.contains("blob_limit"), said != 4096);
        // Whoever replays it asks with the same references.
        let folded = read(dir.path()).unwrap();
        let replay = ReplayWorld::new(&folded, Blobs::of_run(dir.path()));
        for text in &texts {
            replay
                .perform(&id(1), run(&format!("cat {text}")))
                .await
                .unwrap();
        }
    }
}

/// Whole rehearsals of the gate that ships, with their own reports: one with the long texts of
/// before, one with those of now.
#[test]
fn rehearsals_that_were_kept_are_intact() {
    for name in ["rehearsal.tar.gz", "rehearsal-long-texts.tar.gz"] {
        assert_cmd::Command::new(assert_cmd::cargo::cargo_bin!("gate"))
            .arg("verify")
            .arg(kept(name))
            .assert()
            .success()
            .stdout(predicates::str::contains("intact: verdict passed, "));
    }
}
