//! `end-daemons`.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Act, Ctx, Declares, Trouble};
use crate::gate::{Finding, Outcome};
use crate::processes::sweep;
use crate::world::ProcessRule;

/// Ends orphan daemons that match a process rule of the gate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EndDaemons {
    /// Name of the process rule.
    pub process: String,
    /// The fact to publish.
    #[serde(rename = "as")]
    pub publish: String,
}

impl Declares for EndDaemons {
    fn publishes(&self) -> Option<&str> {
        Some(&self.publish)
    }

    fn ends(&self) -> Option<&str> {
        Some(&self.process)
    }
}

#[async_trait]
impl Act for EndDaemons {
    async fn act(&self, ctx: &Ctx) -> Result<Outcome, Trouble> {
        let Some(rule) = ctx.setting().processes.get(&self.process) else {
            let what = format!("there is no process rule `{}`", self.process);
            return Err(Trouble::error(
                Finding::new(what).remedy("add it to the gate file"),
            ));
        };
        let rule = ProcessRule {
            name: self.process.clone(),
            ..rule.clone()
        };
        let swept = sweep(ctx, &rule).await?;
        ctx.publish(
            &self.publish,
            json!({"rule": self.process, "receipts": swept.receipts, "scans": swept.scans}),
        );
        let left = swept.left();
        if left.is_empty() {
            return Ok(Outcome::passed(swept.note()));
        }
        let mut finding = Finding::new(format!("processes of `{}` cannot be ended", self.process));
        finding.seen = left;
        Ok(Outcome::Blocked(
            finding.remedy("have their owner end them, then resume"),
        ))
    }
}
