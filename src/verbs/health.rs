//! The service's health pages: one retry on 503, 429 or silence, then a stop. Only ever read.

mod words;

use std::str::FromStr;
use std::time::Duration;

use pep440_rs::Version;
use serde_json::Value;

use self::words::{Wrong, page};
use crate::model::{Finding, Origin};
use crate::verb::{Ctx, VerbError};
use crate::world::{HttpAnswer, WorldError};

/// The longest wait that a service may ask for; longer than that is for the operator to wait.
const MOST_PATIENCE: Duration = Duration::from_mins(1);

/// Reads a health page that must answer 200 with a JSON object that does not say it is unwell.
pub(in crate::verbs) async fn read_health(
    ctx: &Ctx,
    url: &str,
    within: Duration,
    retry_after: Duration,
) -> Result<Value, VerbError> {
    let mut answer = ctx.get(url, within).await;
    if let Some(wait) = wait(&answer, retry_after) {
        let why = match &answer {
            Ok(answer) => format!("answers {}", answer.status),
            Err(_) => "no answer in time".to_owned(),
        };
        let seconds = wait.as_secs();
        ctx.progress(format!("{url}: {why}, once more in {seconds} s"));
        ctx.sleep(wait).await?;
        answer = ctx.get(url, within).await;
    }
    match answer {
        Ok(answer) => page(&answer).map_err(|wrong| unhealthy(url, &wrong)),
        Err(WorldError::NoAnswer {
            timed_out, reason, ..
        }) => Err(unhealthy(url, &Wrong::silent(timed_out, within, &reason))),
        Err(error) => Err(error.into()),
    }
}

/// Where a part of a fact is from that is the page just read.
pub(in crate::verbs) fn origin(part: &str, ctx: &Ctx) -> Origin {
    Origin::answer(part, ctx.latest(), "/value/body", "")
}

fn unhealthy(url: &str, wrong: &Wrong) -> VerbError {
    let mut finding = Finding::new(format!("{url}: {}", wrong.what));
    finding.seen.clone_from(&wrong.seen);
    VerbError::blocked(finding.remedy(wrong.remedy))
}

/// How long to wait before the one retry; none where another try would tell the same.
fn wait(answer: &Result<HttpAnswer, WorldError>, retry_after: Duration) -> Option<Duration> {
    match answer {
        Ok(answer) => {
            let asked = words::retry_after(answer);
            match (answer.status, asked) {
                (503 | 429, Some(asked)) if asked > MOST_PATIENCE => None,
                (503, asked) => Some(asked.unwrap_or_default().max(retry_after)),
                (429, asked) => asked.map(|asked| asked.max(retry_after)),
                _ => None,
            }
        }
        Err(WorldError::NoAnswer { timed_out, .. }) => timed_out.then_some(retry_after),
        Err(_) => None,
    }
}

/// Says what is wrong with a version in a page; none when it is new enough. A version that is
/// missing or unreadable is wrong.
pub(in crate::verbs) fn too_old(page: &Value, name: &str, lowest: &str) -> Option<String> {
    let Some(found) = page[name].as_str() else {
        return Some(format!("{name} is missing, expected {lowest} or newer"));
    };
    let versions = Version::from_str(found)
        .ok()
        .zip(Version::from_str(lowest).ok());
    let new_enough = versions.is_some_and(|(found, lowest)| found >= lowest);
    (!new_enough).then(|| format!("{name} is {found}, expected {lowest} or newer"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::Verdict;
    use crate::verb::scripted::Scripted;
    use crate::world::{Effect, Response};

    #[test]
    fn versions_are_compared_as_versions() {
        let page = json!({"v": "5.10.0", "w": "soon"});
        assert_eq!(too_old(&page, "v", "5.9.1"), None);
        assert!(too_old(&page, "v", "5.11").is_some());
        assert!(too_old(&page, "w", "5.1").is_some());
        assert!(too_old(&page, "x", "5.1").is_some());
    }

    fn answers(status: u16, retry_after: Option<&str>) -> Response {
        let header = |value: &str| ("retry-after".to_owned(), value.to_owned());
        Response::Http(HttpAnswer {
            status,
            body: json!({"status": "ok"}).to_string(),
            headers: retry_after.map(header).into_iter().collect(),
        })
    }

    async fn read(world: &Scripted) -> Result<Value, VerbError> {
        let second = Duration::from_secs(1);
        read_health(
            &world.ctx(),
            "https://saas.example/health/",
            second,
            15 * second,
        )
        .await
    }

    fn slept(world: &Scripted) -> Vec<u64> {
        let asked = world.asked().into_iter();
        let sleeps = asked.filter_map(|effect| match effect {
            Effect::Sleep { duration } => Some(duration.as_secs()),
            _ => None,
        });
        sleeps.collect()
    }

    #[tokio::test]
    async fn a_service_that_asks_to_come_back_is_waited_for_once() {
        let cases = [
            (503, None, 15),
            (503, Some("40"), 40),
            (503, Some("3"), 15),
            (429, Some("30"), 30),
        ];
        for (status, header, waited) in cases {
            let world = Scripted::new()
                .answer(answers(status, header))
                .answer(Response::Done)
                .answer(answers(200, None));
            read(&world).await.unwrap();
            assert_eq!(slept(&world), [waited], "{status} {header:?}");
        }
    }

    #[tokio::test]
    async fn what_another_try_would_tell_too_is_not_asked_again() {
        let cases = [
            (429, None, "answers 429"),
            (429, Some("3600"), "in 3600 s"),
            (503, Some("600"), "in 600 s"),
            (500, None, "answers 500"),
            (404, None, "answers 404"),
            (302, None, "answers 302"),
        ];
        for (status, header, words) in cases {
            let world = Scripted::new().answer(answers(status, header));
            let outcome = read(&world).await.unwrap_err().outcome();
            assert_eq!(outcome.verdict(), Verdict::Blocked);
            let what = &outcome.finding().unwrap().what;
            assert!(what.contains(words), "{what}");
            assert!(slept(&world).is_empty());
        }
    }
}
