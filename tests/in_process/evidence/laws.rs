//! Laws of the journal: round trip, resumed twice is resumed once, order does not matter.

use std::sync::Arc;
use std::time::Duration;

use canary_gate::journal::{
    Answer, Durability, Journal, JournalError, Record, canonical, fold, read,
};
use canary_gate::model::{EventKind, Finding, Outcome, Stop, Verdict};
use canary_gate::store::disk::OsDisk;
use canary_gate::world::WorldError;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::sample::{a_run, at, ended, event, fact, header, id, resumed, started};

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(".{0,6}", inner, 0..4)
                .prop_map(|table| Value::Object(table.into_iter().collect())),
        ]
    })
}

fn outcome() -> impl Strategy<Value = Outcome> {
    let finding =
        (".{0,20}", prop::collection::vec(".{0,9}", 0..3)).prop_map(|(what, seen)| Finding {
            what,
            seen,
            remedy: None,
        });
    prop_oneof![
        ".{0,20}".prop_map(Outcome::passed),
        ".{0,20}".prop_map(|why| Outcome::Skipped { why }),
        finding.clone().prop_map(Outcome::Blocked),
        finding.prop_map(Outcome::Failed),
        Just(Outcome::NotRun {
            because: Stop::Subtask(id(3))
        }),
        Just(Outcome::NotRun {
            because: Stop::OutOfScope
        }),
    ]
}

/// The records of one subtask, as its own executor would write them.
fn of_subtask(
    n: usize,
    said: Vec<(Value, Option<Value>)>,
    facts: &[Value],
    end: Outcome,
) -> Vec<Record> {
    let mut records = vec![Record::Event(event(1, started(n)))];
    for (n_of, (effect, answer)) in (1u32..).zip(said) {
        records.push(Record::Intent {
            by: id(n),
            n: n_of,
            open: Vec::new(),
            strand: None,
            effect: effect.into(),
        });
        let interrupted = Answer::Err(WorldError::Interrupted);
        let answer = answer.map_or(interrupted, |answer| Answer::Ok(answer.into()));
        records.push(Record::Result {
            by: id(n),
            n: n_of,
            answer,
        });
    }
    for (at, value) in facts.iter().enumerate() {
        let EventKind::FactPublished(mut one) = fact(n, &format!("f{n}.v{at}"), 1) else {
            unreachable!()
        };
        one.value = value.clone();
        records.push(Record::Event(event(2, EventKind::FactPublished(one))));
    }
    let took = Duration::from_millis(3);
    records.push(Record::Event(event(
        3,
        EventKind::SubtaskEnded {
            subtask: id(n),
            outcome: end,
            took,
            done: 0,
            inputs: std::collections::BTreeMap::new(),
        },
    )));
    records
}

fn a_subtask(n: usize) -> impl Strategy<Value = Vec<Record>> {
    (
        prop::collection::vec((json_value(), prop::option::of(json_value())), 0..3),
        prop::collection::vec(json_value(), 0..3),
        outcome(),
    )
        .prop_map(move |(said, facts, end)| of_subtask(n, said, &facts, end))
}

/// Four subtasks' records, and the order in which their executors come to write.
fn a_run_and_two_orders() -> impl Strategy<Value = (Vec<Vec<Record>>, Vec<usize>, Vec<usize>)> {
    (a_subtask(1), a_subtask(2), a_subtask(3), a_subtask(4)).prop_flat_map(|(a, b, c, d)| {
        let all = vec![a, b, c, d];
        let turns: Vec<usize> = all
            .iter()
            .enumerate()
            .flat_map(|(n, records)| vec![n; records.len()])
            .collect();
        (
            Just(all),
            Just(turns.clone()).prop_shuffle(),
            Just(turns).prop_shuffle(),
        )
    })
}

