//! `run-program`.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::shared::programs::did_not_succeed;
use super::{Act, Ctx, Declares, Trouble};
use crate::gate::Outcome;
use crate::world::{Ended, Place, Program};

/// Runs a program that the policy lists; it passes when it exits with 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RunProgram {
    /// Program and arguments.
    pub argv: Vec<String>,
    /// Directory in the workspace to run it in; without it, the run's own.
    #[serde(default)]
    pub project: Option<String>,
    /// The fact to publish.
    #[serde(rename = "as")]
    pub publish: String,
}

impl Declares for RunProgram {
    fn publishes(&self) -> Option<&str> {
        Some(&self.publish)
    }

    fn runs(&self) -> Option<String> {
        Some(self.argv.join(" "))
    }
}

#[async_trait]
impl Act for RunProgram {
    async fn act(&self, ctx: &Ctx) -> Result<Outcome, Trouble> {
        let mut program = Program::new(self.argv.iter().cloned());
        program.limit = ctx.limit();
        if let Some(project) = &self.project {
            program.cwd = Place::workspace(project);
        }
        let finished = ctx.run(program).await?;
        let last = finished.stdout.last_lines(1);
        let fact = serde_json::json!({ "ended": finished.ended, "last_line": last, "sha256": finished.stdout.sha256 });
        ctx.publish(&self.publish, fact);
        Ok(match finished.ended {
            Ended::Code(0) => Outcome::passed(if last.is_empty() {
                "exit code 0".to_owned()
            } else {
                last
            }),
            Ended::Code(_) | Ended::Signal(_) | Ended::TimedOut => {
                Outcome::Failed(did_not_succeed(&self.argv, &finished))
            }
        })
    }
}
