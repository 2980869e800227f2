//! The service's health pages: one retry on 503 or silence, then a stop. Only ever read.

use std::str::FromStr;
use std::time::Duration;

use pep440_rs::Version;
use serde_json::Value;

use crate::gate::Finding;
use crate::verbs::{Ctx, Trouble};
use crate::world::{HttpAnswer, WorldError};

const UNAVAILABLE: u16 = 503;

/// Reads a health page that must answer 200 with a JSON object.
pub(in crate::verbs) async fn read_health(
    ctx: &Ctx,
    url: &str,
    within: Duration,
    retry_after: Duration,
) -> Result<Value, Trouble> {
    let mut answer = ctx.get(url, within).await;
    if worth_waiting(&answer) {
        ctx.progress(format!(
            "{url}: {}, once more in {} s",
            told(&answer),
            retry_after.as_secs()
        ));
        ctx.sleep(retry_after).await?;
        answer = ctx.get(url, within).await;
    }
    let not_healthy = || {
        Trouble::blocked(
            Finding::new(format!("{url}: {}", told(&answer)))
                .remedy("wait until the service is healthy (it may be redeploying), then resume"),
        )
    };
    match &answer {
        Ok(page) if page.status == 200 => match serde_json::from_str(&page.body) {
            Ok(Value::Object(fields)) => Ok(Value::Object(fields)),
            _ => Err(not_healthy()),
        },
        Ok(_) | Err(WorldError::NoAnswer { .. }) => Err(not_healthy()),
        Err(error) => Err(error.clone().into()),
    }
}

fn worth_waiting(answer: &Result<HttpAnswer, WorldError>) -> bool {
    match answer {
        Ok(page) => page.status == UNAVAILABLE,
        Err(WorldError::NoAnswer { timed_out, .. }) => *timed_out,
        Err(_) => false,
    }
}

fn told(answer: &Result<HttpAnswer, WorldError>) -> String {
    match answer {
        Ok(page) if page.status == 200 => "answers 200, but not with a JSON object".to_owned(),
        Ok(page) => format!("answers {}", page.status),
        Err(WorldError::NoAnswer {
            timed_out: true, ..
        }) => "no answer in time".to_owned(),
        Err(error) => error.to_string(),
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

    #[test]
    fn versions_are_compared_as_versions() {
        let page = json!({"v": "5.10.0", "w": "soon"});
        assert_eq!(too_old(&page, "v", "5.9.1"), None);
        assert!(too_old(&page, "v", "5.11").is_some());
        assert!(too_old(&page, "w", "5.1").is_some());
        assert!(too_old(&page, "x", "5.1").is_some());
    }
}
