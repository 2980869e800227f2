//! `run-program`.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::shared::programs::did_not_succeed;
use super::{Act, Ask, Ctx, Declares, Trouble};
use crate::gate::Outcome;
use crate::world::{Effect, Ended, Place, Program};

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

    fn fields(&self) -> Option<Vec<&str>> {
        Some(vec!["ended", "last_line", "sha256"])
    }

    fn asks(&self) -> Vec<Ask> {
        vec![Ask {
            field: "argv",
            effect: Effect::Run(self.program()),
        }]
    }
}

impl RunProgram {
    fn program(&self) -> Program {
        let mut program = Program::new(self.argv.iter().cloned());
        if let Some(project) = &self.project {
            program.cwd = Place::workspace(project);
        }
        program
    }
}

#[async_trait]
impl Act for RunProgram {
    async fn act(&self, ctx: &Ctx) -> Result<Outcome, Trouble> {
        let mut program = self.program();
        program.limit = ctx.limit();
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
