//! A journal cut at every byte, and every byte flipped: detected, or recovered to the last whole
//! record.

use std::sync::Arc;

use canary_gate::journal::{FILE, Folded, Journal, JournalError, read};
use canary_gate::store::disk::OsDisk;

use super::sample::{a_run, resumed};

/// A journal of a whole run. Each byte of 200 lines is tried in `journal::fold`'s own tests.
async fn sample() -> (tempfile::TempDir, Vec<u8>, Folded) {
    let dir = tempfile::tempdir().unwrap();
    a_run(Arc::new(OsDisk), dir.path(), 3).await.unwrap();
    let bytes = std::fs::read(dir.path().join(FILE)).unwrap();
    let folded = read(dir.path()).unwrap();
    (dir, bytes, folded)
}

#[tokio::test]
async fn cut_at_every_byte_it_recovers_to_the_last_whole_record() {
    let (dir, bytes, whole) = sample().await;
    let path = dir.path().join(FILE);
    let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    for length in (0..bytes.len()).rev() {
        file.set_len(length as u64).unwrap();
        let records = bytes[..length].split(|byte| *byte == b'\n').count() - 1;
        let near_an_end = length + 900 > bytes.len()
            && bytes[length.saturating_sub(2)..(length + 2).min(bytes.len())].contains(&b'\n');
        if !near_an_end && length % 97 != 0 {
            continue;
        }
        match read(dir.path()) {
            Ok(folded) => assert_eq!(folded.lines[..], whole.lines[..records], "cut at {length}"),
            Err(JournalError::Empty { .. }) => assert_eq!(records, 0, "cut at {length}"),
            Err(error) => panic!("cut at {length}: {error}"),
        }
    }
}

#[tokio::test]
async fn every_flipped_byte_is_detected_or_the_torn_line_is_recovered() {
    let (dir, bytes, whole) = sample().await;
    let path = dir.path().join(FILE);
    let last_line = bytes[..bytes.len() - 1]
        .iter()
        .rposition(|byte| *byte == b'\n')
        .unwrap()
        + 1;
    for at in 0..bytes.len() {
        if at % 97 != 0 && at < last_line {
            continue;
        }
        let mut broken = bytes.clone();
        broken[at] ^= 1 << (at % 8);
        std::fs::write(&path, &broken).unwrap();
        let record = bytes[..at].split(|byte| *byte == b'\n').count() as u64 - 1;
        match read(dir.path()) {
            Ok(folded) => {
                assert!(at == bytes.len() - 1, "byte {at} was flipped unseen");
                assert_eq!(folded.lines[..], whole.lines[..whole.lines.len() - 1]);
            }
            Err(JournalError::Damaged { record: named, .. }) => {
                assert_eq!(named, record, "byte {at}");
            }
            Err(JournalError::UnknownFormat { .. }) => assert_eq!(record, 0),
            Err(error) => panic!("byte {at}: {error}"),
        }
    }
}

#[tokio::test]
async fn a_removed_doubled_or_exchanged_record_is_named() {
    let (dir, bytes, _) = sample().await;
    let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    let path = dir.path().join(FILE);
    let named = |lines: &[&[u8]]| {
        std::fs::write(&path, lines.concat()).unwrap();
        match read(dir.path()) {
            Err(JournalError::Damaged { record, .. }) => record,
            other => panic!("{:?}", other.map(|folded| folded.lines.len())),
        }
    };
    for at in 1..lines.len() - 1 {
        let mut removed = lines.clone();
        removed.remove(at);
        assert_eq!(named(&removed), at as u64);
        let mut doubled = lines.clone();
        doubled.insert(at, lines[at]);
        assert_eq!(named(&doubled), at as u64 + 1);
        let mut exchanged = lines.clone();
        exchanged.swap(at, at + 1);
        assert_eq!(named(&exchanged), at as u64);
    }
}

#[tokio::test]
async fn a_torn_line_is_cut_off_before_anything_is_appended() {
    let (dir, bytes, whole) = sample().await;
    let path = dir.path().join(FILE);
    std::fs::write(&path, &bytes[..bytes.len() - 40]).unwrap();
    let (journal, before) = Journal::resume(dir.path(), resumed()).unwrap();
    assert_eq!(before.lines[..], whole.lines[..whole.lines.len() - 1]);
    assert_eq!(journal.epoch(), 2);
    let after = read(dir.path()).unwrap();
    assert_eq!(after.torn, 0);
    assert_eq!(after.lines.len(), whole.lines.len());
}

#[tokio::test]
async fn a_damaged_journal_is_not_resumed_and_stays_as_it_is() {
    let (dir, mut bytes, _) = sample().await;
    bytes[5000] ^= 1;
    let path = dir.path().join(FILE);
    std::fs::write(&path, &bytes).unwrap();
    assert!(matches!(
        Journal::resume(dir.path(), resumed()),
        Err(JournalError::Damaged { .. })
    ));
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
}
