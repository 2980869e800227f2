//! `kill -9` at every record of the journal, before, in the middle of and after it, and at moments
//! that nobody chose; then resumed. The same verdict and the same world as without: each comment,
//! close and re-opening exactly once, counted by the embedded GitHub.

use std::os::unix::process::ExitStatusExt;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::shim::{Disturbance, Moment};
use crate::stage::{Canary, Stage};
use crate::sweep::{Numbers, over};

/// How many kills of each sweep are enough for every run of the tests.
const SAMPLE: usize = 16;
/// How many moments that nobody chose a whole sweep has.
const RANDOM: usize = 300;

const HAS_PASSED: &str = "start a new run, or read this one with `gate report`";

/// A run that nobody disturbs.
struct Undisturbed {
    world: Value,
    records: usize,
    took: Duration,
}

fn undisturbed(canary: Canary) -> Undisturbed {
    let stage = Stage::new(canary);
    let began = Instant::now();
    let status = stage.run(stage.start());
    let took = began.elapsed();
    assert_eq!(status.code(), Some(canary.code()), "{}", stage.told());
    assert_eq!(stage.proved(), Ok(()));
    Undisturbed {
        world: stage.world(),
        records: stage.records(),
        took,
    }
}

/// Goes on to the end, and holds what came of it beside the undisturbed run.
fn comes_to_the_same_end(stage: &Stage, expected: &Undisturbed) -> Result<(), String> {
    let status = stage.run(stage.go_on());
    // Killed with its bundle made and its verdict told: then there is nothing left to do.
    let had_ended = status.code() == Some(2) && stage.told().trim_end().ends_with(HAS_PASSED);
    // Killed after it opened the blockers again: until they are closed no other canary is spent.
    let is_blocked =
        status.code() == Some(3) && stage.told().contains("was \"CLOSED\", is \"OPEN\"");
    if status.code() != Some(stage.canary.code()) && !had_ended && !is_blocked {
        return Err(format!("ended with {status:?}"));
    }
    let world = stage.world();
    if world != expected.world {
        return Err(format!("another world: {world:#}"));
    }
    stage.proved()
}

#[track_caller]
fn killed_at_each_record(canary: Canary) {
    let expected = undisturbed(canary);
    let moments = [Moment::After, Moment::Before, Moment::Torn];
    let all: Vec<(usize, Moment)> = (1..=expected.records)
        .flat_map(|record| moments.map(|moment| (record, moment)))
        .collect();
    let what = format!("{canary:?}, killed at one of {} records", expected.records);
    over(&what, all, SAMPLE, |&(record, moment)| {
        let stage = Stage::new(canary);
        let mut gate = stage.start();
        let kill = Disturbance::Kill { moment, record };
        kill.apply(&mut gate, &stage.path("st"), &stage.path("shim"));
        let status = stage.run(gate);
        // Two subtasks at a time: a run may have a record fewer.
        let ended = status.signal() == Some(9) || record + 2 > expected.records;
        let came = ended
            .then_some(())
            .ok_or_else(|| format!("was not killed: {status:?}"))
            .and_then(|()| killed_where_it_was_meant(&stage, record, moment))
            .and_then(|()| comes_to_the_same_end(&stage, &expected));
        came.map_err(|why| format!("{moment:?} record {record}: {why}\n{}", stage.told()))
    });
}

/// The journal ends exactly there.
fn killed_where_it_was_meant(stage: &Stage, record: usize, moment: Moment) -> Result<(), String> {
    let whole = stage.records();
    let expected = match moment {
        Moment::After => record,
        Moment::Before | Moment::Torn => record - 1,
    };
    let torn = stage.journal().last().is_some_and(|byte| *byte != b'\n');
    if whole == expected && torn == (moment == Moment::Torn) {
        return Ok(());
    }
    Err(format!("killed at {whole} records, torn: {torn}"))
}

#[test]
fn killed_at_each_record_a_passing_gate_comes_to_the_same_end() {
    killed_at_each_record(Canary::Passes);
}

#[test]
fn killed_at_each_record_a_failing_gate_comes_to_the_same_end() {
    killed_at_each_record(Canary::Fails);
}

/// Killed as long as chance wants, at most this often a run.
const MOST: usize = 3;

#[test]
fn killed_at_any_moment_it_comes_to_the_same_end() {
    let expected = [Canary::Passes, Canary::Fails].map(undisturbed);
    let (mut numbers, _) = Numbers::new();
    let all: Vec<(usize, [Duration; MOST])> = (0..RANDOM)
        .map(|n| {
            let longest = expected[n % 2].took.as_micros();
            let longest = usize::try_from(longest).unwrap();
            let after = [(); MOST].map(|()| numbers.below(longest) as u64);
            (n % 2, after.map(Duration::from_micros))
        })
        .collect();
    over("killed at any moment", all, SAMPLE, |(which, after)| {
        let expected = &expected[*which];
        let canary = [Canary::Passes, Canary::Fails][*which];
        let stage = Stage::new(canary);
        for after in after {
            let mut gate = stage.spawn(stage.go_on());
            // This is the moment, not a wait for anything.
            std::thread::sleep(*after);
            gate.kill();
            if gate.wait().signal() != Some(9) {
                break;
            }
        }
        let came = comes_to_the_same_end(&stage, expected);
        came.map_err(|why| format!("killed after {after:?}: {why}\n{}", stage.told()))
    });
}
