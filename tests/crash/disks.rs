//! Each operation of a whole run on its files fails in turn, once and for good. Never a panic,
//! never a pass without its evidence, never a write twice; and on a good disk it goes on.

use crate::shim::{Disturbance, Failure, failures};
use crate::stage::{Canary, Stage};
use crate::sweep::over;

/// How many failures are enough for every run of the tests.
const SAMPLE: usize = 24;

/// How many operations an undisturbed run has.
fn operations() -> usize {
    let stage = Stage::new(Canary::Passes);
    let mut gate = stage.start();
    let told = stage.path("shim");
    Disturbance::Count.apply(&mut gate, &stage.path("st"), &told);
    let status = stage.run(gate);
    assert_eq!(status.code(), Some(0), "{}", stage.told());
    let blobs = stage.directory().unwrap().join("blobs");
    let blobs = std::fs::read_dir(blobs).unwrap().count();
    assert!(blobs > 0, "a run without long texts shows nothing of them");
    let told = std::fs::read_to_string(told).unwrap();
    told.split(' ').next().unwrap().parse().unwrap()
}

/// One operation of a run fails, and it goes on.
fn failed(&(operation, how, for_good): &(usize, Failure, bool)) -> Result<(), String> {
    let stage = Stage::new(Canary::Passes);
    let mut gate = stage.start();
    let (below, told) = (stage.path("st"), stage.path("shim"));
    let failure = Disturbance::Fail {
        operation,
        how,
        for_good,
    };
    failure.apply(&mut gate, &below, &told);
    let code = stage.run(gate).code();
    keeps_the_laws(&stage, code)
        .and_then(|()| goes_on(&stage, code))
        .map_err(|why| {
            let met = std::fs::read_to_string(&told).unwrap_or_default();
            let good = if for_good { ", and all after it" } else { "" };
            let told = stage.told();
            format!("{how:?} at {operation}{good} ({met}): {why}\n{told}")
        })
}

/// The verdict is sealed, and its bundle is made: what fails now must neither leave a pass without
/// one nor say that there is none, and then refuse to make it.
#[test]
fn what_fails_after_the_verdict_is_gone_on_with() {
    const LAST: usize = 10;
    let operations = operations();
    let mut all = failures(operations);
    all.retain(|(operation, how, _)| {
        operation + LAST > operations && matches!(how, Failure::NoSpace | Failure::NotPermitted)
    });
    let what = format!("one of the last {LAST} of {operations} file operations fails");
    let count = all.len();
    over(&what, all, count, failed);
}

#[test]
fn whatever_operation_fails_nothing_passes_without_its_evidence() {
    let operations = operations();
    assert!(operations > 200, "{operations}");
    let all = failures(operations);
    let what = format!("one of {operations} file operations fails");
    over(&what, all, SAMPLE, failed);
}

/// What holds however its disk lets a gate down.
fn keeps_the_laws(stage: &Stage, code: Option<i32>) -> Result<(), String> {
    if stage.told().contains("panicked") {
        return Err("it panicked".to_owned());
    }
    if stage.most_writes() > 1 {
        return Err(format!("it wrote twice: {:#}", stage.world()));
    }
    match code {
        Some(0) => stage
            .proved()
            .map_err(|why| format!("it passed without its evidence: {why}")),
        Some(2..=4) => Ok(()),
        code => Err(format!("it ended with {code:?}")),
    }
}

/// The disk is mended: then the run goes on, and passes with each write done once.
fn goes_on(stage: &Stage, code: Option<i32>) -> Result<(), String> {
    if code == Some(0) {
        return Ok(());
    }
    let status = stage.run(stage.go_on());
    if status.code() != Some(0) {
        return Err(format!("on a good disk it ended with {status:?}"));
    }
    if stage.most_writes() > 1 {
        return Err(format!("it wrote twice: {:#}", stage.world()));
    }
    stage.proved()
}
