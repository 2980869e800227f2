//! A disk that takes no evidence.

use super::rehearsal::rehearse;

#[test]
fn disk_full() {
    let ended = rehearse(&["disk-full"]).run();
    ended
        .ends(4, "error", &[("T021", "error")])
        .untouched_except(&[])
        .nothing_ran_after("T021", &[]);
    assert!(
        ended.says("T021").contains("No space left"),
        "{}",
        ended.told()
    );
}

/// Where evidence cannot be kept, a regression re-opens nothing: evidence comes first.
#[test]
fn disk_full_and_a_regression() {
    let ended = rehearse(&["disk-full", "scenario-4"]).run();
    assert_eq!(ended.code, Some(4), "{}", ended.told());
    ended.untouched_except(&[]).nothing_ran_after("T021", &[]);
}
