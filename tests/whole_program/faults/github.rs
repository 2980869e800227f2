//! GitHub that stumbles, and logins.

use serde_json::Value;

use super::passing::as_it_should_be;
use super::rehearsal::{Ended, rehearse};

/// The HTTP states that GitHub answered with.
fn statuses(ended: &Ended) -> Vec<u64> {
    let requests = ended.world["github"]["requests"].as_array().unwrap();
    requests
        .iter()
        .map(|request| request["status"].as_u64().unwrap())
        .collect()
}

fn tokens(ended: &Ended) -> Vec<&Value> {
    let requests = ended.world["github"]["requests"].as_array().unwrap();
    requests.iter().map(|request| &request["token"]).collect()
}

#[test]
fn github_502_once() {
    let ended = rehearse(&["github-502-once"]).run();
    as_it_should_be(&ended);
    assert_eq!(
        statuses(&ended)
            .iter()
            .filter(|status| **status == 502)
            .count(),
        1
    );
}

#[test]
fn github_rate_limited() {
    let ended = rehearse(&["github-rate-limited"]).run();
    as_it_should_be(&ended);
    assert_eq!(
        statuses(&ended)
            .iter()
            .filter(|status| **status == 403)
            .count(),
        1
    );
}

#[test]
fn github_answer_lost() {
    let ended = rehearse(&["github-answer-lost"]).run();
    as_it_should_be(&ended);
}

#[test]
fn github_write_lost() {
    let ended = rehearse(&["github-write-lost"]).run();
    ended
        .ends(4, "error", &[("T031", "error")])
        .untouched_except(&[])
        .nothing_ran_after("T031", &[]);
    let said = ended.says("T031");
    assert!(said.contains("is not to be seen"), "{said}");
    let journal = ended.journal();
    let sent = journal.iter().filter(|record| {
        let argv = &record["intent"]["effect"]["argv"];
        argv[0] == "gh" && argv[1] == "issue" && argv[2] == "comment"
    });
    assert_eq!(sent.count(), 1, "nothing is sent a second time");
}

#[test]
fn token_scope_error() {
    let ended = rehearse(&["token-scope-error"]).run();
    as_it_should_be(&ended);
    assert!(
        tokens(&ended).iter().all(|token| *token == "stored"),
        "the stored login is used"
    );
    assert_eq!(
        ended.fact("blockers.rollback")["login"],
        "stored",
        "and recorded"
    );
}

/// GitHub says for how long: nobody waits an hour, and nothing is asked again meanwhile.
#[test]
fn github_limited_long() {
    let ended = rehearse(&["github-limited-long"]).run();
    ended
        .ends(3, "blocked", &[("T001", "blocked"), ("T002", "blocked")])
        .untouched_except(&[]);
    let said = ended.says("T001");
    assert!(said.contains("GitHub takes requests again at"), "{said}");
    let limited = statuses(&ended).into_iter().filter(|one| *one == 403);
    assert!(limited.count() <= 2, "each asks once: {}", ended.told());
}

#[test]
fn github_write_limited() {
    let ended = rehearse(&["github-write-limited"]).run();
    ended
        .ends(3, "blocked", &[("T031", "blocked")])
        .untouched_except(&[])
        .nothing_ran_after("T031", &[]);
    let said = ended.says("T031");
    assert!(said.contains("GitHub takes requests again at"), "{said}");
    let limited = statuses(&ended).into_iter().filter(|one| *one == 403);
    assert_eq!(limited.count(), 1, "a write is not repeated at once");
}

#[test]
fn github_shows_late() {
    as_it_should_be(&rehearse(&["github-shows-late"]).run());
}
