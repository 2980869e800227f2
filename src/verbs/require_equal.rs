//! `require-equal`.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Act, Ctx, Declares, Trouble};
use crate::gate::{Finding, Outcome};

/// Stops unless a fact has exactly this value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RequireEqual {
    /// Dotted path.
    pub fact: String,
    /// The value.
    pub equals: serde_json::Value,
}

impl Declares for RequireEqual {
    fn reads(&self) -> Vec<&str> {
        vec![&self.fact]
    }
}

#[async_trait]
impl Act for RequireEqual {
    async fn act(&self, ctx: &Ctx) -> Result<Outcome, Trouble> {
        let found = ctx.fact(&self.fact)?;
        if *found == self.equals {
            return Ok(Outcome::passed(format!("{} = {found}", self.fact)));
        }
        Ok(Outcome::Blocked(
            Finding::new(format!(
                "{} is {found}, expected exactly {}",
                self.fact, self.equals
            ))
            .remedy("find out what moved the data; higher and lower both mean it moved"),
        ))
    }
}