fn write(dir: &std::path::Path, subtasks: &[Vec<Record>], turns: &[usize]) -> Vec<Record> {
    let journal = Journal::create(dir, header(4)).unwrap();
    let mut next: Vec<_> = subtasks.iter().map(|records| records.iter()).collect();
    let mut written = vec![Record::Header(Box::new(header(4)))];
    for (count, turn) in turns.iter().enumerate() {
        let mut record = next[*turn].next().unwrap().clone();
        if let Record::Event(event) = &mut record
            && let EventKind::SubtaskEnded { done, .. } = &mut event.kind
        {
            *done = count;
        }
        journal.append(&record, Durability::Soon).unwrap();
        written.push(record);
    }
    written
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_is_written_is_read_and_any_order_gives_the_same_bytes(
        (subtasks, one, other) in a_run_and_two_orders()
    ) {
        let (a, b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let written = write(a.path(), &subtasks, &one);
        write(b.path(), &subtasks, &other);
        let (a, b) = (read(a.path()).unwrap(), read(b.path()).unwrap());
        let records: Vec<Record> = a.lines.iter().map(|line| line.record.clone()).collect();
        prop_assert_eq!(records, written);
        prop_assert_eq!(a.outcomes(), b.outcomes());
        prop_assert_eq!(a.facts(), b.facts());
        prop_assert_eq!(canonical(&a.lines).unwrap(), canonical(&b.lines).unwrap());
    }
}

#[tokio::test]
async fn the_canonical_chain_is_read_like_any_and_is_its_own_canonical_form() {
    let dir = tempfile::tempdir().unwrap();
    a_run(Arc::new(OsDisk), dir.path(), 3).await.unwrap();
    let machine = read(dir.path()).unwrap();
    let chain = canonical(&machine.lines).unwrap();
    let other = tempfile::tempdir().unwrap();
    std::fs::write(other.path().join("journal.jsonl"), &chain.text).unwrap();
    let read_again = read(other.path()).unwrap();
    assert_eq!(canonical(&read_again.lines).unwrap(), chain);
    assert_eq!(read_again.outcomes(), machine.outcomes());
    let seal = read_again.sealed.unwrap();
    assert_eq!(seal.digest, read_again.lines.last().unwrap().prev);
    assert_eq!(Some(seal), machine.sealed);
}

#[tokio::test]
async fn resumed_twice_gives_what_resumed_once_gives() {
    let dir = tempfile::tempdir().unwrap();
    let journal = Journal::create(dir.path(), header(2)).unwrap();
    for kind in [started(1), fact(1, "a", 1), ended(1, 1), started(2)] {
        journal.event(&event(1, kind)).unwrap();
    }
    drop(journal);
    let (journal, once) = Journal::resume(dir.path(), resumed()).unwrap();
    drop(journal);
    let (journal, twice) = Journal::resume(dir.path(), resumed()).unwrap();
    assert_eq!(
        (once.outcomes(), once.facts()),
        (twice.outcomes(), twice.facts())
    );
    assert_eq!(once.course(&id(1)), twice.course(&id(1)));
    assert_eq!(once.course(&id(2)), twice.course(&id(2)));
    assert_eq!((journal.epoch(), twice.epoch), (3, 2));
    // A kept subtask that is told again to the reporters changes nothing.
    for kind in [fact(1, "a", 1), ended(1, 1)] {
        journal.event(&event(600, kind)).unwrap();
    }
    let told_again = read(dir.path()).unwrap();
    assert_eq!(told_again.course(&id(1)), once.course(&id(1)));
}

#[tokio::test]
async fn what_is_too_old_or_did_not_let_on_is_not_kept() {
    let dir = tempfile::tempdir().unwrap();
    let journal = Journal::create(dir.path(), header(2)).unwrap();
    journal.event(&event(10, ended(1, 1))).unwrap();
    let blocked = EventKind::SubtaskEnded {
        subtask: id(2),
        outcome: Outcome::Blocked(Finding::new("x")),
        took: Duration::ZERO,
        done: 2,
        inputs: std::collections::BTreeMap::new(),
    };
    journal.event(&event(11, blocked)).unwrap();
    let folded = read(dir.path()).unwrap();
    let day = Some(Duration::from_hours(24));
    assert!(folded.still_valid(&id(1), at(10 + 86_400), day).is_some());
    assert!(folded.still_valid(&id(1), at(11 + 86_400), day).is_none());
    assert!(folded.still_valid(&id(1), at(900_000), None).is_some());
    assert!(folded.still_valid(&id(2), at(12), None).is_none());
    assert_eq!(folded.verdict(), Verdict::Blocked);
}

/// A clock was wrong, then or now: what ended later than now has no age, and is taken again.
#[tokio::test]
async fn a_result_from_the_future_is_stale() {
    let dir = tempfile::tempdir().unwrap();
    let journal = Journal::create(dir.path(), header(1)).unwrap();
    journal.event(&event(10, ended(1, 1))).unwrap();
    let folded = read(dir.path()).unwrap();
    let day = Some(Duration::from_hours(24));
    assert!(folded.still_valid(&id(1), at(10), day).is_some());
    for earlier in [9, -86_400 * 365] {
        assert!(folded.still_valid(&id(1), at(earlier), day).is_none());
    }
    // Where age does not matter, neither does this.
    assert!(folded.still_valid(&id(1), at(9), None).is_some());
}

#[tokio::test]
async fn a_pass_is_not_sealed_over_a_subtask_without_an_outcome() {
    let dir = tempfile::tempdir().unwrap();
    let journal = Journal::create(dir.path(), header(2)).unwrap();
    journal.event(&event(1, ended(1, 1))).unwrap();
    assert!(matches!(
        journal.seal(Verdict::Passed),
        Err(JournalError::VerdictDiffers {
            recomputed: Verdict::Error,
            ..
        })
    ));
    journal.event(&event(2, ended(2, 2))).unwrap();
    journal.seal(Verdict::Passed).unwrap();
    journal.event(&event(3, ended(2, 2))).unwrap();
    assert!(matches!(
        read(dir.path()),
        Err(JournalError::Damaged { record: 4, .. })
    ));
}

#[test]
fn a_later_format_is_named_and_not_guessed_at() {
    let dir = tempfile::tempdir().unwrap();
    let line = json!({"seq": 0, "record": {"header": {"format": 4, "new": true}}});
    std::fs::write(dir.path().join("journal.jsonl"), format!("{line}\n")).unwrap();
    let error = read(dir.path()).unwrap_err().to_string();
    assert_eq!(
        error,
        "journal format 4 is unknown; this version reads format 3"
    );
    assert!(fold(Vec::new()).is_err());
}
