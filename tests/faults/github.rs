//! GitHub that stumbles, and logins.

use serde_json::Value;

use crate::passing::as_it_should_be;
use crate::rehearsal::{Ended, rehearse};

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
