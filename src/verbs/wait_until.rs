//! `wait-until`.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::model::{Finding, Outcome, is_template, parse_duration};
use crate::verb::durations::duration;
use crate::verb::{Act, Ask, Ctx, Declares, Field, VerbError, Wrong};
use crate::verbs::http::page::{self, Page, Seen};

/// Reads an address again and again until it answers as expected; blocked when the deadline is
/// reached.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WaitUntil {
    /// The address and what its answer must be, as for `http`.
    pub http: Page,
    /// Wait before it is read again; each is twice as long as the one before, up to `at_most`.
    #[serde(default = "five_seconds")]
    pub every: String,
    /// The longest wait between two reads.
    #[serde(default = "a_minute")]
    pub at_most: String,
    /// After how long it gives up; the subtask's `timeout` must be longer.
    pub deadline: String,
    /// The fact to publish.
    #[serde(rename = "as")]
    pub publish: String,
}

fn five_seconds() -> String {
    "5s".to_owned()
}

fn a_minute() -> String {
    "1m".to_owned()
}

/// A service that is asked more often is burdened.
const OFTEN: Duration = Duration::from_millis(200);

impl Declares for WaitUntil {
    fn publishes(&self) -> Option<&str> {
        Some(&self.publish)
    }

    fn fields(&self) -> Option<Vec<Field>> {
        let own = crate::verbs::http::FIELDS.into_iter();
        Some(Field::all(
            own.chain(["reads: integer", "waited_seconds: integer"]),
        ))
    }

    fn asks(&self) -> Vec<Ask> {
        vec![Ask::read("http", &self.http.url)]
    }

    fn wrong(&self) -> Vec<Wrong> {
        let mut wrong = self.http.wrong("http.");
        for (at, text) in [
            ("every", &self.every),
            ("at_most", &self.at_most),
            ("deadline", &self.deadline),
        ] {
            if is_template(text) {
                continue;
            }
            match parse_duration(text) {
                Err(error) => {
                    let help = "write a number and a unit: `10m`";
                    wrong.push(Wrong::new(at, error.to_string(), help));
                }
                Ok(time) if time < OFTEN => {
                    let what = format!("`{text}` is too short: the service would only be burdened");
                    wrong.push(Wrong::new(
                        at,
                        what,
                        "let at least `200ms` pass, better `5s`",
                    ));
                }
                Ok(_) => {}
            }
        }
        wrong
    }
}

#[async_trait]
impl Act for WaitUntil {
    async fn act(&self, ctx: &Ctx) -> Result<Outcome, VerbError> {
        let (mut wait, most) = (duration(&self.every)?, duration(&self.at_most)?);
        let deadline = duration(&self.deadline)?;
        let began = ctx.now().await?;
        let mut reads = 0_u32;
        loop {
            reads += 1;
            let answer = self.http.ask(ctx).await?;
            let waited = since(began, ctx.now().await?);
            let last = match answer {
                Ok(answer) => match self.http.judge(&answer) {
                    Seen::AsExpected(note) => {
                        let mut fact = page::fact(&self.http.url, &answer);
                        fact["reads"] = json!(reads);
                        fact["waited_seconds"] = json!(waited.as_secs());
                        ctx.publish(&self.publish, fact);
                        let seconds = waited.as_secs();
                        return Ok(Outcome::passed(format!("{note} after {seconds} s")));
                    }
                    Seen::Otherwise(finding) | Seen::Unknown(finding) => finding,
                },
                Err(silent) => silent,
            };
            let left = deadline.saturating_sub(waited);
            if left.is_zero() {
                let what = format!(
                    "not so after {} s and {reads} reads: {}",
                    waited.as_secs(),
                    last.what
                );
                let mut finding = Finding::new(what);
                finding.seen = last.seen;
                let remedy = "when it is so, resume; or raise `deadline`";
                return Ok(Outcome::Blocked(finding.remedy(remedy)));
            }
            ctx.progress(last.what);
            ctx.sleep(wait.min(left)).await?;
            wait = wait.saturating_mul(2).min(most);
        }
    }
}

fn since(began: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(began)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Verdict;
    use crate::verb::scripted::Scripted;
    use crate::world::{Effect, HttpAnswer, Response};

    fn at(second: i64) -> Response {
        Response::Now(Timestamp::new(second, 0).unwrap())
    }

    fn answer(status: u16) -> Response {
        Response::Http(HttpAnswer {
            status,
            ..HttpAnswer::default()
        })
    }

    fn verb() -> WaitUntil {
        let text = "http = { url = \"https://s.example/\" }\nevery = \"2s\"\nat_most = \"5s\"\n\
            deadline = \"10s\"\nas = \"up\"";
        let verb: WaitUntil = toml::from_str(text).unwrap();
        assert_eq!(verb.wrong(), []);
        verb
    }

    #[tokio::test]
    async fn it_waits_with_growing_pauses_until_it_is_so() {
        let world = Scripted::new()
            .answer(at(0))
            .answer(answer(503))
            .answer(at(1))
            .answer(Response::Done)
            .answer(answer(404))
            .answer(at(4))
            .answer(Response::Done)
            .answer(answer(200))
            .answer(at(9));
        let ctx = world.ctx();
        assert!(verb().act(&ctx).await.unwrap().lets_on());
        assert!(world.is_done());
        let slept: Vec<u64> = world
            .asked()
            .iter()
            .filter_map(|effect| match effect {
                Effect::Sleep { duration } => Some(duration.as_secs()),
                _ => None,
            })
            .collect();
        assert_eq!(slept, [2, 4]);
        let fact = ctx.take_published().pop().unwrap().value;
        assert_eq!(
            (&fact["reads"], &fact["waited_seconds"]),
            (&json!(3), &json!(9))
        );
    }

    #[tokio::test]
    async fn after_the_deadline_it_is_blocked() {
        let world = Scripted::new()
            .answer(at(0))
            .answer(answer(503))
            .answer(at(8))
            .answer(Response::Done)
            .answer(answer(503))
            .answer(at(10));
        let outcome = verb().act(&world.ctx()).await.unwrap();
        assert_eq!(outcome.verdict(), Verdict::Blocked);
        let slept = world.asked().into_iter().any(|effect| {
            matches!(effect, Effect::Sleep { duration } if duration == Duration::from_secs(2))
        });
        assert!(slept && world.is_done());
    }
}
