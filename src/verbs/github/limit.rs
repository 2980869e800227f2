//! GitHub's rate limits: how long to stay away, and the stop that says when to come back.
//!
//! Blocked and no error: GitHub has answered, nothing is wrong here, and the condition that is
//! waited for is known and ends by itself.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::answer::{Limit, about, limit_in};
use super::run::{Login, run};
use crate::model::read_first_json;
use crate::verb::{Ctx, VerbError};
use crate::world::Finished;

/// The longest wait within a run; a longer one is for the operator.
pub(super) const MOST_PATIENCE: Duration = Duration::from_mins(2);
/// What GitHub's documentation asks for where its answer names no time.
const UNNAMED: Duration = Duration::from_mins(1);

/// Where GitHub says when it takes requests again; asking costs nothing of the limit.
const ASK: [&str; 4] = ["gh", "api", "--include", "rate_limit"];

/// How long to stay away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Away {
    pub(super) wait: Duration,
    /// Whether GitHub named it.
    named: bool,
}

/// How long GitHub asks to stay away: what its answer says, else what it says when asked for it.
pub(super) async fn away(ctx: &Ctx, limit: Limit, login: Login) -> Result<Away, VerbError> {
    let mut wait = limit.wait;
    let mut until = limit.until;
    if wait.is_none() && until.is_none() {
        let finished = run(ctx, &ASK, login, None).await?;
        let told = limit_in(&finished);
        wait = told.wait;
        until = told.until.or_else(|| reset(&finished.stdout.text));
    }
    if let (None, Some(until)) = (wait, until) {
        let left = until.duration_since(ctx.now().await?);
        // The clocks of two machines differ.
        let left = left.max(SignedDuration::ZERO) + SignedDuration::from_secs(1);
        wait = Duration::try_from(left).ok();
    }
    Ok(Away {
        wait: wait.unwrap_or(UNNAMED),
        named: wait.is_some(),
    })
}

/// When the limit that is spent begins anew, by the body of `rate_limit`.
fn reset(stdout: &str) -> Option<Timestamp> {
    let start = stdout.find('{')?;
    let document = read_first_json(&stdout[start..]).ok()?;
    let spent = ["graphql", "core"].into_iter().filter_map(|name| {
        let one: &Value = &document["resources"][name];
        (one["remaining"].as_u64()? == 0).then(|| one["reset"].as_i64())?
    });
    Timestamp::from_second(spent.max()?).ok()
}

/// The stop: what was asked, and when to come back.
pub(super) async fn come_back(
    ctx: &Ctx,
    argv: &[&str],
    finished: &Finished,
    away: Away,
) -> Result<VerbError, VerbError> {
    let finding = about("GitHub: its rate limit is reached", argv, finished);
    let at = ctx.now().await? + SignedDuration::try_from(away.wait).unwrap_or_default();
    let at = Timestamp::from_second(at.as_second() + 1).unwrap_or(at);
    let remedy = if away.named {
        format!("GitHub takes requests again at {at}: resume then")
    } else {
        format!("GitHub does not say for how long: resume not before {at}")
    };
    Ok(VerbError::blocked(finding.remedy(remedy)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_that_is_spent_says_when_it_begins_anew() {
        let body = |graphql, core| {
            format!(
                "HTTP/2.0 200 OK\r\n\r\n{{\"resources\": {{\"graphql\": {{\"remaining\": {graphql}, \
                 \"reset\": 200}}, \"core\": {{\"remaining\": {core}, \"reset\": 100}}}}}}"
            )
        };
        let at = |second| Timestamp::from_second(second).ok();
        assert_eq!(reset(&body(0, 9)), at(200));
        assert_eq!(reset(&body(9, 0)), at(100));
        assert_eq!(reset(&body(0, 0)), at(200));
        assert_eq!(reset(&body(9, 9)), None);
        assert_eq!(reset("gh: not found"), None);
    }
}
