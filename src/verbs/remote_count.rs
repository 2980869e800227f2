//! `remote-count`.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{Finding, Origin, Outcome};
use crate::verb::{Act, Ask, Ctx, Declares, Field, Param, VerbError};
use crate::verbs::fly;
use crate::verbs::github::STDOUT;
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
    /// Whether what all machines run is read before, and kept in the fact: while they run
    /// different images a deploy is under way.
    #[serde(default)]
    pub deployment: bool,
    /// The fact to publish.
    #[serde(rename = "as")]
    pub publish: String,
}

impl Declares for RemoteCount {
    fn publishes(&self) -> Option<&str> {
        Some(&self.publish)
    }

    fn fields(&self) -> Option<Vec<Field>> {
        let deployment = self.deployment.then_some("deployment: table");
        let counts = ["remote: integer", "health: integer"];
        Some(Field::all(counts.into_iter().chain(deployment)))
    }

    fn reads(&self) -> Vec<&str> {
        vec![&self.also]
    }

    fn asks(&self) -> Vec<Ask> {
        let status = self.deployment.then(|| Ask {
            field: "deployment",
            effect: Effect::Run(fly::status_of(&self.app)),
        });
        let count = Ask {
            field: "command",
            effect: Effect::Run(fly::on_the_machine(&self.app, &self.command)),
        };
        status.into_iter().chain([count]).collect()
    }
}

#[async_trait]
impl Act for RemoteCount {
    async fn act(&self, ctx: &Ctx) -> Result<Outcome, VerbError> {
        let wanted = self.equals.given().copied();
        let mut origins = vec![Origin::fact("health", &self.also)];
        let deployment = if self.deployment {
            let deployment = fly::deployment(ctx, &self.app).await?;
            origins.push(Origin::answer("deployment", ctx.latest(), STDOUT, ""));
            Some(deployment)
        } else {
            None
        };
        let remote = fly::remote_count(ctx, &self.app, &self.command, &self.name).await?;
        origins.push(Origin::answer("remote", ctx.latest(), STDOUT, ""));
        let also = ctx.fact(&self.also)?.as_i64();
        let mut fact = serde_json::json!({ "remote": remote, "health": also });
        if let Some(deployment) = &deployment {
            fact["deployment"] = serde_json::json!(deployment);
        }
        ctx.publish_from(&self.publish, fact, origins);
        if wanted.is_some() && also == Some(remote) && wanted == also {
            let mut note = format!("{} = {remote}, in both sources", self.name);
            if let Some(deployment) = &deployment {
                let machines = deployment.machines.len();
                note = format!("{note}; {machines} machines run {}", deployment.image);
            }
            return Ok(Outcome::passed(note));
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
