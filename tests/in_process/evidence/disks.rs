//! Disks that fail: never a panic, never a seal without complete evidence; and two writers.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use canary_gate::journal::{Blobs, FILE, Journal, JournalError, RecordLayer, Said, read};
use canary_gate::store::disk::OsDisk;
use canary_gate::world::{Effect, World, WorldError};

use super::sample::{Echo, FailingDisk, Failure, a_run, header, id, resumed, run};

#[tokio::test]
async fn every_operation_failing_in_turn_never_seals_an_incomplete_journal() {
    let counting = FailingDisk::at(0, Failure::Io, false);
    let dir = tempfile::tempdir().unwrap();
    a_run(Arc::new(counting.clone()), dir.path(), 3)
        .await
        .unwrap();
    let operations = counting.done.load(Ordering::SeqCst);
    assert!(operations > 60, "{operations}");
    for how in [
        Failure::NoSpace,
        Failure::Io,
        Failure::NotPermitted,
        Failure::ShortWrite,
    ] {
        for for_good in [false, true] {
            for n in 1..=operations {
                let dir = tempfile::tempdir().unwrap();
                let disk = FailingDisk::at(n, how, for_good);
                let outcome = a_run(Arc::new(disk), dir.path(), 3).await;
                check(dir.path(), &outcome, &format!("{how:?} {for_good} at {n}"));
            }
        }
    }
}

fn check(dir: &std::path::Path, outcome: &Result<(), JournalError>, what: &str) {
    let folded = match read(dir) {
        Ok(folded) => folded,
        Err(error) => {
            assert!(outcome.is_err(), "{what}: sealed, but unreadable: {error}");
            assert!(
                matches!(
                    error,
                    JournalError::Empty { .. } | JournalError::Disk { .. }
                ),
                "{what}: {error}"
            );
            return;
        }
    };
    // Syncs in the background may come one fewer, so a late n may not be reached.
    if outcome.is_ok() {
        assert!(folded.sealed.is_some(), "{what}");
        assert_eq!(folded.lines.len(), 1 + 3 * (2 * 4 + 3) + 1, "{what}");
        let replay = Blobs::of_run(dir);
        for line in &folded.lines {
            let said = Said::new(&line.record).unwrap();
            replay.read::<serde_json::Value>(&said).unwrap();
        }
    }
}

#[tokio::test]
async fn nothing_is_performed_that_could_not_be_recorded() {
    let dir = tempfile::tempdir().unwrap();
    let disk = FailingDisk::at(0, Failure::NoSpace, true);
    let journal = Journal::create_on(Arc::new(disk.clone()), dir.path(), header(1)).unwrap();
    let echo = Arc::new(Echo::default());
    let world = RecordLayer::new(echo.clone(), journal);
    disk.left.store(1, Ordering::SeqCst);
    for effect in [Effect::Now, run("gh issue close 41")] {
        let refused = world.perform(&id(1), effect).await;
        assert!(
            matches!(refused, Err(WorldError::NotRecorded { .. })),
            "{refused:?}"
        );
    }
    disk.left.store(0, Ordering::SeqCst);
    let refused = world.perform(&id(1), Effect::Now).await;
    assert!(
        matches!(refused, Err(WorldError::NotRecorded { .. })),
        "the disk works again, the journal must not"
    );
    assert_eq!(echo.asked.load(Ordering::SeqCst), 0);
}

/// A world that looks at the journal on the disk at the moment when it is asked.
struct Witness(std::path::PathBuf);

#[async_trait::async_trait]
impl World for Witness {
    async fn perform(
        &self,
        by: &canary_gate::model::SubtaskId,
        _: Effect,
    ) -> Result<canary_gate::world::Response, WorldError> {
        let folded = read(&self.0).unwrap();
        assert_eq!(folded.outstanding_writes().len(), 1);
        assert_eq!(folded.last_exchange(by), 1);
        Ok(canary_gate::world::Response::Done)
    }
}

#[tokio::test]
async fn the_intent_of_a_write_is_on_the_disk_before_it_is_performed() {
    let dir = tempfile::tempdir().unwrap();
    let disk = Arc::new(FailingDisk::at(0, Failure::Io, false));
    let journal = Journal::create_on(disk.clone(), dir.path(), header(1)).unwrap();
    let world = RecordLayer::new(Arc::new(Witness(dir.path().to_owned())), journal);
    world
        .perform(&id(1), run("gh issue close 41"))
        .await
        .unwrap();
    assert!(read(dir.path()).unwrap().outstanding_writes().is_empty());
}

#[tokio::test]
async fn a_write_whose_intent_cannot_be_synced_is_not_performed() {
    let dir = tempfile::tempdir().unwrap();
    let disk = FailingDisk::at(0, Failure::Io, true);
    let journal = Journal::create_on(Arc::new(disk.clone()), dir.path(), header(1)).unwrap();
    let echo = Arc::new(Echo::default());
    let world = RecordLayer::new(echo.clone(), journal);
    // length, write, then the sync that fails
    disk.left.store(3, Ordering::SeqCst);
    let refused = world.perform(&id(1), run("gh issue close 41")).await;
    assert!(
        matches!(refused, Err(WorldError::NotRecorded { .. })),
        "{refused:?}"
    );
    assert_eq!(echo.asked.load(Ordering::SeqCst), 0);
    assert_eq!(read(dir.path()).unwrap().outstanding_writes().len(), 1);
}

#[tokio::test]
async fn a_second_writer_is_refused_and_a_stranger_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    let journal = Journal::create(dir.path(), header(1)).unwrap();
    assert!(matches!(
        Journal::resume(dir.path(), resumed()),
        Err(JournalError::Locked { .. })
    ));
    assert!(Journal::create(dir.path(), header(1)).is_err());
    let path = dir.path().join(FILE);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes.extend_from_slice(b"{}\n");
    std::fs::write(&path, bytes).unwrap();
    let world = RecordLayer::new(Arc::new(Echo::default()), journal);
    let refused = world.perform(&id(1), Effect::Now).await;
    assert!(
        matches!(refused, Err(WorldError::NotRecorded { .. })),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_blob_that_was_changed_or_removed_is_named() {
    let dir = tempfile::tempdir().unwrap();
    a_run(Arc::new(OsDisk), dir.path(), 1).await.unwrap();
    let blobs = Blobs::of_run(dir.path());
    let name = std::fs::read_dir(dir.path().join("blobs"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap();
    let sha256 = name.file_name().into_string().unwrap();
    assert!(blobs.load(&sha256).unwrap().len() > 4096);
    std::fs::write(name.path(), "other").unwrap();
    assert!(matches!(
        blobs.load(&sha256),
        Err(JournalError::Blob { .. })
    ));
    std::fs::remove_file(name.path()).unwrap();
    assert!(matches!(
        blobs.load(&sha256),
        Err(JournalError::Blob { .. })
    ));
    assert!(blobs.load("../journal.jsonl").is_err());
}
