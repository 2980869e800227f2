//! `health-unchanged`.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{Finding, Outcome};
use crate::verb::{Act, Ask, Ctx, Declares, Field, Input, Param, VerbError};
use crate::verbs::health;

/// Takes the health again and shows that the service is the same as before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HealthUnchanged {
    /// Address of the health page.
    pub health: String,
    /// Address of the readiness page.
    pub ready: String,
    /// Fact published by `health-check`.
    pub before: String,
    /// Keys of the health page that must not have changed.
    pub same: Vec<String>,
    /// Counts in the readiness page that must have these values.
    pub counts: BTreeMap<String, Param<i64>>,
    /// The fact to publish.
    #[serde(rename = "as")]
    pub publish: String,
}

impl Declares for HealthUnchanged {
    fn inputs(&self) -> Vec<Input> {
        vec![Input::Holds]
    }

    fn publishes(&self) -> Option<&str> {
        Some(&self.publish)
    }

    fn fields(&self) -> Option<Vec<Field>> {
        Some(Field::all(["health: table", "ready: table"]))
    }

    fn asks(&self) -> Vec<Ask> {
        vec![
            Ask::read("health", &self.health),
            Ask::read("ready", &self.ready),
        ]
    }

    fn reads(&self) -> Vec<&str> {
        vec![&self.before]
    }
}

const WITHIN: Duration = Duration::from_secs(10);
const RETRY: Duration = Duration::from_secs(15);
/// Where the readiness page keeps its counts.
const COUNTS: &str = "/dependencies/drain_queue/";

#[async_trait]
impl Act for HealthUnchanged {
    async fn act(&self, ctx: &Ctx) -> Result<Outcome, VerbError> {
        let page = health::read_health(ctx, &self.health, WITHIN, RETRY).await?;
        let of_page = health::origin("health", ctx);
        let ready = health::read_health(ctx, &self.ready, WITHIN, RETRY).await?;
        let origins = vec![of_page, health::origin("ready", ctx)];
        let before = ctx.fact(&self.before)?;
        let mut problems: Vec<String> = self
            .same
            .iter()
            .filter(|key| {
                page[key.as_str()].is_null() || page[key.as_str()] != before[key.as_str()]
            })
            .map(|key| {
                format!(
                    "{key} was {}, is {}",
                    before[key.as_str()],
                    page[key.as_str()]
                )
            })
            .collect();
        problems.extend(
            self.counts
                .iter()
                .filter_map(|(name, wanted)| count_problem(&ready, name, wanted)),
        );
        let fact = serde_json::json!({ "health": page, "ready": ready });
        ctx.publish_from(&self.publish, fact, origins);
        if problems.is_empty() {
            return Ok(Outcome::passed(
                "the service is as it was before the canary",
            ));
        }
        let mut finding = Finding::new("the service is not as it was before the canary")
            .remedy("the canary's runs do not count for what is deployed now: run the gate again");
        finding.seen = problems;
        Ok(Outcome::Blocked(finding))
    }
}

fn count_problem(ready: &serde_json::Value, name: &str, wanted: &Param<i64>) -> Option<String> {
    let found = ready
        .pointer(&format!("{COUNTS}{name}"))
        .and_then(serde_json::Value::as_i64);
    let wanted = wanted.given().copied();
    let holds = found.is_some() && found == wanted;
    (!holds).then(|| format!("{name} is {found:?}, expected {wanted:?}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::Verdict;
    use crate::verb::scripted::Scripted;
    use crate::world::{HttpAnswer, Response};

    async fn outcome(commit: &str, failed: i64) -> Outcome {
        let page = |body: serde_json::Value| {
            Response::Http(HttpAnswer {
                status: 200,
                body: body.to_string(),
                ..HttpAnswer::default()
            })
        };
        let drain = json!({"drain_queue": {"terminal_failed_count": failed}});
        let world = Scripted::new()
            .fact("saas.before", json!({"git_sha": "a"}))
            .answer(page(json!({"git_sha": commit})))
            .answer(page(json!({"dependencies": drain})));
        let verb = HealthUnchanged {
            health: "https://saas.example/health/".into(),
            ready: "https://saas.example/health/ready/".into(),
            before: "saas.before".into(),
            same: vec!["git_sha".into()],
            counts: [("terminal_failed_count".to_owned(), Param::Given(0))].into(),
            publish: "saas.after".into(),
        };
        verb.act(&world.ctx()).await.unwrap()
    }

    #[tokio::test]
    async fn another_commit_or_count_than_before_is_a_stop() {
        assert_eq!(outcome("a", 0).await.verdict(), Verdict::Passed);
        for (commit, failed, seen) in [("b", 0, "git_sha was"), ("a", 1, "expected")] {
            let outcome = outcome(commit, failed).await;
            assert_eq!(outcome.verdict(), Verdict::Blocked);
            let finding = outcome.finding().unwrap();
            assert!(finding.seen[0].contains(seen), "{finding:?}");
        }
    }
}
