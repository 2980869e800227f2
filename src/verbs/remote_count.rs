//! `remote-count`.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::shared::fly;
use super::{Act, Ask, Ctx, Declares, Param, Trouble};
use crate::gate::{Finding, Outcome};
use crate::world::Effect;

/// Reads a count on the service's machine through flyctl, and compares it with another source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RemoteCount {
    /// Name of the Fly app.
    pub app: String,
    /// Command that prints `name=value` lines; must only read.
    pub command: String,
    /// Which of them.
    pub name: String,
    /// Dotted path of the fact that must say the same.
    pub also: String,
    /// What both must say.
    pub equals: Param<i64>,
    /// The fact to publish.
    #[serde(rename = "as")]
    pub publish: String,
}

impl Declares for RemoteCount {
    fn publishes(&self) -> Option<&str> {
        Some(&self.publish)
    }

    fn fields(&self) -> Option<Vec<&str>> {
        Some(vec!["remote", "health"])
    }

    fn reads(&self) -> Vec<&str> {
        vec![&self.also]
    }

    fn asks(&self) -> Vec<Ask> {
        vec![Ask {
            field: "command",
            effect: Effect::Run(fly::on_the_machine(&self.app, &self.command)),
        }]
    }
}

#[async_trait]
impl Act for RemoteCount {
    async fn act(&self, ctx: &Ctx) -> Result<Outcome, Trouble> {
        let wanted = self.equals.given().copied();
        let remote = fly::remote_count(ctx, &self.app, &self.command, &self.name).await?;
        let also = ctx.fact(&self.also)?.as_i64();
        ctx.publish(
            &self.publish,
            serde_json::json!({ "remote": remote, "health": also }),
        );
        if wanted.is_some() && also == Some(remote) && wanted == also {
            return Ok(Outcome::passed(format!(
                "{} = {remote}, in both sources",
                self.name
            )));
        }
        let told = |value: Option<i64>| {
            value.map_or_else(|| "no number".to_owned(), |value| value.to_string())
        };
        let what = if also == Some(remote) {
            format!("{} is {remote}, expected {}", self.name, told(wanted))
        } else {
            format!("the two sources disagree about {}", self.name)
        };
        Ok(Outcome::Blocked(
            Finding::new(what)
                .seen(format!("on the machine: {remote}"))
                .seen(format!("{}: {}", self.also, told(also)))
                .remedy("look into the failures; the gate repairs nothing and deletes no rows"),
        ))
    }
}
